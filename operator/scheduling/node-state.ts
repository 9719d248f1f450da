import type { AgentReport, DesiredState, ReportedContainer } from '../../core/wire/agent.ts';
import { times, type AgentCondition, type ContainerHistory, type Grant, type NodeSituation } from './grant.ts';
import type { Reason } from './reason.ts';

/** A node and what its agent reported last. */
export interface NodeState {
  readonly node: string;
  report: AgentReport;
  /** Without doubles: what an agent says twice counts once. */
  containers: readonly ReportedContainer[];
  heardAt: number;
  shortLivedAt: number | undefined;
  /** Of the containers in the report; at most 1,000, as there. */
  readonly histories: Map<string, ContainerHistory>;
  reasons: ReadonlyMap<string, Reason>;
  /** Since when the reason of each has its code; of the same containers. */
  reasonSince: ReadonlyMap<string, number>;
  /** Undefined until the first plan for this node. */
  desired: DesiredState | undefined;
  profilesLeftOut: number;
}

export function nodeState(node: string, report: AgentReport, now: number): NodeState {
  const state: NodeState = {
    node,
    report,
    containers: [],
    heardAt: now,
    shortLivedAt: undefined,
    histories: new Map(),
    reasons: new Map(),
    reasonSince: new Map(),
    desired: undefined,
    profilesLeftOut: 0,
  };
  hear(state, report, now);
  return state;
}

/** Takes a report in. */
export function hear(state: NodeState, report: AgentReport, now: number): void {
  const containers = new Map(report.containers.map((container) => [container.id, container]));
  state.report = report;
  state.containers = [...containers.values()];
  state.heardAt = now;
  for (const id of state.histories.keys()) if (!containers.has(id)) state.histories.delete(id);
  for (const { id, state: containerState } of state.containers) {
    if (containerState === 'finished') state.shortLivedAt = now;
    if (!state.histories.has(id)) state.histories.set(id, newHistory(now));
  }
}

export function condition(state: NodeState, now: number): AgentCondition {
  const silent = now - state.heardAt;
  if (silent >= times.unreachable) {
    return { state: 'unreachable', why: `agent was not heard of for ${Math.floor(silent / 60_000)} minutes` };
  }
  const { capture } = state.report;
  if (capture.state === 'ready') return { state: 'ready' };
  return { state: 'not-ready', why: `agent not ready: ${capture.state}${capture.reason && `: ${capture.reason}`}` };
}

export function situationOf(state: NodeState, grants: readonly Grant[], now: number): NodeSituation {
  return {
    node: state.node,
    agent: condition(state, now),
    instance: state.report.instance,
    runningVersion: state.report.runningVersion,
    containers: state.containers,
    histories: state.histories,
    grants,
    ...(state.shortLivedAt === undefined ? {} : { shortLivedAt: state.shortLivedAt }),
  };
}

function newHistory(now: number): ContainerHistory {
  return { firstReportedAt: now, grants: 0, done: false, watchedMs: 0 };
}

/** Takes the reasons of a plan in; one whose text alone has changed holds since before. */
export function setReasons(state: NodeState, reasons: ReadonlyMap<string, Reason>, now: number): void {
  const since = new Map<string, number>();
  for (const [id, { code }] of reasons) {
    const same = state.reasons.get(id)?.code === code;
    since.set(id, (same ? state.reasonSince.get(id) : undefined) ?? now);
  }
  state.reasons = reasons;
  state.reasonSince = since;
}

/** How long a grant whose snapshot arrives now had its container watched; 0 for one that had ended before. */
export function watchedTime({ finished, confirmedAt, grantedAt, periodSeconds }: Grant, now: number): number {
  return finished ? 0 : Math.min(now - (confirmedAt ?? grantedAt), periodSeconds * 1_000);
}

/** Notes that a container was watched so much longer. */
export function noteWatched(state: NodeState, containerId: string, watchedMs: number): void {
  const before = state.histories.get(containerId);
  if (before === undefined) return;
  state.histories.set(containerId, { ...before, watchedMs: before.watchedMs + watchedMs });
}

/** Notes that a container got a slot. */
export function noteGrant(state: NodeState, containerId: string, now: number): void {
  const before = state.histories.get(containerId) ?? newHistory(now);
  state.histories.set(containerId, { ...before, grants: before.grants + 1 });
}

/** Notes that all has arrived of a container that ended: the next report may still be an old one. */
export function noteDone(state: NodeState, containerId: string): void {
  const before = state.histories.get(containerId);
  if (before !== undefined) state.histories.set(containerId, { ...before, done: true });
}
