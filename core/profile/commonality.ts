/**
 * How usual a behaviour is: of the containers that could have shown it, how many did. And how alike the containers of a
 * profile are: of all behaviours that two containers could share, how many do they share, over all pairs (Jaccard,
 * micro-averaged, so that a container with much behaviour weighs more than one with little).
 *
 * With b over the behaviours, D_b the containers that could have shown b, N_b = |D_b| and n_b those of them that did:
 *   score of b            n_b / N_b
 *   score of a profile    Σ C(n_b, 2) / Σ (C(N_b, 2) − C(N_b − n_b, 2))
 * The numerator counts pairs of containers that share b, the denominator pairs of which at least one has it.
 */
import { kinds as kindWords, type Kind, phases as phaseWords } from '../activity/snapshot.ts';
import { type ContainerSet, containerAt, noContainers, remembering, setSize } from './container-set.ts';
import type { Behaviour, BehaviourKind, Evidence } from './evidence.ts';
import { toFlags } from './flags.ts';

/** Scores are integers 0–100, rounded half up; undefined where there is none. */
export interface ProcessCommonality {
  readonly execution: number | undefined;
  readonly files: number | undefined;
  readonly dns: number | undefined;
  readonly network: number | undefined;
}

export interface Commonality {
  /** Of the profile: undefined with fewer than two containers. */
  readonly profile: number | undefined;
  readonly of: (kind: BehaviourKind, behaviour: Behaviour) => number | undefined;
  /** Of every process, with what its files, names and endpoints have in common. */
  readonly processes: () => ReadonlyMap<string, ProcessCommonality>;
}

const startOnly = toFlags(phaseWords, ['start']);
const kindOf: Readonly<Record<BehaviourKind, Kind>> = {
  processes: 'process',
  files: 'file',
  dns: 'dns',
  network: 'network',
};

export function commonality(evidence: Evidence): Commonality {
  const able = ableContainers(evidence);
  const sizeOf = remembering(setSize);
  const shown = (kind: BehaviourKind, behaviour: Behaviour): Shown => {
    const domain = behaviour.phases === startOnly ? able.start[kind] : able.any[kind];
    return { showed: sizeOf(behaviour.containers & domain.set), could: domain.size };
  };
  const of = (kind: BehaviourKind, behaviour: Behaviour): number | undefined => {
    const { showed, could } = shown(kind, behaviour);
    return percent(showed, could);
  };
  const profile = new PairCount();
  for (const kind of ['processes', 'files', 'dns', 'network'] as const) {
    for (const behaviour of evidence[kind].values()) profile.add(shown(kind, behaviour));
  }
  const aggregated = (kind: 'files' | 'dns' | 'network'): Map<string, PairCount> => {
    const counts = new Map<string, PairCount>();
    for (const behaviour of evidence[kind].values()) {
      const count = counts.get(behaviour.processId) ?? new PairCount();
      count.add(shown(kind, behaviour));
      counts.set(behaviour.processId, count);
    }
    return counts;
  };
  const processes = (): ReadonlyMap<string, ProcessCommonality> => {
    const [files, dns, network] = [aggregated('files'), aggregated('dns'), aggregated('network')];
    const entries = [...evidence.processes.values()].map((process): [string, ProcessCommonality] => [
      process.id,
      {
        execution: of('processes', process),
        files: files.get(process.id)?.score(),
        dns: dns.get(process.id)?.score(),
        network: network.get(process.id)?.score(),
      },
    ]);
    return new Map(entries);
  };
  return { profile: profile.score(), of, processes };
}

interface Domain {
  readonly set: ContainerSet;
  readonly size: number;
}

/**
 * Which containers could have shown a behaviour of each kind: those of which the kind was collected, and for what only
 * happens in the start phase, those of which the start was seen.
 */
function ableContainers(evidence: Evidence): Record<'any' | 'start', Record<BehaviourKind, Domain>> {
  const domain = (kind: BehaviourKind, startNeeded: boolean): Domain => {
    const flag = toFlags(kindWords, [kindOf[kind]]);
    const set = evidence.containers.reduce(
      (set, { kinds, startSeen }, index) =>
        (kinds & flag) !== 0 && (startSeen || !startNeeded) ? set | containerAt(index) : set,
      noContainers,
    );
    return { set, size: setSize(set) };
  };
  const domains = (startNeeded: boolean): Record<BehaviourKind, Domain> => ({
    processes: domain('processes', startNeeded),
    files: domain('files', startNeeded),
    dns: domain('dns', startNeeded),
    network: domain('network', startNeeded),
  });
  return { any: domains(false), start: domains(true) };
}

interface Shown {
  readonly showed: number;
  readonly could: number;
}

/**
 * Sums over behaviours; exact, since 60,000 behaviours × C(4,000, 2) pairs ≈ 5 × 10^11 lie far below 2^53.
 */
class PairCount {
  #sharing = 0;
  #either = 0;

  add({ showed, could }: Shown): void {
    this.#sharing += pairs(showed);
    this.#either += pairs(could) - pairs(could - showed);
  }

  score(): number | undefined {
    return percent(this.#sharing, this.#either);
  }
}

function pairs(count: number): number {
  return (count * (count - 1)) / 2;
}

/** In integers, so that halves round up on every machine. */
function percent(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : Math.floor((200 * part + whole) / (2 * whole));
}
