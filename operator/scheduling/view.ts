import { imageText } from '../../core/image.ts';
import type { ContainerRecord } from '../inventory/inventory.ts';
import { objection } from './eligibility.ts';
import type { Grant, PlanContext } from './grant.ts';
import { condition, situationOf, type NodeState } from './node-state.ts';
import { queue } from './plan.ts';
import { isWaiting, reason, type Reason } from './reason.ts';

/** A node as the authenticated read endpoint shows it. Times are milliseconds since the epoch. */
export interface NodeView {
  readonly node: string;
  readonly agent: {
    readonly state: 'ready' | 'not-ready' | 'unreachable' | 'never-reported';
    readonly why: string;
    readonly version: string;
    readonly variant: string;
    readonly heardAt?: number;
  };
  readonly maxSlots: number;
  readonly grants: readonly GrantView[];
  readonly containers: readonly ContainerView[];
}

export interface GrantView {
  readonly slotId: string;
  readonly containerId: string;
  readonly image: string;
  readonly grantedAt: number;
  readonly confirmedAt?: number;
  readonly periodSeconds: number;
  readonly finished: boolean;
}

export interface ContainerView {
  readonly containerId: string;
  readonly reason: Reason;
  /** Since when for this reason; absent for containers that no agent reports. */
  readonly since?: number;
  /** Of one that waits: when its turn comes among those of its node. */
  readonly queue?: { readonly place: number; readonly of: number };
  /** How long it was profiled since this operator began, in periods whose snapshots have arrived. */
  readonly watchedSeconds: number;
  /** How long it has run; absent while the API server does not show when it started. */
  readonly ranSeconds?: number;
  /** Absent for containers that the API server does not show. */
  readonly image?: string;
  readonly namespace?: string;
  readonly pod?: string;
  readonly container?: string;
}

/** From the monotonic clock to the clock on the wall. */
export type WallTime = (monotonic: number) => number;

function grantView(grant: Grant, wall: WallTime): GrantView {
  const { slotId, containerId, image, periodSeconds, finished, confirmedAt } = grant;
  const confirmed = confirmedAt === undefined ? {} : { confirmedAt: wall(confirmedAt) };
  return {
    slotId,
    containerId,
    image: imageText(image),
    grantedAt: wall(grant.grantedAt),
    ...confirmed,
    periodSeconds,
    finished,
  };
}

/** What is remembered of a container besides its record. */
interface Remembered {
  readonly since?: number;
  readonly queue?: NonNullable<ContainerView['queue']>;
  readonly watchedSeconds: number;
}

function containerView(
  containerId: string,
  why: Reason,
  remembered: Remembered,
  { record, wallNow }: { readonly record: ContainerRecord | undefined; readonly wallNow: number },
): ContainerView {
  const common = { containerId, reason: why, ...remembered };
  if (record === undefined) return common;
  const { image, pod, name, startedAt, finishedAt } = record;
  const ranMs = startedAt === undefined ? undefined : Math.max(0, (finishedAt ?? wallNow) - startedAt);
  return {
    ...common,
    ...(ranMs !== undefined && { ranSeconds: Math.round(ranMs / 1_000) }),
    image: imageText(image),
    namespace: pod.namespace,
    pod: pod.name,
    container: name,
  };
}

const neverReported: NodeView['agent'] = {
  state: 'never-reported',
  why: 'no agent has reported from this node',
  version: '',
  variant: '',
};

export interface ViewFacts {
  readonly planning: PlanContext;
  readonly wall: WallTime;
  readonly grants: readonly Grant[];
  /** What the API server shows on this node. */
  readonly running: Iterable<ContainerRecord>;
  /** All, if absent. */
  readonly wanted?: Wanted | undefined;
}

/** A container with why it is profiled or not. */
export interface Explained {
  readonly containerId: string;
  readonly reason: Reason;
  /** Undefined if the API server shows no such container. */
  readonly record: ContainerRecord | undefined;
}

/** Of which containers something is to be told; undefined stands for those that the API server does not show. */
export type Wanted = (record: ContainerRecord | undefined) => boolean;

const all: Wanted = () => true;

/** What the agent of a node reports, and what the API server shows there beyond: each once, with one reason. */
export function* explained(
  state: NodeState | undefined,
  running: Iterable<ContainerRecord>,
  planning: PlanContext,
  wanted: Wanted = all,
): Generator<Explained> {
  const reasons = state?.reasons ?? new Map<string, Reason>();
  for (const [containerId, reason] of reasons) {
    const record = planning.container(containerId);
    if (wanted(record)) yield { containerId, reason, record };
  }
  const absent = unreported(state, planning.now);
  for (const record of running) {
    if (reasons.has(record.id) || !wanted(record)) continue;
    yield { containerId: record.id, reason: objection(record, planning) ?? absent, record };
  }
}

export function nodeView(node: string, state: NodeState | undefined, facts: ViewFacts): NodeView {
  const { planning, wall } = facts;
  const wallNow = wall(planning.now);
  const shown = [...explained(state, facts.running, planning, facts.wanted)];
  const anyWaits = state !== undefined && shown.some(({ reason }) => isWaiting(reason.code));
  const waiting = anyWaits ? queue(situationOf(state, facts.grants, planning.now), planning) : [];
  const places = new Map(waiting.map((id, index) => [id, { place: index + 1, of: waiting.length }]));
  const remembered = (id: string, { code }: Reason): Remembered => {
    const since = state?.reasonSince.get(id);
    const watchedMs = state?.histories.get(id)?.watchedMs ?? 0;
    const place = isWaiting(code) ? places.get(id) : undefined;
    return {
      ...(since !== undefined && { since: wall(since) }),
      ...(place !== undefined && { queue: place }),
      watchedSeconds: Math.round(watchedMs / 1_000),
    };
  };
  const containers = shown.map(({ containerId, reason, record }) =>
    containerView(containerId, reason, remembered(containerId, reason), { record, wallNow }),
  );
  return {
    node,
    agent: agentView(state, planning.now, wall),
    maxSlots: planning.settings.maxContainersPerNode,
    grants: facts.grants.map((grant) => grantView(grant, wall)),
    containers,
  };
}

export function agentView(state: NodeState | undefined, now: number, wall: WallTime): NodeView['agent'] {
  if (state === undefined) return neverReported;
  const found = condition(state, now);
  const { agentVersion, capture } = state.report;
  return {
    state: found.state,
    why: found.state === 'ready' ? capture.reason : found.why,
    version: agentVersion,
    variant: capture.variant,
    heardAt: wall(state.heardAt),
  };
}

function unreported(state: NodeState | undefined, now: number): Reason {
  const found = state === undefined ? undefined : condition(state, now);
  switch (found?.state) {
    case 'ready':
      return reason('not-reported', 'the agent does not report this container');
    case 'not-ready':
      return reason('agent-not-ready', found.why);
    case 'unreachable':
    case undefined:
      return reason('agent-unreachable', found?.why ?? neverReported.why);
  }
}
