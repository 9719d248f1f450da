/**
 * Merge of two evidences of one image: union of sets, extremes of extremes. Commutative, associative and idempotent, so
 * that arrival order, repetition and the shape of the merge tree never show; monotone as long as no limit is reached.
 */
import { type Losses, snapshotLimits } from '../activity/snapshot.ts';
import { addToSketch, keepSample, keepSmallest, mergeSketches } from './bound.ts';
import { type ContainerSet, noContainers, renumbering } from './container-set.ts';
import {
  type Behaviour,
  type BehaviourKind,
  byText,
  type ContainerFacts,
  type DnsEvidence,
  type Evidence,
  evidenceLimits,
  isTaught,
  type NameSets,
  type ProcessEvidence,
  type SnapshotFacts,
} from './evidence.ts';

/** How many behaviours of each kind are kept. */
export type BehaviourLimits = Readonly<Record<BehaviourKind, number>>;

/** Neither argument is changed. `limits` are a parameter so that tests reach them. */
export function mergeEvidence(left: Evidence, right: Evidence, limits: BehaviourLimits = evidenceLimits): Evidence {
  const containers = mergeSorted(left.containers, right.containers, (facts) => facts.id, joinContainers);
  const table = containers.map((facts) => facts.id);
  const moveLeft = renumbering(ids(left), table);
  const moveRight = renumbering(ids(right), table);
  const unite = <Entry extends Behaviour>(
    kind: (evidence: Evidence) => ReadonlyMap<string, Entry>,
    extra?: Join<Entry>,
  ): ReadonlyMap<string, Entry> =>
    uniteBehaviours({ entries: kind(left), move: moveLeft }, { entries: kind(right), move: moveRight }, extra);
  const uniteNames = (kind: NameKind): NameSets =>
    boundNames(kind, [...movedNames(left[kind], moveLeft), ...movedNames(right[kind], moveRight)]);
  const omitted = (kind: BehaviourKind): readonly number[] => mergeSketches(left.omitted[kind], right.omitted[kind]);
  return boundEvidence(
    {
      containers,
      snapshots: mergeSorted(left.snapshots, right.snapshots, snapshotKey, joinSnapshots),
      processes: unite((evidence) => evidence.processes, joinProcess),
      files: unite((evidence) => evidence.files),
      dns: unite((evidence) => evidence.dns, joinTypes),
      network: unite((evidence) => evidence.network),
      syscalls: uniteNames('syscalls'),
      capabilities: uniteNames('capabilities'),
      omitted: {
        processes: omitted('processes'),
        files: omitted('files'),
        dns: omitted('dns'),
        network: omitted('network'),
      },
    },
    limits,
  );
}

/** Leaves out what is beyond the limits, and counts it. */
export function boundEvidence(evidence: Evidence, limits: BehaviourLimits = evidenceLimits): Evidence {
  const processes = keepSmallest(evidence.processes, limits.processes, byLineage);
  const files = keepSample(evidence.files, limits.files);
  const dns = keepSample(evidence.dns, limits.dns);
  const network = keepSample(evidence.network, limits.network);
  return {
    ...evidence,
    processes: processes.kept,
    files: files.kept,
    dns: dns.kept,
    network: network.kept,
    omitted: {
      processes: addToSketch(evidence.omitted.processes, processes.dropped),
      files: addToSketch(evidence.omitted.files, files.dropped),
      dns: addToSketch(evidence.omitted.dns, dns.dropped),
      network: addToSketch(evidence.omitted.network, network.dropped),
    },
  };
}

type NameKind = 'syscalls' | 'capabilities';
type NameSet = readonly [name: string, containers: ContainerSet];

function movedNames(names: NameSets, move: (set: ContainerSet) => ContainerSet): NameSet[] {
  return Array.from(names, ([name, containers]) => [name, move(containers)] as const);
}

/**
 * Each name once. There are fewer system calls and capabilities than the limits: only invented names reach them, and of those
 * the smallest by text stay, in whatever order they came.
 */
export function boundNames(kind: NameKind, names: readonly NameSet[]): NameSets {
  const united = new Map<string, ContainerSet>();
  for (const [name, containers] of names) united.set(name, (united.get(name) ?? noContainers) | containers);
  return new Map([...united].sort(([a], [b]) => byText(a, b)).slice(0, snapshotLimits[kind]));
}

/** Parents before children, so that a limit never keeps a process whose parent it drops. */
export function byLineage(left: ProcessEvidence, right: ProcessEvidence): number {
  return left.depth - right.depth || byText(left.id, right.id) || Number(isTaught(right)) - Number(isTaught(left));
}

function ids(evidence: Evidence): string[] {
  return evidence.containers.map((facts) => facts.id);
}

interface Side<Entry> {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly move: (set: ContainerSet) => ContainerSet;
}

/** What is joined besides the sets and extremes that all behaviours have. */
type Join<Entry> = (joined: Entry, other: Entry) => Entry;

/** One pass over each side and one new object per entry: this is where merging spends its time. */
function uniteBehaviours<Entry extends Behaviour>(
  left: Side<Entry>,
  right: Side<Entry>,
  extra: Join<Entry> = (joined) => joined,
): Map<string, Entry> {
  const united = new Map<string, Entry>();
  for (const [key, entry] of left.entries) {
    const containers = left.move(entry.containers);
    const other = right.entries.get(key);
    united.set(
      key,
      other === undefined
        ? withContainers(entry, containers)
        : extra(joinBehaviours(entry, other, containers | right.move(other.containers)), other),
    );
  }
  for (const [key, entry] of right.entries) {
    if (!left.entries.has(key)) united.set(key, withContainers(entry, right.move(entry.containers)));
  }
  return united;
}

function withContainers<Entry extends Behaviour>(entry: Entry, containers: ContainerSet): Entry {
  return containers === entry.containers ? entry : { ...entry, containers };
}

/** Entries by key; those of one key become one. All must refer to one table of containers. */
export function collectBehaviours<Entry extends Behaviour>(
  entries: readonly Entry[],
  keyOf: (entry: Entry) => string,
  extra: Join<Entry> = (joined) => joined,
): Map<string, Entry> {
  const collected = new Map<string, Entry>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const known = collected.get(key);
    const joined = known && extra(joinBehaviours(known, entry, known.containers | entry.containers), entry);
    collected.set(key, joined ?? entry);
  }
  return collected;
}

function joinBehaviours<Entry extends Behaviour>(left: Entry, right: Entry, containers: ContainerSet): Entry {
  return {
    ...left,
    actors: left.actors | right.actors,
    phases: left.phases | right.phases,
    first: Math.min(left.first, right.first),
    last: Math.max(left.last, right.last),
    containers,
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
    blindSpots: left.blindSpots | right.blindSpots,
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
