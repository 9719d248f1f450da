import { imageText } from '../../core/image.ts';
import type { ContainerRecord } from '../inventory/inventory.ts';
import { objection } from './eligibility.ts';
import type { Grant, PlanContext } from './grant.ts';
import { condition, type NodeState } from './node-state.ts';
import { reason, type Reason } from './reason.ts';

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
  readonly running: readonly ContainerRecord[];
}

/** What the agent of a node reports, and what the API server shows there beyond. */
export function nodeView(node: string, state: NodeState | undefined, facts: ViewFacts): NodeView {
  const { planning, wall } = facts;
  const agent = state === undefined ? neverReported : agentView(state, planning.now, wall);
  const reasons = state?.reasons ?? new Map<string, Reason>();
  const absent = unreported(agent);
  const wallNow = wall(planning.now);
  const remembered = (id: string): Remembered => {
    const since = state?.reasonSince.get(id);
    const watchedMs = state?.histories.get(id)?.watchedMs ?? 0;
    return { ...(since !== undefined && { since: wall(since) }), watchedSeconds: Math.round(watchedMs / 1_000) };
  };
  const containers = [
    ...[...reasons].map(([id, why]) =>
      containerView(id, why, remembered(id), { record: planning.container(id), wallNow }),
    ),
    ...facts.running.flatMap((record) => {
      if (reasons.has(record.id)) return [];
      const why = objection(record, planning) ?? absent;
      return [containerView(record.id, why, remembered(record.id), { record, wallNow })];
    }),
  ];
  const grants = facts.grants.map((grant) => grantView(grant, wall));
  return { node, agent, maxSlots: planning.settings.maxContainersPerNode, grants, containers };
}

function agentView(state: NodeState, now: number, wall: WallTime): NodeView['agent'] {
  const found = condition(state, now);
  const { agentVersion, capture } = state.report;
  return {
    state: found.state,
    why: found.state === 'ready' ? '' : found.why,
    version: agentVersion,
    variant: capture.variant,
    heardAt: wall(state.heardAt),
  };
}

function unreported(agent: NodeView['agent']): Reason {
  switch (agent.state) {
    case 'ready':
      return reason('not-reported', 'the agent does not report this container');
    case 'not-ready':
      return reason('agent-not-ready', agent.why);
    case 'unreachable':
    case 'never-reported':
      return reason('agent-unreachable', agent.why);
  }
}
