/**
 * Sets of containers, as bits: bit i stands for the i-th container of the sorted table of one evidence. A behaviour of an
 * image with 1,000 containers costs 125 bytes this way; a list of container IDs would cost 64,000. Bits of two evidences
 * mean different containers, so a merge renumbers first.
 */
export type ContainerSet = bigint;

/** Sets of snapshots in the same way: bit i stands for the i-th of the sorted table of one evidence. */
export type PeriodSet = bigint;

export const noContainers: ContainerSet = 0n;

/** The set of the one container at `index` of the table. */
export function containerAt(index: number): ContainerSet {
  return 1n << BigInt(index);
}

export function setSize(set: ContainerSet): number {
  let count = 0;
  for (let rest = set; rest > 0n; rest >>= 32n) count += bitsOf(Number(BigInt.asUintN(32, rest)));
  return count;
}

export function isSingle(set: ContainerSet): boolean {
  return set !== noContainers && (set & (set - 1n)) === noContainers;
}

/** The containers that are in at least so many of the sets. */
export function inAtLeast(sets: readonly ContainerSet[], least: number): ContainerSet {
  if (sets.length < least) return noContainers;
  /** At index i those that are in more than i of the sets so far. */
  const counted = Array.from({ length: least }, () => noContainers);
  for (const set of sets) {
    let counting = set;
    for (let index = 0; index < least && counting !== noContainers; index += 1) {
      const before = counted[index] ?? noContainers;
      counted[index] = before | counting;
      counting &= before;
    }
  }
  return counted.at(-1) ?? noContainers;
}

function bitsOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const nibbles = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** Neighbours of the old table that stay neighbours in the new one move with one shift. */
interface Run {
  readonly start: number;
  readonly shift: number;
  length: number;
}

/** Where both tables begin with the same containers, sets stay as they are. */
export const unmoved = <Set>(set: Set): Set => set;

/**
 * Moves sets from the table `from` to the table `to`; both sorted, `to` holds all of `from`. Adding one container, the
 * usual case, makes two runs, so a set moves in a handful of operations whatever its size.
 */
export function renumbering(from: readonly string[], to: readonly string[]): (set: ContainerSet) => ContainerSet {
  const runs = runsOf(from, to);
  if (runs.every((run) => run.shift === 0)) return unmoved;
  const steps = runs.map((run) => ({
    start: BigInt(run.start),
    mask: (1n << BigInt(run.length)) - 1n,
    target: BigInt(run.start + run.shift),
  }));
  return remembering((set) =>
    steps.reduce((moved, step) => moved | (((set >> step.start) & step.mask) << step.target), noContainers),
  );
}

/**
 * The same function, computed once per set: most behaviours of an image are shown by the same few sets of containers, and
 * answers that are sets are shared too. At most 512 answers are remembered; then it begins anew.
 */
export function remembering<Answer>(answer: (set: ContainerSet) => Answer): (set: ContainerSet) => Answer {
  const answers = new Map<ContainerSet, Answer>();
  return (set) => {
    const known = answers.get(set);
    if (known !== undefined) return known;
    if (answers.size === 512) answers.clear();
    const fresh = answer(set);
    answers.set(set, fresh);
    return fresh;
  };
}

function runsOf(from: readonly string[], to: readonly string[]): Run[] {
  const runs: Run[] = [];
  let target = 0;
  for (const [index, id] of from.entries()) {
    while (target < to.length && to[target] !== id) target += 1;
    if (target === to.length) throw new Error(`container ${id} is missing in the table it should move to`);
    const last = runs.at(-1);
    if (last?.shift === target - index) last.length += 1;
    else runs.push({ start: index, shift: target - index, length: 1 });
    target += 1;
  }
  return runs;
}
