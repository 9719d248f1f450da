/**
 * Merge of two evidences of one image: union of sets, extremes of extremes, and what names have in common (patterns.ts).
 * Commutative, associative and idempotent, so that arrival order, repetition and the shape of the merge tree never show;
 * monotone as long as no limit is reached.
 */
import { type Losses, snapshotLimits } from '../activity/snapshot.ts';
import { blockGroups, closeBlocks } from './blocks.ts';
import { type Bounded, keepGroups, keepSample, keepSmallest } from './bound.ts';
import { addToSketch, mergeSketches } from './sketch.ts';
import { type ContainerSet, noContainers, renumbering, unmoved } from './container-set.ts';
import {
  type Behaviour,
  type BehaviourKind,
  byText,
  type ContainerFacts,
  type DnsEvidence,
  type Evidence,
  evidenceLimits,
  type FileEvidence,
  isTaught,
  type NamedBehaviour,
  type NameSets,
  type NetworkEvidence,
  type ProcessEvidence,
  type SnapshotFacts,
} from './evidence.ts';
import { type Join, joinBehaviours, joinDns, joinNamed, joinProcess, type Move } from './join.ts';
import { dnsNaming, fileNaming } from './naming.ts';
import { asPattern, asShape, closePatterns, isVariable, type Naming } from './patterns.ts';

/** How many behaviours of each kind are kept; files and names by signature, of each directory or domain a share. */
export type BehaviourLimits = Readonly<Record<BehaviourKind | 'siblings' | 'shapes', number>>;

/** Takes what was seen of one kind. Containers are bits of the table of {@link Sightings}. */
export interface Sink<Entry> {
  /**
   * Adds to what is known by this very name, if anything is, and it is no pattern. Such a name has been through all that is done
   * to names and was not changed: of it nothing else need be found out.
   */
  again(key: string, seen: Behaviour): boolean;
  /** The same key may come more than once, and names need be no patterns yet. */
  add(key: string, entry: Entry): void;
}

/** What is added to evidence: behaviours are made one by one while it is, since most are known and need not be made at all. */
export interface Sightings extends Omit<Evidence, BehaviourKind> {
  readonly processes: (sink: Sink<ProcessEvidence>) => void;
  readonly files: (sink: Sink<FileEvidence>) => void;
  readonly dns: (sink: Sink<DnsEvidence>) => void;
  readonly network: (sink: Sink<NetworkEvidence>) => void;
}

/** Neither argument is changed. `limits` are a parameter so that tests reach them. */
export function mergeEvidence(left: Evidence, right: Evidence, limits: BehaviourLimits = evidenceLimits): Evidence {
  const all =
    <Entry>(entries: ReadonlyMap<string, Entry>) =>
    (sink: Sink<Entry>): void =>
      entries.forEach((entry, key) => sink.add(key, entry));
  const { processes, files, dns, network } = right;
  const sightings = { processes: all(processes), files: all(files), dns: all(dns), network: all(network) };
  return addSightings(left, { ...right, ...sightings }, limits);
}

