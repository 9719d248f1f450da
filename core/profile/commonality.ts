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
import { type Behaviour, type BehaviourKind, behaviourKinds, type Evidence } from './evidence.ts';
import { toFlags } from './flags.ts';

/** Of what one process does, by kind. */
export interface ScoresWithin {
  readonly files: number | undefined;
  readonly dns: number | undefined;
  readonly network: number | undefined;
}

/** Integers 0–100, rounded half up; undefined where there is none. */
export interface Scores {
  /** Of the profile: undefined with fewer than two containers. */
  readonly profile: number | undefined;
  readonly of: (kind: BehaviourKind, behaviour: Behaviour) => number | undefined;
  /** How alike the containers are in the files, names and endpoints of this process; as the score of a profile. */
  readonly within: (processId: string) => ScoresWithin;
}

/** Of those that could have shown a behaviour, how many did. */
export interface Shown {
  readonly showed: number;
  readonly could: number;
}

const startOnly = toFlags(phaseWords, ['start']);
const kindOf: Readonly<Record<BehaviourKind, Kind>> = {
  processes: 'process',
  files: 'file',
  dns: 'dns',
  network: 'network',
};

export function commonality(evidence: Evidence): Scores {
  const able = ableContainers(evidence);
  const sizeOf = remembering(setSize);
  return scoresBy(evidence, (kind, behaviour) => {
    const domain = isStartOnly(behaviour) ? able.start[kind] : able.any[kind];
    return { showed: sizeOf(behaviour.containers & domain.set), could: domain.size };
  });
}

/** Happened in start phases and never later. */
export function isStartOnly({ phases }: Behaviour): boolean {
  return phases === startOnly;
}

/** The formulas above, whoever it is that shows: containers, or the periods of one. */
export function scoresBy(evidence: Evidence, shown: (kind: BehaviourKind, behaviour: Behaviour) => Shown): Scores {
  const profile = new PairCount();
  for (const kind of behaviourKinds) {
    for (const behaviour of evidence[kind].values()) profile.add(shown(kind, behaviour));
  }
  const byProcess = (kind: 'files' | 'dns' | 'network'): ReadonlyMap<string, PairCount> => {
    const counts = new Map<string, PairCount>();
    for (const behaviour of evidence[kind].values()) {
      const count = counts.get(behaviour.processId) ?? new PairCount();
      count.add(shown(kind, behaviour));
      counts.set(behaviour.processId, count);
    }
    return counts;
  };
  const [files, dns, network] = [byProcess('files'), byProcess('dns'), byProcess('network')];
  return {
    profile: profile.score(),
    of: (kind, behaviour) => {
      const { showed, could } = shown(kind, behaviour);
      return percent(showed, could);
    },
    within: (id) => ({ files: files.get(id)?.score(), dns: dns.get(id)?.score(), network: network.get(id)?.score() }),
  };
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
