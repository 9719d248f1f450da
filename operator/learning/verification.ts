/** Whether a snapshot may teach: the API server must show the container, the operator must have asked for it. */
import type { Snapshot } from '../../core/activity/snapshot.ts';
import type { ContainerRecord } from '../inventory/inventory.ts';
import type { Outcome } from './outcome.ts';

/** Clocks of nodes and operator, and the whole seconds of container times. */
export const clockTolerance = 5 * 60_000;
/** What ends later than now by no more than this is asked for again: as likely as the node's clock ours was set wrong. */
const earlyGrace = 60 * 60_000;
/** Time for the API server to tell of a container that an agent has finished with already. */
const unknownGrace = 2 * 60_000;

/** What the scheduler knows of a slot; `earlier` ones have no grant to look into. */
export interface GrantedSlot {
  readonly state: string;
  readonly grant?: { readonly periodSeconds: number };
}

export interface Grants {
  /** Undefined if this container on this node never had this slot, or it is over for long. */
  lookup(slotId: string, containerId: string, node: string): GrantedSlot | undefined;
  /** The slot brought its snapshot, whatever became of it. */
  completed(slotId: string, containerId: string): void;
}

export interface Claim {
  /** Of the agent, by its token. */
  readonly node: string;
  readonly snapshot: Snapshot;
  /** Milliseconds since the epoch, by the operator's clock. */
  readonly receivedAt: number;
}

export type Verdict =
  | { readonly ok: true; readonly record: ContainerRecord }
  | { readonly ok: false; readonly outcome: Exclude<Outcome, 'accepted'>; readonly reason: string };

export function verify(
  { node, snapshot, receivedAt }: Claim,
  record: ContainerRecord | undefined,
  slot: GrantedSlot | undefined,
): Verdict {
  const ahead = snapshot.to - receivedAt - clockTolerance;
  if (ahead > 0) {
    return refuse(
      ahead > earlyGrace ? 'period' : 'early',
      'the period ends in the future: set the clocks of the nodes',
    );
  }
  if (record === undefined) {
    return receivedAt < snapshot.to + unknownGrace
      ? refuse('unknown', 'the API server shows no such container yet')
      : refuse('unverified', 'the API server never showed such a container, or more than an hour ago');
  }
  if (record.node !== node) return refuse('node', 'the API server shows the container on another node');
  const problem = periodProblem(snapshot, record);
  if (problem !== undefined) return refuse('period', problem);
  if (slot === undefined) return refuse('slot', 'this slot was not given to the container on this node');
  const length = snapshot.to - snapshot.from;
  const { grant } = slot;
  return grant !== undefined && length > grant.periodSeconds * 1_000 + clockTolerance
    ? refuse('period', `the period is longer than the ${grant.periodSeconds} s of its slot`)
    : { ok: true, record };
}

function periodProblem({ from, to, gaps }: Snapshot, { startedAt, finishedAt }: ContainerRecord): string | undefined {
  const earliest = (startedAt ?? 0) - clockTolerance;
  if (from < earliest) return 'the period begins before the container';
  if (gaps.some((gap) => gap.from < earliest)) return 'a gap begins before the container';
  if (finishedAt !== undefined && to > finishedAt + clockTolerance) return 'the period ends after the container';
  return undefined;
}

function refuse(outcome: Exclude<Outcome, 'accepted'>, reason: string): Verdict {
  return { ok: false, outcome, reason };
}