/** As merging with evidence of the same, which need not be closed first: closing the union closes both. */
export function addSightings(left: Evidence, right: Sightings, limits: BehaviourLimits = evidenceLimits): Evidence {
  const containers = mergeSorted(left.containers, right.containers, (facts) => facts.id, joinContainers);
  const snapshots = mergeSorted(left.snapshots, right.snapshots, snapshotKey, joinSnapshots);
  const moveLeft = moveFrom(left, { containers, snapshots });
  const moveRight = moveFrom(right, { containers, snapshots });
  const both = <Entry>(known: ReadonlyMap<string, Entry>, sighted: (sink: Sink<Entry>) => void): Both<Entry> => ({
    known,
    moveLeft,
    sighted,
    moveRight,
  });
  const uniteNames = (kind: NameKind): NameSets =>
    boundNames(kind, [
      ...movedNames(left[kind], moveLeft.containers),
      ...movedNames(right[kind], moveRight.containers),
    ]);
  const processes = uniteBehaviours(both(left.processes, right.processes), joinProcess);
  const network = uniteBehaviours<NetworkEvidence>(both(left.network, right.network), joinNamed);
  return withBounded(
    {
      containers,
      snapshots,
      syscalls: uniteNames('syscalls'),
      capabilities: uniteNames('capabilities'),
    },
    (kind) => mergeSketches(left.omitted[kind], right.omitted[kind]),
    {
      processes: keepSmallest(processes, limits.processes, byLineage),
      files: uniteNamed(both(left.files, right.files), joinNamed, fileNaming, { ...limits, total: limits.files }),
      dns: uniteNamed(both(left.dns, right.dns), joinDns, dnsNaming, { ...limits, total: limits.dns }),
      // What is known is closed already.
      network: network.size === left.network.size ? { kept: network, dropped: [] } : closeNetwork(network, limits),
    },
  );
}

/** Finds the patterns in evidence that was put together from raw names, leaves out what is beyond the limits, and counts it. */
export function closeEvidence(evidence: Evidence, limits: BehaviourLimits = evidenceLimits): Evidence {
  return withBounded(evidence, (kind) => evidence.omitted[kind], {
    processes: keepSmallest(evidence.processes, limits.processes, byLineage),
    files: closeNamed(evidence.files, evidence.files.values(), fileNaming, { ...limits, total: limits.files }),
    dns: closeNamed(evidence.dns, evidence.dns.values(), dnsNaming, { ...limits, total: limits.dns }),
    network: closeNetwork(evidence.network, limits),
  });
}

function closeNetwork(
  entries: ReadonlyMap<string, NetworkEvidence>,
  limits: BehaviourLimits,
): Bounded<NetworkEvidence> {
  return keepSample(closeBlocks(entries), limits.network, blockGroups);
}

interface BoundedKinds {
  readonly processes: Bounded<ProcessEvidence>;
  readonly files: Bounded<FileEvidence>;
  readonly dns: Bounded<DnsEvidence>;
  readonly network: Bounded<NetworkEvidence>;
}

function withBounded(
  facts: Pick<Evidence, 'containers' | 'snapshots' | 'syscalls' | 'capabilities'>,
  omittedBefore: (kind: BehaviourKind) => readonly number[],
  { processes, files, dns, network }: BoundedKinds,
): Evidence {
  return {
    ...facts,
    processes: processes.kept,
    files: files.kept,
    dns: dns.kept,
    network: network.kept,
    omitted: {
      processes: addToSketch(omittedBefore('processes'), processes.dropped),
      files: addToSketch(omittedBefore('files'), files.dropped),
      dns: addToSketch(omittedBefore('dns'), dns.dropped),
      network: addToSketch(omittedBefore('network'), network.dropped),
    },
  };
}

interface NamedLimits {
  readonly total: number;
  readonly siblings: number;
  readonly shapes: number;
}

/** The left side is closed and within its limits: only what the right one adds to it can change anything. */
function uniteNamed<Entry extends NamedBehaviour>(
  { known, moveLeft, sighted, moveRight }: Both<Entry>,
  join: Join<Entry>,
  naming: Naming<Entry>,
  limits: NamedLimits,
): Bounded<Entry> {
  const united = movedEntries(known, moveLeft);
  const fresh: Entry[] = [];
  const again = (key: string, seen: Behaviour): boolean => {
    const same = united.get(key);
    if (same === undefined || same.members !== undefined) return false;
    replace(united, key, same, joinBehaviours(same, seen, moveRight));
    return true;
  };
  const add = (key: string, entry: Entry): void => {
    if (joinKnown(united, key, entry, moveRight, join)) return;
    // Of a finished pattern. Closing would do the same, but it looks at everything that is known, and most new names of most
    // snapshots are of this sort.
    for (const renamed of entry.shape === entry.signature ? [asPattern] : [asPattern, asShape]) {
      const pattern = renamed(entry, naming);
      if (pattern !== entry && joinKnown(united, naming.keyOf(pattern), pattern, moveRight, join)) return;
    }
    const added = moved(entry, moveRight);
    united.set(key, added);
    fresh.push(added);
  };
  sighted({ again, add });
  return fresh.length === 0 ? { kept: united, dropped: [] } : closeNamed(united, fresh, naming, limits);
}

