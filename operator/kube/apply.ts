/**
 * Server-side apply: we say how our fields shall be, the API server keeps everybody else's. Forced: fields that we apply
 * are ours, whoever wrote them before. What we leave out stays if somebody else wrote it, unless the kind has it in an
 * atomic map, which is one field.
 */
import { z } from 'zod';
import type { KubeClient } from './client.ts';
import { fieldManager, parseAnswer, withType, type ObjectBody } from './objects.ts';
import { objectPath, type Resource } from './resource.ts';

const appliedSchema = z.object({
  metadata: z.object({
    uid: z.string(),
    resourceVersion: z.string(),
    generation: z.number().int().optional(),
    /** RFC 3339. */
    creationTimestamp: z.string(),
  }),
  spec: z.unknown().optional(),
});

export type Applied = z.infer<typeof appliedSchema>['metadata'] & {
  /** As the API server stored it, which may be something else than was applied; undefined for kinds without one. */
  readonly spec: unknown;
};

/** JSON is YAML, and this is the only content type that every version understands. */
const contentType = 'application/apply-patch+yaml';

/**
 * Creates the object or brings our fields of it in line. Fields that we applied before and leave out now are removed.
 * @throws InvalidError if the API server refuses the object (schema, immutability, size); ForbiddenError; RetryableError
 */
export function applyObject(client: KubeClient, resource: Resource, object: ObjectBody): Promise<Applied> {
  return apply(client, resource, object, objectPath(resource, object.metadata));
}

/**
 * The same for the status alone; `object` holds metadata and status.
 * @throws NotFoundError if the object does not exist: a status never creates one
 */
export function applyStatus(client: KubeClient, resource: Resource, object: ObjectBody): Promise<Applied> {
  return apply(client, resource, object, objectPath(resource, object.metadata, 'status'));
}

async function apply(client: KubeClient, resource: Resource, object: ObjectBody, path: string): Promise<Applied> {
  const answer = await client.request({
    method: 'PATCH',
    path,
    query: { fieldManager, force: true },
    body: withType(resource, object),
    contentType,
  });
  const { metadata, spec } = parseAnswer(answer, appliedSchema, `PATCH ${path}`);
  return { ...metadata, spec };
}
