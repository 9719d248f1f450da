/** Reading and writing single objects. Every answer is parsed with the caller's schema; every error is a KubeError. */
import type { z } from 'zod';
import type { KubeClient } from './client.ts';
import { InvalidError, NotFoundError } from './errors.ts';
import { apiVersion, collectionPath, objectPath, type ObjectName, type Resource } from './resource.ts';

/** What a write sends: no apiVersion or kind, they come from the resource. */
export interface ObjectBody {
  readonly metadata: ObjectName & {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    /** The write fails with ConflictError unless the object has this uid: it neither creates nor hits a successor. */
    readonly uid?: string;
    /** Sent with a replacement: the write fails with ConflictError if the object has changed since. */
    readonly resourceVersion?: string;
  };
  readonly [field: string]: unknown;
}

/** Owner of our fields in server-side apply. */
export const fieldManager = 'workload-security';

export async function getObject<T>(
  client: KubeClient,
  resource: Resource,
  name: ObjectName,
  schema: z.ZodType<T>,
): Promise<T> {
  const path = objectPath(resource, name);
  return parseAnswer(await client.request({ method: 'GET', path }), schema, `GET ${path}`);
}

/** As {@link getObject}, but undefined if the object does not exist. */
export async function findObject<T>(
  client: KubeClient,
  resource: Resource,
  name: ObjectName,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  try {
    return await getObject(client, resource, name, schema);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** @throws ConflictError if it exists */
export async function createObject<T>(
  client: KubeClient,
  resource: Resource,
  object: ObjectBody,
  schema: z.ZodType<T>,
): Promise<T> {
  const path = collectionPath(resource, object.metadata.namespace);
  const body = withType(resource, object);
  return parseAnswer(
    await client.request({ method: 'POST', path, query: { fieldManager }, body }),
    schema,
    `POST ${path}`,
  );
}

/** @throws ConflictError if `metadata.resourceVersion` is not the current one */
export async function replaceObject<T>(
  client: KubeClient,
  resource: Resource,
  object: ObjectBody,
  schema: z.ZodType<T>,
): Promise<T> {
  const path = objectPath(resource, object.metadata);
  const body = withType(resource, object);
  return parseAnswer(
    await client.request({ method: 'PUT', path, query: { fieldManager }, body }),
    schema,
    `PUT ${path}`,
  );
}

/** @returns false if there was nothing to delete */
export async function deleteObject(client: KubeClient, resource: Resource, name: ObjectName): Promise<boolean> {
  try {
    await client.request({ method: 'DELETE', path: objectPath(resource, name) });
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

export function withType(resource: Resource, object: ObjectBody): Record<string, unknown> {
  return { ...object, apiVersion: apiVersion(resource), kind: resource.kind };
}

/** @throws InvalidError naming what is wrong: an answer that we do not understand will not be another one next time */
export function parseAnswer<T>(answer: unknown, schema: z.ZodType<T>, what: string): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const problem = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new InvalidError(`${what}: unexpected answer: ${problem}`.slice(0, 1_000), 0, 'UnexpectedAnswer');
}