function closeNamed<Entry extends NamedBehaviour>(
  entries: ReadonlyMap<string, Entry>,
  fresh: Iterable<Entry>,
  naming: Naming<Entry>,
  limits: NamedLimits,
): Bounded<Entry> {
  const shapes = new Set<string>();
  for (const entry of fresh) if (isVariable(entry, naming)) shapes.add(entry.shape);
  return keepGroups(closePatterns(entries, shapes, naming, limits.shapes), limits, naming);
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

function ids({ containers }: Tables): string[] {
  return containers.map((facts) => facts.id);
}

interface Both<Entry> {
  readonly known: ReadonlyMap<string, Entry>;
  readonly moveLeft: Move;
  readonly sighted: (sink: Sink<Entry>) => void;
  readonly moveRight: Move;
}

/** A copy of the left side in which only what the right one shows is touched: this is where merging spends its time. */
function uniteBehaviours<Entry extends Behaviour>(
  { known, moveLeft, sighted, moveRight }: Both<Entry>,
  join: Join<Entry> = (joined) => joined,
): ReadonlyMap<string, Entry> {
  const united = movedEntries(known, moveLeft);
  sighted({
    again: (key, seen) => {
      const same = united.get(key);
      if (same !== undefined) replace(united, key, same, joinBehaviours(same, seen, moveRight));
      return same !== undefined;
    },
    add: (key, entry) => {
      if (!joinKnown(united, key, entry, moveRight, join)) united.set(key, moved(entry, moveRight));
    },
  });
  return united;
}

/** Its own map, which the caller may fill. */
function movedEntries<Entry extends Behaviour>(entries: ReadonlyMap<string, Entry>, move: Move): Map<string, Entry> {
  const all = new Map(entries);
  if (move.containers === unmoved && move.periods === unmoved) return all;
  for (const [key, entry] of entries) all.set(key, moved(entry, move));
  return all;
}

/** Whether there was an entry with this key to join it to. */
function joinKnown<Entry extends Behaviour>(
  entries: Map<string, Entry>,
  key: string,
  other: Entry,
  move: Move,
  join: Join<Entry>,
): boolean {
  const known = entries.get(key);
  if (known === undefined) return false;
  replace(entries, key, known, join(joinBehaviours(known, other, move), other));
  return true;
}

function replace<Entry>(entries: Map<string, Entry>, key: string, known: Entry, joined: Entry): void {
  if (joined !== known) entries.set(key, joined);
}

function moved<Entry extends Behaviour>(entry: Entry, move: Move): Entry {
  const containers = move.containers(entry.containers);
  const periods = move.periods(entry.periods);
  return containers === entry.containers && periods === entry.periods ? entry : { ...entry, containers, periods };
}

type Tables = Pick<Evidence, 'containers' | 'snapshots'>;

/** Periods are told apart for one container alone: with the second they go, and what has two has none to lose. */
function moveFrom(from: Tables, to: Tables): Move {
  const containers = renumbering(ids(from), ids(to));
  if (from.containers.length > 1) return { containers, periods: unmoved };
  if (to.containers.length > 1) return { containers, periods: () => undefined };
  const renumbered = renumbering(from.snapshots.map(snapshotKey), to.snapshots.map(snapshotKey));
  if (renumbered === unmoved) return { containers, periods: unmoved };
  return { containers, periods: (set) => (set === undefined ? undefined : renumbered(set)) };
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
