/**
 * A profile as people hand it over: a SecurityProfile manifest, or what `profile merge` printed, which is one without name.
 * Other fields than these may come from a newer version; they are kept out, not refused.
 */
import { z } from 'zod';
import { actors, blindSpots, fileAccesses, kinds, networkDirections, phases } from '../../../core/activity/snapshot.ts';
import { conditionSchema } from '../../controllers/conditions.ts';
import { Failure } from '../failure.ts';
import { problemsOf } from './document.ts';

/** Lists of the object hold 4,000; files may hold a rendition without budget. */
const list = <Entry extends z.ZodType>(entry: Entry) => z.array(entry).max(100_000);
const text = z.string().max(20_000);
const processId = z.string().min(1).max(64);
const percent = z.number().int().min(0).max(100).exactOptional();
const scores = { commonality: percent, recurrence: percent };
const count = z.number().int().nonnegative();

const pattern = z.object({ rule: z.enum(['signature', 'any', 'blocks']), count, examples: list(text) }).exactOptional();

const processSchema = z.object({
  id: processId,
  parentId: processId.exactOptional(),
  executable: text.min(1),
  applet: text.exactOptional(),
  script: text.exactOptional(),
  inline: z.literal(true).exactOptional(),
  maxInstances: count.default(1),
  actors: list(z.enum(actors)).default([]),
  phases: list(z.enum(phases)).default([]),
  ...scores,
  commonalityOf: z.object({ files: percent, dns: percent, network: percent }).exactOptional(),
});

const behaviorSchema = z.object({
  processes: list(processSchema),
  files: list(
    z.object({
      processId,
      path: text.min(1),
      pattern,
      access: list(z.enum(fileAccesses)).min(1),
      actors: list(z.enum(actors)).exactOptional(),
      ...scores,
    }),
  ).default([]),
  dns: list(z.object({ processId, name: text.min(1), pattern, types: list(text), ...scores })).default([]),
  network: list(
    z.object({
      processId,
      direction: z.enum(networkDirections),
      protocol: z.enum(['tcp', 'udp', 'other']),
      peer: text.exactOptional(),
      pattern,
      port: z.number().int().min(0).max(65_535).exactOptional(),
      oneContainer: z.literal(true).exactOptional(),
      ...scores,
    }),
  ).default([]),
  syscalls: list(text).exactOptional(),
  capabilities: list(text).exactOptional(),
});

const omittedSchema = z.object({ processes: count, files: count, dns: count, network: count });

const evidenceSchema = z.object({
  snapshots: count.exactOptional(),
  containers: count.exactOptional(),
  nodes: count.exactOptional(),
  workloads: list(text).default([]),
  firstSeen: text.exactOptional(),
  lastSeen: text.exactOptional(),
  completeness: z
    .object({
      kindsCollected: list(z.enum(kinds)).exactOptional(),
      blindSpots: list(z.object({ name: z.enum(blindSpots), containers: count })).exactOptional(),
    })
    .exactOptional(),
  omitted: omittedSchema.exactOptional(),
});

const specSchema = z.object({
  image: z.object({ name: text, tag: text }).exactOptional(),
  sealed: z.boolean().default(false),
  behavior: behaviorSchema,
  evidence: evidenceSchema.exactOptional(),
});

const statusSchema = z.object({
  state: text.exactOptional(),
  ...scores,
  compiled: z
    .object({ digest: text, bytes: count, fingerprints: count, omitted: omittedSchema.exactOptional() })
    .exactOptional(),
  labels: list(z.object({ key: text, values: list(text), omitted: count.exactOptional() })).default([]),
  conditions: list(conditionSchema).default([]),
});

const profileSchema = z.object({
  metadata: z.object({ name: text.exactOptional() }).default({}),
  spec: specSchema,
  status: statusSchema.default({ labels: [], conditions: [] }),
});

export type ProfileDocument = z.infer<typeof profileSchema>;

const typed = z.looseObject({
  kind: z.unknown().optional(),
  items: z.unknown().optional(),
  spec: z.unknown().optional(),
});

/**
 * @param source how errors call it
 * @throws Failure
 */
export function parseProfile(document: unknown, source: string): ProfileDocument {
  const kind = typed.safeParse(document).data;
  if (kind === undefined) throw new Failure(`${source} is no SecurityProfile: it is no object`);
  if (Array.isArray(kind.items)) {
    const hint = 'hand over one object: kubectl wsp profile export NAME';
    throw new Failure(`${source} is a list of ${kind.items.length} objects`, { hint });
  }
  if (kind.kind !== undefined && kind.kind !== 'SecurityProfile') {
    throw new Failure(`${source} is of kind ${JSON.stringify(kind.kind).slice(0, 80)}, not a SecurityProfile`);
  }
  const content = kind.spec === undefined && 'behavior' in kind ? { spec: document } : document;
  const parsed = profileSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const snapshot = 'snapshotId' in kind ? { hint: 'it is a snapshot: make a profile of it with profile merge' } : {};
  throw new Failure(`${source} is no SecurityProfile: ${problemsOf(parsed.error)}`, snapshot);
}
