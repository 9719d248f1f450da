/**
 * What agent and operator say to each other. The agent calls, the operator serves:
 *
 *   GET  /agent/v1/desired          one long-lived stream of JSON lines ({@link desiredMessage}), a heartbeat every 15 s
 *   GET  /agent/v1/profiles/DIGEST  bytes of a compiled profile that the desired state names (core/match/compiled-format.ts)
 *   POST /agent/v1/report           {@link agentReport}, on every change and at least every 15 s
 *   POST /agent/v1/snapshots        zstd JSON of one snapshot; answers {@link uploadAnswer}
 *
 * All with `Authorization: Bearer <projected service account token>` for {@link agentAudience}. Readers ignore fields that
 * they do not know, and take words that they do not know for the most careful one that they know, so that neighbours one
 * version apart understand each other.
 */
import { z } from 'zod';
import { epochMs } from '../epoch.ts';

export const agentAudience = 'workload-security.agent';
export const heartbeatSeconds = 15;

const containerId = z.string().regex(/^[0-9a-f]{64}$/, 'a container ID is 64 hexadecimal digits');
const count = z.number().nonnegative();

/** A container on whose activity the agent spends a tree and an upload. */
export const slot = z.object({
  slotId: z.string().max(64),
  containerId,
  /** Length of the period; the slot ends with it or with the container. */
  periodSeconds: z.number().int().positive(),
});

/**
 * Commands with which the kubelet looks after one container of a pod: its exec probes and lifecycle hooks, by their digests
 * ({@link commandDigest}). What the runtime injects is one of these or not; the commands themselves may hold secrets.
 */
export const containerProbes = z.object({
  podUid: z.string().max(64),
  container: z.string().max(63),
  /** Three probes and two hooks. */
  digests: z.array(z.string().regex(/^[0-9a-f]{16}$/)).max(5),
});

/**
 * Containers with such commands on one node: 500 pods, as many as kubelets are run with, of two. At the longest names an entry
 * has 270 bytes, so all of them 270 KB; an entry beyond this leaves its commands to count as any other `exec`.
 */
export const maxContainerProbes = 1_000;

const profileDigest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a digest is sha256: and 64 hexadecimal digits');

/**
 * Compiled profiles of one node. 500 pods of usual clusters have some 60 images; 256 digests of 75 bytes are 19 KB of a message.
 * Usual profiles have 5 KB, so 256 of them take 1.3 MB of the node's disk; of the largest, 400 KB, there are 80.
 */
export const profileLimits = { count: 256, bytes: 32 * 1024 * 1024 } as const;

/** Everything a node should be doing. Small (5 slots and a screen of settings), so it is always sent whole. */
export const desiredState = z.object({
  type: z.literal('desired'),
  /** Grows with every change; the agent reports the one that it runs. */
  version: z.number().int().nonnegative(),
  profiling: z.boolean(),
  startPhaseSeconds: z.number().int().nonnegative(),
  maxSlots: z.number().int().nonnegative(),
  slots: z.array(slot).max(100),
  /** Containers for which no slot will come: their provisional trees are dropped. */
  refused: z.array(containerId).max(1_000),
  /** Absent from operators before this field. */
  probes: z.array(containerProbes).max(maxContainerProbes).default([]),
  /** Finished profiles of the images of its containers, in their compiled form: the agent shall hold these. Absent likewise. */
  profiles: z.array(profileDigest).max(profileLimits.count).default([]),
});

const heartbeat = z.object({ type: z.literal('heartbeat'), at: epochMs });
/** A message that only a newer operator knows; damaged ones of a known type are none of these. */
const newerMessage = z
  .object({ type: z.string().max(64) })
  .refine(({ type }) => type !== 'desired' && type !== 'heartbeat')
  .transform(({ type }) => ({ type: 'unknown', name: type }) as const);

export const desiredMessage = z.union([desiredState, heartbeat, newerMessage]);

