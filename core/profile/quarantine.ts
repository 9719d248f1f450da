/**
 * Poisoning guard: what a container did from the moment on at which a rule matched in it is not known behaviour until
 * somebody releases it. Marks are an overlay: evidence keeps everything, and what is known is computed without what they
 * taint. So it makes no difference whether a mark comes before or after what it taints, and a release leaves no trace.
 */
import { sharesTimes } from './close-blocks.ts';
import { type ContainerSet, containerAt, noContainers } from './container-set.ts';
import {
  type Behaviour,
  type BehaviourKind,
  behaviourKinds,
  byText,
  type ContainerFacts,
  type Evidence,
  type NameSets,
  type NetworkEvidence,
} from './evidence.ts';
import { knownEvidence } from './known.ts';

/** One detection: the process that it was about with everything below it, and all that is new in its container since. */
export interface ContainerMark {
  readonly containerId: string;
  /** Place in the lineage (`lineageId`); absent if only the time is known. */
  readonly processId?: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** All that containers of a namespace, or all of the image, teach: there were too many marks to keep them apart. */
export type WideMark = { readonly whole: 'image' } | { readonly whole: 'namespace'; readonly namespace: string };

export type QuarantineMark = ContainerMark | WideMark;

/**
 * Processes of one container that are told apart. A container with more is tainted as a whole, so that an attacker gains
 * nothing by being detected often.
 */
export const markedProcesses = 16;

/** Marks of one container with one more; the same in whatever order they come. */
export function addMark(marks: readonly ContainerMark[], mark: ContainerMark): readonly ContainerMark[] {
  const known = marks.find(({ processId }) => processId === mark.processId);
  if (known !== undefined && known.since <= mark.since) return marks;
  const { containerId } = mark;
  const whole: ContainerMark = { containerId, since: 0 };
  if (marks.some(isWhole)) return marks;
  const all = [...marks.filter((one) => one !== known), mark];
  const processes = all.filter(({ processId }) => processId !== undefined).length;
  return isWhole(mark) || processes > markedProcesses ? [whole] : all.sort(byProcess);
}

/** Nothing happened before the epoch. */
function isWhole({ processId, since }: ContainerMark): boolean {
  return processId === undefined && since === 0;
}

function byProcess(left: ContainerMark, right: ContainerMark): number {
  return byText(left.processId ?? '', right.processId ?? '');
}

/**
 * Evidence as if the marked containers had not shown what is tainted in them. What another container showed as well stays,
 * on its word alone; but for blocks of addresses that stand for many. System calls and capabilities carry no time: a marked container says nothing about them.
 */
export function withoutQuarantined(evidence: Evidence, marks: readonly QuarantineMark[]): Evidence {
  const present = placed(evidence, marks);
  if (present.length === 0) return evidence;
  const newIn = containersBySince(present);
  const below = subtrees(evidence, present);
  const clean = <Entry extends Behaviour>(
    entries: ReadonlyMap<string, Entry>,
    processOf: (entry: Entry) => string,
  ): ReadonlyMap<string, Entry> =>
    new Map(
      [...entries].flatMap(([key, entry]) => {
        const inSubtree = below.get(processOf(entry)) ?? noContainers;
        if (isVague(entry, evidence) && (entry.containers & (newIn(entry.last) | inSubtree)) !== noContainers)
          return [];
        const first = entry.containers & (newIn(entry.first) | inSubtree);
        // One of these may be who showed it first; of the others it is only known that they did so by the last time.
        const tainted = first === noContainers ? first : first | newIn(entry.last);
        const containers = entry.containers & ~tainted;
        return containers === noContainers
          ? []
          : [[key, containers === entry.containers ? entry : { ...entry, containers }]];
      }),
    );
  const processes = withParents(clean(evidence.processes, ({ id }) => id));
  const left = new Set([...processes.values()].map(({ id }) => id));
  const gone = new Set([...evidence.processes.values()].map(({ id }) => id).filter((id) => !left.has(id)));
  const belowKept = <Entry extends Behaviour & { readonly processId: string }>(entries: ReadonlyMap<string, Entry>) =>
    new Map([...clean(entries, ({ processId }) => processId)].filter(([, entry]) => !gone.has(entry.processId)));
  const marked = present.reduce((set, { containers }) => set | containers, noContainers);
  return {
    ...evidence,
    processes,
    files: belowKept(evidence.files),
    dns: belowKept(evidence.dns),
    network: belowKept(evidence.network),
    syscalls: cleanNames(evidence.syscalls, marked),
    capabilities: cleanNames(evidence.capabilities, marked),
  };
}

/**
 * A block that stands for many, or has the times of one. Nobody knows any more who showed which of them, or when: so a
 * container takes the word of all.
 */
function isVague(entry: Behaviour | NetworkEvidence, { network }: Evidence): boolean {
  return 'peer' in entry && sharesTimes(entry, network);
}

/** How many behaviours would be known, were it not for the marks. */
export function quarantinedCount(evidence: Evidence, clean: Evidence): number {
  if (clean === evidence) return 0;
  const known = knownEvidence(evidence);
  const left = knownEvidence(clean);
  const hidden = (kind: BehaviourKind): number => [...known[kind].keys()].filter((key) => !left[kind].has(key)).length;
  return behaviourKinds.reduce((sum, kind) => sum + hidden(kind), 0);
}

type Processes = Evidence['processes'];

/** A lineage is told from its root: what runs below a process that is gone goes with it. */
function withParents(processes: Processes): Processes {
  const kept = new Set<string>();
  for (const { id, parentId } of [...processes.values()].sort((left, right) => left.depth - right.depth)) {
    if (parentId === undefined || kept.has(parentId)) kept.add(id);
  }
  return new Map([...processes].filter(([, { id }]) => kept.has(id)));
}

/** What a mark says, with the containers that it says it of. */
interface Placed extends Pick<ContainerMark, 'processId' | 'since'> {
  readonly containers: ContainerSet;
}

/** Marks of containers that are in the evidence. Whoever is marked as a whole vouches for nothing, of whatever time. */
function placed({ containers: table }: Evidence, marks: readonly QuarantineMark[]): Placed[] {
  const place = new Map(table.map(({ id }, index) => [id, containerAt(index)]));
  const all = (whose: (facts: ContainerFacts) => boolean): ContainerSet =>
    table.reduce((set, facts, index) => (whose(facts) ? set | containerAt(index) : set), noContainers);
  return marks
    .map((mark): Placed => {
      if (!('whole' in mark)) return { ...mark, containers: place.get(mark.containerId) ?? noContainers };
      const own = mark.whole === 'image' ? '' : `${mark.namespace}/`;
      return { since: 0, containers: all(({ workload }) => workload.startsWith(own)) };
    })
    .filter(({ containers }) => containers !== noContainers);
}

/** Containers that had a mark at a time. */
function containersBySince(marks: readonly Placed[]): (time: number) => ContainerSet {
  const steps: { since: number; containers: ContainerSet }[] = [];
  for (const { since, containers } of [...marks].sort((left, right) => left.since - right.since)) {
    steps.push({ since, containers: (steps.at(-1)?.containers ?? noContainers) | containers });
  }
  return (time) => {
    let [low, high] = [0, steps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((steps[middle]?.since ?? Infinity) <= time) low = middle + 1;
      else high = middle;
    }
    return steps[low - 1]?.containers ?? noContainers;
  };
}

/** By process: the containers in which it, or a process above it, is marked. */
function subtrees(evidence: Evidence, marks: readonly Placed[]): ReadonlyMap<string, ContainerSet> {
  const tainted = new Map<string, ContainerSet>();
  for (const { processId, containers } of marks) {
    if (processId !== undefined) tainted.set(processId, (tainted.get(processId) ?? noContainers) | containers);
  }
  // Parents first, so that theirs is complete when their children ask.
  for (const { id, parentId } of [...evidence.processes.values()].sort((left, right) => left.depth - right.depth)) {
    const above = parentId === undefined ? undefined : tainted.get(parentId);
    if (above !== undefined) tainted.set(id, (tainted.get(id) ?? noContainers) | above);
  }
  return tainted;
}

function cleanNames(names: NameSets, marked: ContainerSet): NameSets {
  return new Map(
    [...names].flatMap(([name, set]) => {
      const left = set & ~marked;
      return left === noContainers ? [] : [[name, left] as const];
    }),
  );
}
