/** How evidence looks in the store: one JSON object of tuples. `formatVersion` changes when an older reader could misread it. */
import { z } from 'zod';
import {
  actors as actorWords,
  blindSpots as blindSpotWords,
  capabilityName,
  fileAccesses,
  kinds as kindWords,
  networkDirections,
  phases as phaseWords,
  snapshotLimits,
  syscallName,
} from '../activity/snapshot.ts';
import { sketchSize } from './sketch.ts';
import { behaviourKinds, evidenceLimits } from './evidence.ts';
import { mostEntries, mostWeight } from './close-blocks.ts';
import { memberExamples, memberHashes } from './members.ts';
import { keptElements, namesToPattern } from './patterns.ts';

export const formatVersion = 2;
export const protocols = ['tcp', 'udp', 'other'] as const;

const whole = z.number().int().nonnegative();
/** The last one of which there is a date. */
const time = whole.max(8_640_000_000_000_000);
const flagsOf = (words: readonly string[]): z.ZodNumber => whole.max(2 ** words.length - 1);
const indexOf = (words: readonly string[]): z.ZodNumber => whole.max(words.length - 1);
const yesNo = z.union([z.literal(0), z.literal(1)]);
const processId = z.string().regex(/^[0-9a-f]{16}$/);
/**
 * What one character of a snapshot becomes at most: a digit that stands alone `{digits}`, a brace `\\x7b`. What could be stored
 * and not be read would end the learning of its image for good.
 */
const growth = '{digits}'.length;
const path = z
  .string()
  .min(1)
  .max(snapshotLimits.pathLength * growth);
/** Bits of at most {@link evidenceLimits}.snapshots containers, never none. */
const setText = z
  .string()
  .max(evidenceLimits.snapshots / 4)
  .regex(/^[1-9a-f][0-9a-f]*$/);
/** Containers, and after a colon the periods of the only one. */
const setsText = z
  .string()
  .max(evidenceLimits.snapshots / 2)
  .regex(/^[1-9a-f][0-9a-f]*(?::[1-9a-f][0-9a-f]*)?$/);
/** Actors, phases, first, last, containers and periods. */
const behaviour = [flagsOf(actorWords), flagsOf(phaseWords), time, time, setsText] as const;
const text = z.string().max(1_024);
/** Of a pattern: smallest hashes of its names, ascending, and the names of the first of them; absent for plain names. */
const members = z.tuple([
  z
    .array(whole)
    .max(memberHashes)
    .refine((hashes) => hashes.every((hash, index) => index === 0 || (hashes[index - 1] ?? 0) < hash), 'must ascend'),
  z.array(z.string().max(256)).max(memberExamples),
]);
/** Most names of one signature that differ. */
const namesOfSignature = (namesToPattern - 1) ** keptElements;

/** Everything in it is bounded, so that reading damaged or hostile bytes ends soon and small. */
export const evidenceFormat = z.strictObject({
  formatVersion: z.literal(formatVersion),
  /** ID, start seen, kinds, node, workload, digest, blind spots (absent if there are none). */
  containers: z
    .array(
      z.tuple([
        z.string().regex(/^[0-9a-f]{64}$/),
        yesNo,
        flagsOf(kindWords),
        text,
        text,
        text,
        flagsOf(blindSpotWords).optional(),
      ]),
    )
    .max(evidenceLimits.snapshots),
  /** Container's index, from, to, ended, gaps, milliseconds of gaps, the six losses, events (absent before there were any). */
  snapshots: z
    .array(
      z.tuple([whole, time, time, yesNo, whole, whole, whole, whole, whole, whole, whole, whole, whole.optional()]),
    )
    .max(evidenceLimits.snapshots),
  /** Parent's index or -1, identity as an object, instances. */
  processes: z
    .array(
      z.tuple([
        z.number().int().min(-1),
        z.strictObject({
          executable: path,
          applet: z.string().max(256).exactOptional(),
          script: path.exactOptional(),
          inline: z.literal(true).exactOptional(),
        }),
        whole.min(1),
        ...behaviour,
      ]),
    )
    .max(evidenceLimits.processes),
  files: z
    .array(z.tuple([processId, path, indexOf(fileAccesses), ...behaviour, members.optional()]))
    .max(evidenceLimits.files * namesOfSignature * fileAccesses.length),
  dns: z
    .array(
      z.tuple([
        processId,
        z.string().max(snapshotLimits.nameLength * growth),
        z.array(z.string().max(16)).max(evidenceLimits.dnsTypes),
        ...behaviour,
        members.optional(),
      ]),
    )
    .max(evidenceLimits.dns * namesOfSignature),
  /** Process, direction, protocol, peer, port. */
  network: z
    .array(
      z.tuple([
        processId,
        indexOf(networkDirections),
        indexOf(protocols),
        text,
        whole.max(65_535),
        ...behaviour,
        members.optional(),
      ]),
    )
    .max((evidenceLimits.network / mostWeight + 1) * mostEntries),
  /** Name and containers. */
  syscalls: z
    .array(z.tuple([z.string().regex(syscallName), setText]))
    .max(snapshotLimits.syscalls)
    .exactOptional(),
  capabilities: z
    .array(z.tuple([z.string().regex(capabilityName), setText]))
    .max(snapshotLimits.capabilities)
    .exactOptional(),
  omitted: z.record(z.enum(behaviourKinds), z.array(whole).max(sketchSize)),
});

export type EvidenceFormat = z.infer<typeof evidenceFormat>;
export type BehaviourTuple = [actors: number, phases: number, first: number, last: number, sets: string];
export type MembersTuple = [hashes: number[], examples: string[]];
