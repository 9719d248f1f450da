/** Containers and snapshots: the two tables that sets refer to by place. */
import type { Losses } from '../activity/snapshot.ts';
import { type ContainerSet, type PeriodSet, renumbering, unmoved } from './container-set.ts';
import { byText, type ContainerFacts, type Evidence, type SnapshotFacts } from './evidence.ts';

export type Facts = Pick<Evidence, 'containers' | 'snapshots'>;

/** From the tables of one evidence to those of another. */
export interface Move {
  readonly containers: (set: ContainerSet) => ContainerSet;
  readonly periods: (set: PeriodSet | undefined) => PeriodSet | undefined;
}

/** Union, in the order of evidence and without repetition. */
export function uniteFacts(left: Facts, right: Facts): Facts {
  return {
    containers: mergeSorted(left.containers, right.containers, containerKey, joinContainers),
    snapshots: mergeSorted(left.snapshots, right.snapshots, snapshotKey, joinSnapshots),
  };
}

/**
 * `to` holds all of `from`. Periods are told apart for one container alone: with the
 * second they go, and what has two has none to lose.
 */
export function moveFrom(from: Facts, to: Facts): Move {
  const containers = renumbering(from.containers.map(containerKey), to.containers.map(containerKey));
  if (from.containers.length > 1) return { containers, periods: unmoved };
  if (to.containers.length > 1) return { containers, periods: () => undefined };
  const renumbered = renumbering(from.snapshots.map(snapshotKey), to.snapshots.map(snapshotKey));
  if (renumbered === unmoved) return { containers, periods: unmoved };
  return { containers, periods: (set) => (set === undefined ? undefined : renumbered(set)) };
}

/** Whether sets stay as they are. */
export function isUnmoved({ containers, periods }: Move): boolean {
  return containers === unmoved && periods === unmoved;
}

function containerKey({ id }: ContainerFacts): string {
  return id;
}

/**
 * A container lives on one node, in one workload, from one digest, so these differ only by being unknown yet; should they
 * differ otherwise, the larger text wins, which is arbitrary but the same in every order.
 */
function joinContainers(left: ContainerFacts, right: ContainerFacts): ContainerFacts {
  return {
    id: left.id,
    startSeen: left.startSeen || right.startSeen,
    kinds: left.kinds | right.kinds,
    blindSpots: left.blindSpots | right.blindSpots,
    node: largerText(left.node, right.node),
    workload: largerText(left.workload, right.workload),
    digest: largerText(left.digest, right.digest),
  };
}

function largerText(left: string, right: string): string {
  return left > right ? left : right;
}

/** Times are padded: text order is time order for all that the wire takes (core/epoch.ts). */
function snapshotKey(facts: SnapshotFacts): string {
  return `${facts.containerId}/${String(facts.from).padStart(15, '0')}`;
}

function joinSnapshots(left: SnapshotFacts, right: SnapshotFacts): SnapshotFacts {
  return {
    containerId: left.containerId,
    from: left.from,
    to: Math.max(left.to, right.to),
    ended: left.ended || right.ended,
    gaps: Math.max(left.gaps, right.gaps),
    gapMs: Math.max(left.gapMs, right.gapMs),
    events: Math.max(left.events, right.events),
    losses: joinLosses(left.losses, right.losses),
  };
}

function joinLosses(left: Losses, right: Losses): Losses {
  return {
    ringDrops: Math.max(left.ringDrops, right.ringDrops),
    recursionMisses: Math.max(left.recursionMisses, right.recursionMisses),
    mapFull: Math.max(left.mapFull, right.mapFull),
    truncated: Math.max(left.truncated, right.truncated),
    decodeErrors: Math.max(left.decodeErrors, right.decodeErrors),
    treeFull: Math.max(left.treeFull, right.treeFull),
  };
}

/** Union of two sorted lists without repetition. */
function mergeSorted<Item>(
  left: readonly Item[],
  right: readonly Item[],
  keyOf: (item: Item) => string,
  join: (left: Item, right: Item) => Item,
): readonly Item[] {
  const items = new Map(left.map((item) => [keyOf(item), item]));
  for (const item of right) {
    const key = keyOf(item);
    const known = items.get(key);
    items.set(key, known === undefined ? item : join(known, item));
  }
  return [...items].sort(([one], [other]) => byText(one, other)).map(([, item]) => item);
}