/**
 * `provisional`: watched since its start, no slot yet. `finished`: ended while provisional, tree kept. `profiling`: has a
 * slot. `idle`: runs without a tree (too long without a slot, or seen too late).
 */
export const containerStates = ['provisional', 'finished', 'profiling', 'idle'] as const;
/** `ready`, or why nothing is captured. */
const captureStates = ['starting', 'ready', 'unsupported'] as const;

/** A word of a list that grows with agents; `careful` for one that only a newer agent knows. */
const wordOf = <Word extends string>(known: readonly Word[], careful: Word) =>
  z
    .string()
    .min(1)
    .max(32)
    .transform((word): Word => known.find((each) => each === word) ?? careful);

export const reportedContainer = z.object({
  id: containerId,
  /** One in an unknown state can do without a slot: it is asked for like any that has none. */
  state: wordOf(containerStates, 'idle'),
  startSeen: z.boolean(),
  startedAt: epochMs.optional(),
  endedAt: epochMs.optional(),
  /** Slot under which it is being profiled. */
  slotId: z.string().max(64).optional(),
});

/**
 * Why an agent does not hold a profile that it was told of: the operator did not give it (`unavailable`), gave other bytes than
 * those of the digest (`digest`), or such as this agent cannot read (`format`); all together are too large (`room`); the disk
 * did not take it (`disk`).
 */
export const profileFailures = ['unavailable', 'digest', 'format', 'room', 'disk'] as const;

const reportedProfiles = z.object({
  held: z.array(profileDigest).max(profileLimits.count),
  failed: z
    .array(z.object({ digest: profileDigest, reason: wordOf(profileFailures, 'unavailable') }))
    .max(profileLimits.count),
});

export const agentReport = z.object({
  protocol: z.literal(1),
  agentVersion: z.string().max(64),
  /** New with every start of the agent: counters begin again at zero. */
  instance: z.string().max(64),
  capture: z.object({
    /** Nothing is planned for an agent that has not said that it is ready. */
    state: wordOf(captureStates, 'starting'),
    variant: z.string().max(64),
    reason: z.string().max(1_024),
  }),
  runningVersion: z.number().int().nonnegative(),
  /** A node runs at most some hundred containers; 1,000 covers 500 pods of two. */
  containers: z.array(reportedContainer).max(1_000),
  /** Periods cut short by the end of an earlier agent, found at this one's start. */
  lostPeriods: z.array(z.object({ containerId, slotId: z.string().max(64), from: epochMs, to: epochMs })).max(100),
  /** Compiled profiles that it was told to hold: 50 KB at most. Absent from agents before this field. */
  profiles: reportedProfiles.default({ held: [], failed: [] }),
  /** Monotone since `instance` began; names are metric names without prefix, labels inside as in `name{label="value"}`. */
  counters: z.record(z.string().max(128), count),
  gauges: z.record(z.string().max(128), z.number()),
});

/**
 * `accepted` and `duplicate`: the agent may forget the snapshot. `refused`: never send it again. Anything else than this
 * body (429, 5xx, `retry`) means: keep it, try later. Whatever the status, the body decides: refusals are problem documents
 * (RFC 9457) that carry these members besides their own.
 */
export const uploadAnswer = z.object({
  result: z.enum(['accepted', 'duplicate', 'refused', 'retry']),
  reason: z.string().max(1_024).optional(),
});

export type Slot = z.infer<typeof slot>;
export type ReportedProfiles = z.infer<typeof reportedProfiles>;
export type ProfileFailure = (typeof profileFailures)[number];
export type ContainerProbes = z.infer<typeof containerProbes>;
export type DesiredState = z.infer<typeof desiredState>;
export type DesiredMessage = z.infer<typeof desiredMessage>;
export type AgentReport = z.infer<typeof agentReport>;
export type ReportedContainer = z.infer<typeof reportedContainer>;
export type UploadAnswer = z.infer<typeof uploadAnswer>;
