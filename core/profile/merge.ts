/**
 * Merge of two evidences of one image: union of sets, extremes of extremes. Commutative, associative and idempotent, so
 * that arrival order, repetition and the shape of the merge tree never show; monotone as long as no limit is reached.
 */
import type { Losses } from '../activity/snapshot.ts';
import { keepSample, keepSmallest, mergeSketches } from './bound.ts';
import { type ContainerSet, renumbering } from './container-set.ts';
import {
  type Behaviour,
  type BehaviourKind,
  byText,
  type ContainerFacts,
  type DnsEvidence,
  type Evidence,
  evidenceLimits,
  type ProcessEvidence,
  type SnapshotFacts,
} from './evidence.ts';

/** How many behaviours of each kind are kept. */
export type BehaviourLimits = Readonly<Record<BehaviourKind, number>>;

type Move = (set: ContainerSet) => ContainerSet;

/** Neither argument is changed. `limits` are a parameter so that tests reach them. */
export function mergeEvidence(left: Evidence, right: Evidence, limits: BehaviourLimits = evidenceLimits): Evidence {
  const containers = mergeSorted(left.containers, right.containers, (facts) => facts.id, joinContainers);
  const table = containers.map((facts) => facts.id);
  const moveLeft = renumbering(ids(left), table);
  const moveRight = renumbering(ids(right), table);
  const unite = <Entry extends Behaviour>(
    kind: (evidence: Evidence) => ReadonlyMap<string, Entry>,
    extra?: Join<Entry>,
  ): Map<string, Entry> => uniteBehaviours(moved(kind(left), moveLeft), kind(right), moveRight, extra);

  const processes = keepSmallest(
    unite((evidence) => evidence.processes, joinProcess),
    limits.processes,
    ([, one], [, other]) => byLineage(one, other),
  );
  const files = keepSample(
    unite((evidence) => evidence.files),
    limits.files,
  );
  const dns = keepSample(
    unite((evidence) => evidence.dns, joinTypes),
    limits.dns,
  );
  const network = keepSample(
    unite((evidence) => evidence.network),
    limits.network,
  );
  const omitted = (kind: keyof Evidence['omitted'], dropped: readonly string[]): readonly number[] =>
    mergeSketches(left.omitted[kind], right.omitted[kind], dropped);
  return {
    containers,
    snapshots: mergeSorted(left.snapshots, right.snapshots, snapshotKey, joinSnapshots),
    processes: processes.kept,
    files: files.kept,
    dns: dns.kept,
    network: network.kept,
    omitted: {
      processes: omitted('processes', processes.dropped),
      files: omitted('files', files.dropped),
      dns: omitted('dns', dns.dropped),
      network: omitted('network', network.dropped),
    },
  };
}

/** Parents before children, so that a limit never keeps a process whose parent it drops. */
export function byLineage(left: ProcessEvidence, right: ProcessEvidence): number {
  return left.depth - right.depth || byText(left.id, right.id);
}

function ids(evidence: Evidence): string[] {
  return evidence.containers.map((facts) => facts.id);
}

/** A copy whose sets refer to the new table. */
function moved<Entry extends Behaviour>(entries: ReadonlyMap<string, Entry>, move: Move): Map<string, Entry> {
  const result = new Map<string, Entry>();
  for (const [key, entry] of entries) result.set(key, movedEntry(entry, move));
  return result;
}

function movedEntry<Entry extends Behaviour>(entry: Entry, move: Move): Entry {
  const containers = move(entry.containers);
  return containers === entry.containers ? entry : { ...entry, containers };
}

function uniteBehaviours<Entry extends Behaviour>(
  into: Map<string, Entry>,
  from: ReadonlyMap<string, Entry>,
  move: Move,
  extra?: Join<Entry>,
): Map<string, Entry> {
  for (const [key, entry] of from) addBehaviour(into, key, movedEntry(entry, move), extra);
  return into;
}

/** Entries by key; those of one key become one. All must refer to one table of containers. */
export function collectBehaviours<Entry extends Behaviour>(
  entries: readonly Entry[],
  keyOf: (entry: Entry) => string,
  extra?: Join<Entry>,
): Map<string, Entry> {
  const collected = new Map<string, Entry>();
  for (const entry of entries) addBehaviour(collected, keyOf(entry), entry, extra);
  return collected;
}

/** What is joined besides the sets and extremes that all behaviours have. */
type Join<Entry> = (joined: Entry, other: Entry) => Entry;

function addBehaviour<Entry extends Behaviour>(
  into: Map<string, Entry>,
  key: string,
  entry: Entry,
  extra: Join<Entry> = (joined) => joined,
): void {
  const known = into.get(key);
  into.set(key, known === undefined ? entry : extra(joinBehaviours(known, entry), entry));
}

function joinBehaviours<Entry extends Behaviour>(left: Entry, right: Entry): Entry {
  return {
    ...left,
    actors: left.actors | right.actors,
    phases: left.phases | right.phases,
    first: Math.min(left.first, right.first),
    last: Math.max(left.last, right.last),
    containers: left.containers | right.containers,
  };
}

export function joinProcess(joined: ProcessEvidence, other: ProcessEvidence): ProcessEvidence {
  return other.maxInstances > joined.maxInstances ? { ...joined, maxInstances: other.maxInstances } : joined;
}

export function joinTypes(joined: DnsEvidence, other: DnsEvidence): DnsEvidence {
  if (other.types.every((type) => joined.types.includes(type))) return joined;
  return { ...joined, types: sortedTypes([...joined.types, ...other.types]) };
}

/** The smallest by text, which again no order of arrival can change. */
export function sortedTypes(types: readonly string[]): string[] {
  return [...new Set(types)].sort(byText).slice(0, evidenceLimits.dnsTypes);
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
    node: largerText(left.node, right.node),
    workload: largerText(left.workload, right.workload),
    digest: largerText(left.digest, right.digest),
  };
}

function largerText(left: string, right: string): string {
  return left > right ? left : right;
}

/** Times are padded: text order is time order until the year 5138. */
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
