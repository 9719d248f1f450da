/**
 * Merge of what was learned of one image: union of sets, extremes of extremes, and what names have in common (patterns.ts).
 * Commutative, associative and idempotent, so that arrival order, repetition and the shape of the merge tree never show;
 * monotone as long as no limit is reached.
 */
import { snapshotLimits } from '../activity/snapshot.ts';
import { blockGroups, closeBlocks, mayWiden } from './close-blocks.ts';
import { keepSample, keepSmallest } from './bound.ts';
import { type ContainerSet, noContainers } from './container-set.ts';
import {
  type Behaviour,
  type BehaviourKind,
  behaviourKinds,
  byText,
  type DnsEvidence,
  emptyEvidence,
  type Evidence,
  evidenceLimits,
  type FileEvidence,
  isTaught,
  type NameSets,
  type NetworkEvidence,
  type ProcessEvidence,
} from './evidence.ts';
import { type Facts, isUnmoved, type Move, moveFrom, uniteFacts } from './facts.ts';
import { absorbNamed, absorbProcess } from './join.ts';
import { dnsNaming, fileNaming } from './naming.ts';
import { NamedSink, PlainSink, type Sink } from './sinks.ts';
import { addToSketch, mergeSketches } from './sketch.ts';

/** How many behaviours of each kind are kept; files and names by signature, of each directory or domain a share. */
export type BehaviourLimits = Readonly<Record<BehaviourKind | 'siblings' | 'shapes', number>>;

interface Sinks {
  readonly processes: Sink<ProcessEvidence>;
  readonly files: Sink<FileEvidence>;
  readonly dns: Sink<DnsEvidence>;
  readonly network: Sink<NetworkEvidence>;
}

/** What is added to evidence: behaviours are made one by one while it is, since most are known and need not be made at all. */
export interface Sightings extends Omit<Evidence, BehaviourKind> {
  /** Puts each behaviour in, with its sets moved from the tables of these containers and snapshots. */
  readonly behaviours: (sinks: Sinks, move: Move) => void;
}

/**
 * New behaviours of one kind at which all are closed and bounded, since that looks at everything that is known. Beyond its limits
 * a table so holds at most these, some 500 KB, and what one snapshot brings.
 */
const mostPending = 1_024;

/**
 * Makes evidence of what is added one after the other: what is known already is changed in place, and the rest closed now and
 * then, which comes to the same as closing after each.
 */
export class EvidenceBuilder {
  readonly #sinks;
  #facts: Facts;
  #syscalls: NameSets;
  #capabilities: NameSets;
  #omitted: Evidence['omitted'];

  /** `evidence` is not changed. `limits` are a parameter so that tests reach them. */
  constructor(evidence: Evidence = emptyEvidence, limits: BehaviourLimits = evidenceLimits) {
    this.#sinks = {
      processes: new PlainSink(evidence.processes, absorbProcess, (all) =>
        keepSmallest(all, limits.processes, byLineage),
      ),
      files: new NamedSink(evidence.files, fileNaming, { ...limits, total: limits.files }),
      dns: new NamedSink(evidence.dns, dnsNaming, { ...limits, total: limits.dns }),
      network: new PlainSink(
        evidence.network,
        absorbNamed,
        (all) => keepSample(closeBlocks(all), limits.network, blockGroups),
        mayWiden,
      ),
    };
    this.#facts = { containers: evidence.containers, snapshots: evidence.snapshots };
    this.#syscalls = evidence.syscalls;
    this.#capabilities = evidence.capabilities;
    this.#omitted = evidence.omitted;
  }

  /** What is added need be neither closed nor within the limits. */
  add(seen: Sightings): void {
    const move = this.#include(seen);
    this.#syscalls = boundNames('syscalls', [...this.#syscalls, ...movedNames(seen.syscalls, move)]);
    this.#capabilities = boundNames('capabilities', [...this.#capabilities, ...movedNames(seen.capabilities, move)]);
    seen.behaviours(this.#sinks, move);
    this.#omit((kind) => mergeSketches(this.#omitted[kind], seen.omitted[kind]));
    if (behaviourKinds.some((kind) => this.#sinks[kind].pending >= mostPending)) this.#close();
  }

  /** Of all that was added until now; what is added later does not change it. */
  evidence(): Evidence {
    this.#close();
    return {
      ...this.#facts,
      processes: this.#sinks.processes.table.give(),
      files: this.#sinks.files.table.give(),
      dns: this.#sinks.dns.table.give(),
      network: this.#sinks.network.table.give(),
      syscalls: this.#syscalls,
      capabilities: this.#capabilities,
      omitted: this.#omitted,
    };
  }

  /** @returns how sets of the tables of these move into those of all */
  #include(added: Facts): Move {
    const before = this.#facts;
    this.#facts = uniteFacts(before, added);
    const move = moveFrom(before, this.#facts);
    if (!isUnmoved(move)) {
      for (const kind of behaviourKinds) this.#sinks[kind].table.move(move);
      this.#syscalls = new Map(movedNames(this.#syscalls, move));
      this.#capabilities = new Map(movedNames(this.#capabilities, move));
    }
    return moveFrom(added, this.#facts);
  }

  #close(): void {
    this.#omit((kind) => addToSketch(this.#omitted[kind], this.#sinks[kind].close()));
  }

  #omit(of: (kind: BehaviourKind) => readonly number[]): void {
    this.#omitted = { processes: of('processes'), files: of('files'), dns: of('dns'), network: of('network') };
  }
}

/** Neither argument is changed, and the right one need not be closed: closing the union closes both. */
export function mergeEvidence(left: Evidence, right: Evidence, limits: BehaviourLimits = evidenceLimits): Evidence {
  const builder = new EvidenceBuilder(left, limits);
  builder.add({
    ...right,
    behaviours: (sinks, move) => {
      const put = <Entry extends Behaviour>(entries: ReadonlyMap<string, Entry>, sink: Sink<Entry>): void =>
        entries.forEach((entry, key) => sink.add(key, moved(entry, move)));
      put(right.processes, sinks.processes);
      put(right.files, sinks.files);
      put(right.dns, sinks.dns);
      put(right.network, sinks.network);
    },
  });
  return builder.evidence();
}

function moved<Entry extends Behaviour>(entry: Entry, move: Move): Entry {
  if (isUnmoved(move)) return entry;
  return { ...entry, containers: move.containers(entry.containers), periods: move.periods(entry.periods) };
}

type NameKind = 'syscalls' | 'capabilities';
type NameSet = readonly [name: string, containers: ContainerSet];

function movedNames(names: NameSets, move: Move): NameSet[] {
  return Array.from(names, ([name, containers]) => [name, move.containers(containers)] as const);
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
