/**
 * A profile as people hand it over: a SecurityProfile manifest, or what `profile merge` printed, which is one without name.
 * Other fields than these may come from a newer version; they are kept out, not refused.
 */
import { z } from 'zod';
import { actors, blindSpots, fileAccesses, kinds, networkDirections, phases } from '../../../core/activity/snapshot.ts';
import { conditionSchema } from '../../controllers/conditions.ts';
import { securityProfiles } from '../../controllers/resources.ts';
import { Failure } from '../failure.ts';
import { counted, described, inWords, problemsOf, wordOf } from './problems.ts';

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
  workloadsOmitted: count.exactOptional(),
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
  apiVersion: z.unknown().optional(),
  kind: z.unknown().optional(),
  items: z.unknown().optional(),
  spec: z.unknown().optional(),
});

const hint = `expected is a SecurityProfile (${securityProfiles.group}/${securityProfiles.version}), as "kubectl wsp profile export NAME" prints it or "kubectl wsp profile merge" makes it of snapshots`;

/**
 * @param source how errors call it
 * @throws Failure
 */
export function parseProfile(document: unknown, source: string): ProfileDocument {
  const object = typed.safeParse(document).data;
  const other = object === undefined ? `it is ${described(document)}` : otherThanProfile(object);
  if (other !== undefined) throw new Failure(`${source} is no SecurityProfile: ${other}`, { hint });
  const content = object?.spec === undefined && 'behavior' in (object ?? {}) ? { spec: document } : document;
  const parsed = profileSchema.safeParse(content, { error: inWords });
  if (parsed.success) return parsed.data;
  throw new Failure(`${source} is no valid SecurityProfile: ${problemsOf(parsed.error)}`);
}

/** What it is instead; undefined if it may be one. Without kind it is one that says what containers do. */
function otherThanProfile(object: z.infer<typeof typed>): string | undefined {
  const { apiVersion, kind, items } = object;
  if (Array.isArray(items)) return `it is a list of ${counted(items.length, 'object', 'objects')}, and one is wanted`;
  if ('snapshotId' in object) return 'it is a snapshot';
  if (kind === undefined) {
    return 'spec' in object || 'behavior' in object ? undefined : 'it is an object without kind, spec and behavior';
  }
  // Another version of the group may hold what this one reads.
  const isOurs = apiVersion === undefined || wordOf(apiVersion).startsWith(`${securityProfiles.group}/`);
  if (kind === 'SecurityProfile' && isOurs) return undefined;
  const of = apiVersion === undefined ? '' : ` of apiVersion ${wordOf(apiVersion)}`;
  return `it is of kind ${wordOf(kind)}${of}`;
}
