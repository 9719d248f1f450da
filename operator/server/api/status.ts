/** What `GET /api/v1/status` and `GET /api/v1/containers` answer, for whoever serves and whoever reads it. Times: ms since the epoch. */
import { z } from 'zod';

const count = z.number().int().nonnegative();

export const agentStates = ['ready', 'not-ready', 'unreachable', 'never-reported'] as const;

const agentStatus = z.object({
  node: z.string(),
  state: z.enum(agentStates),
  /** Why it is not ready; of one that is, the variants of the capture that its kernel refused. */
  why: z.string(),
  version: z.string(),
  variant: z.string(),
  heardAt: z.number().exactOptional(),
  slots: z.object({ used: count, max: count }),
  /** Containers that ended before they got a slot, and whose activity the agent keeps for a moment. */
  finishedKept: count,
  /** Compiled ones: that it is told to hold, of these that it says it does, and why not of others. Absent from operators before this. */
  profiles: z.object({ told: count, held: count, failures: z.record(z.string(), count) }).exactOptional(),
  /** Records lost since the agent started. */
  lostRecords: count,
});

const concern = z.object({
  kind: z.string(),
  name: z.string(),
  /** Type of the condition. */
  condition: z.string(),
  reason: z.string(),
  message: z.string(),
});

/** Not the first of many, but all that there is room for; `omitted` counts the rest. */
const shown = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), omitted: count });

export const clusterStatus = z.object({
  version: z.string(),
  at: z.number(),
  agents: shown(agentStatus).extend({ ready: count, notReady: count }),
  containers: z.object({
    total: count,
    /** By code of the reason; those that nothing has are absent. */
    reasons: z.record(z.string(), count),
    longestWaitSeconds: count,
  }),
  profiles: z.object({ learning: count, stable: count }),
  store: z.object({
    state: z.enum(['opening', 'ready', 'failing']),
    message: z.string(),
    /** Absent if the store does not answer. */
    usage: z.object({ bytes: count, snapshots: count, archived: count, volumeFreeBytes: count }).exactOptional(),
  }),
  /** What a person should look at, the settings first. */
  concerns: shown(concern),
});

const containerStatus = z.object({
  containerId: z.string(),
  node: z.string(),
  /** These five are absent for a container that the API server does not show. */
  namespace: z.string().exactOptional(),
  pod: z.string().exactOptional(),
  container: z.string().exactOptional(),
  image: z.string().exactOptional(),
  ranSeconds: count.exactOptional(),
  /** In periods whose snapshots have arrived since the operator began. */
  watchedSeconds: count,
  /** Of all containers of the image while its profile was learned, kept over restarts; absent before the first snapshot. */
  imageHours: z.object({ watchedSeconds: count, ranSeconds: count }).exactOptional(),
  reason: z.object({ code: z.string(), text: z.string() }),
  since: z.number().exactOptional(),
  queue: z.object({ place: count, of: count }).exactOptional(),
});

export const containerList = z.object({
  items: z.array(containerStatus),
  /** For `after`, if there are more. */
  next: z.string().exactOptional(),
});

export type AgentStatus = z.infer<typeof agentStatus>;
export type Concern = z.infer<typeof concern>;
export type ClusterStatus = z.infer<typeof clusterStatus>;
export type ContainerStatus = z.infer<typeof containerStatus>;
export type ContainerList = z.infer<typeof containerList>;

export interface ContainerQuery {
  readonly namespace?: string;
  readonly pod?: string;
  readonly container?: string;
  readonly node?: string;
  /** `next` of the page before. */
  readonly after?: string;
}
