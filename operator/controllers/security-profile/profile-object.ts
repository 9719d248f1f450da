/** What the operator remembers of a SecurityProfile object: everything but its content, of which it keeps a digest. */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Image } from '../../../core/image.ts';
import type { SecurityProfileStatus } from '../../../crds/security-profile.ts';
import type { Projection } from '../../kube/informer.ts';
import { canonicalJson } from '../canonical-json.ts';
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
  readonly status: SecurityProfileStatus;
}

const count = z.number().int().nonnegative().exactOptional();

const statusSchema = z.object({
  state: z.enum(['Learning', 'Stable']).exactOptional(),
  snapshots: count,
  containers: count,
  commonality: count,
  nodes: count,
  processes: count,
  files: count,
  dns: count,
  network: count,
  lost: count,
  lastUpdated: z.string().exactOptional(),
  observedGeneration: count,
  conditions: z.array(conditionSchema).exactOptional(),
});

const objectSchema = z.object({
  metadata: z.object({ name: z.string(), uid: z.string(), generation: z.number().int().default(0) }),
  spec: z.looseObject({
    image: z.object({ name: z.string(), tag: z.string() }),
    sealed: z.boolean().default(false),
  }),
  status: statusSchema.default({}),
});

/** Equal specs have equal digests, in whatever order their fields are written. */
export function specDigest(spec: unknown): string {
  return hash('sha256', canonicalJson(spec));
}

/** At most 1 KiB of what may be 200. */
export function projectProfile(raw: unknown): Projection<ProfileObject> {
  const parsed = objectSchema.safeParse(raw);
  if (!parsed.success) return { ok: false, problem: z.prettifyError(parsed.error).slice(0, 500) };
  const { metadata, spec, status } = parsed.data;
  // From the raw object: parsing would add the default of `sealed`.
  const digest = specDigest(z.object({ spec: z.unknown() }).parse(raw).spec);
  return { ok: true, value: { ...metadata, image: spec.image, sealed: spec.sealed, specDigest: digest, status } };
}
