/** What the operator remembers of a SecurityProfile object: everything but its content, of which it keeps a digest. */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Image } from '../../../core/image.ts';
import { profileAnnotations } from '../../../crds/annotations.ts';
import type { SecurityProfileStatus } from '../../../crds/security-profile.ts';
import type { Projection } from '../../kube/informer.ts';
import { canonicalJson } from '../canonical-json.ts';
import { imageReasons } from '../../scheduling/image-view.ts';
import { conditionSchema } from '../conditions.ts';

export interface ProfileObject {
  readonly name: string;
  readonly uid: string;
  /** Grows with every change of the spec. */
  readonly generation: number;
  readonly image: Image;
  readonly sealed: boolean;
  /** Of the whole spec, as {@link specDigest} computes it. */
  readonly specDigest: string;
  /** Of the spec as JSON. */
  readonly bytes: number;
  /** What a person asks for by annotation. */
  readonly action?: AskedAction;
  /** A person wants it to stay, however long its image has not been running. */
  readonly keep: boolean;
  readonly status: SecurityProfileStatus;
}

export interface AskedAction {
  /** As it was written: possibly none that there is. */
  readonly text: string;
  /** Field manager that set the annotation. Clients choose their name: it tells tools apart, and proves nothing. */
  readonly actor: string;
}

const count = z.number().int().nonnegative().exactOptional();

const schedulingSchema = z.object({
  hoursWatched: z.string().exactOptional(),
  hoursRun: z.string().exactOptional(),
  watched: z.string().exactOptional(),
  watching: z.number(),
  waiting: z.number(),
  reason: z.enum(imageReasons),
  message: z.string(),
});

const compiledSchema = z.object({
  digest: z.string(),
  bytes: z.number(),
  fingerprints: z.number(),
  omitted: z.object({ processes: z.number(), files: z.number(), dns: z.number(), network: z.number() }).exactOptional(),
});

const statusSchema = z.object({
  state: z.enum(['Learning', 'Stable']).exactOptional(),
  snapshots: count,
  containers: count,
  commonality: count,
  recurrence: count,
  nodes: count,
  processes: count,
  files: count,
  dns: count,
  network: count,
  quarantined: count,
  lost: count,
  compiled: compiledSchema.exactOptional(),
  scheduling: schedulingSchema.exactOptional(),
  labels: z.array(z.object({ key: z.string(), values: z.array(z.string()), omitted: count })).exactOptional(),
  lastUpdated: z.string().exactOptional(),
  observedGeneration: count,
  conditions: z.array(conditionSchema).exactOptional(),
});

const ownershipSchema = z.object({
  manager: z.string().default(''),
  fieldsV1: z
    .object({ 'f:metadata': z.object({ 'f:annotations': z.record(z.string(), z.unknown()).default({}) }).prefault({}) })
    .prefault({}),
});

const objectSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    generation: z.number().int().default(0),
    annotations: z.record(z.string(), z.string()).default({}),
    managedFields: z.array(ownershipSchema).default([]),
  }),
  spec: z.looseObject({
    image: z.object({ name: z.string(), tag: z.string() }),
    sealed: z.boolean().default(false),
  }),
  status: statusSchema.default({}),
});

type Metadata = z.infer<typeof objectSchema>['metadata'];

/** Equal specs have equal digests, in whatever order their fields are written. */
export function specDigest(spec: unknown): string {
  return hash('sha256', canonicalJson(spec));
}

/** At most 2 KiB of what may be 200. */
export function projectProfile(raw: unknown): Projection<ProfileObject> {
  const parsed = objectSchema.safeParse(raw);
  if (!parsed.success) return { ok: false, problem: z.prettifyError(parsed.error).slice(0, 500) };
  const { metadata, spec, status } = parsed.data;
  const { name, uid, generation, annotations } = metadata;
  // From the raw object: parsing would add the default of `sealed`.
  const text = canonicalJson(z.object({ spec: z.unknown() }).parse(raw).spec);
  const action = annotations[profileAnnotations.action];
  return {
    ok: true,
    value: {
      name,
      uid,
      generation,
      image: spec.image,
      sealed: spec.sealed,
      specDigest: hash('sha256', text),
      bytes: Buffer.byteLength(text),
      ...(action !== undefined && { action: { text: plain(action, 64), actor: actorOf(metadata) } }),
      keep: profileAnnotations.keep in annotations,
      status,
    },
  };
}

function actorOf({ managedFields }: Metadata): string {
  const field = `f:${profileAnnotations.action}`;
  const owner = managedFields.find(({ fieldsV1 }) => field in fieldsV1['f:metadata']['f:annotations']);
  return plain(owner?.manager ?? '', 128) || 'unknown';
}

/** Goes into Events, logs and the audit: printable and short, whatever somebody wrote. */
function plain(text: string, length: number): string {
  return text.slice(0, length).replaceAll(/[^\x20-\x7e]/g, '?');
}
