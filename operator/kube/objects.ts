/** Reading and writing single objects. Every answer is parsed with the caller's schema; every error is a KubeError. */
import type { z } from 'zod';
import type { KubeClient } from './client.ts';
import { ConflictError, InvalidError, NotFoundError } from './errors.ts';
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

/**
 * @param uid of the object that is meant: one that has taken its place stays
 * @returns false if there was nothing to delete
 */
export async function deleteObject(
  client: KubeClient,
  resource: Resource,
  name: ObjectName,
  uid?: string,
): Promise<boolean> {
  const body = uid === undefined ? {} : { body: { preconditions: { uid } } };
  try {
    await client.request({ method: 'DELETE', path: objectPath(resource, name), ...body });
    return true;
  } catch (error) {
    const isGone = error instanceof NotFoundError || (uid !== undefined && error instanceof ConflictError);
    if (isGone) return false;
    throw error;
  }
}

/**
 * Removes an annotation that somebody else has set, if it still has this value.
 * @throws InvalidError if it has another one by now
 */
export async function removeAnnotation(
  client: KubeClient,
  resource: Resource,
  name: ObjectName,
  annotation: { readonly key: string; readonly value: string },
): Promise<void> {
  // A JSON pointer writes `~` and `/` of a key as `~0` and `~1`.
  const path = `/metadata/annotations/${annotation.key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  await client.request({
    method: 'PATCH',
    path: objectPath(resource, name),
    query: { fieldManager },
    body: [
      { op: 'test', path, value: annotation.value },
      { op: 'remove', path },
    ],
    contentType: 'application/json-patch+json',
  });
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
