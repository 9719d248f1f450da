/**
 * Who gets the free slots: the containers that teach most, and in time everybody. An image is worth
 *
 *   4/(1+s) + u·2/(1+c) + f·2/(1+c/5) + a
 *
 * s: snapshots of its profile and grants that run; c: containers of its profile and such grants. u is 1 if the best of its
 * containers was never profiled, f is 1 if its start was caught: starts are what is missing soonest, and they teach less
 * the more of them a profile has. a is the time since the image's last grant, in periods, without a limit: what is left is
 * at most 8, so that an image that has waited 8 periods longer than another comes before it, whatever the two have learned.
 */
import { imageText, type Image } from '../../core/image.ts';

export interface Candidate {
  readonly node: string;
  readonly containerId: string;
  readonly image: Image;
  /** Ended already: its grant is short. */
  readonly finished: boolean;
  /** Its tree begins with the start of the container and is still there. */
  readonly fresh: boolean;
  /** Grants it had before. */
  readonly grants: number;
}

/** Free slots of a node; all but `kept` of them may go to containers that run on. */
export interface FreeSlots {
  readonly free: number;
  /** Slots kept for containers that end within seconds. */
  readonly kept: number;
}

export interface Standing {
  readonly snapshots: number;
  readonly containers: number;
  readonly waitedPeriods: number;
}

interface Queue {
  readonly key: string;
  readonly waiting: readonly Candidate[];
  next: number;
  snapshots: number;
  containers: number;
  waitedPeriods: number;
}

export function worth(standing: Standing, candidate: Pick<Candidate, 'fresh' | 'grants'>): number {
  const { snapshots, containers, waitedPeriods } = standing;
  const unseen = candidate.grants === 0 ? 2 / (1 + containers) : 0;
  const start = candidate.fresh ? 2 / (1 + containers / 5) : 0;
  return 4 / (1 + snapshots) + unseen + start + waitedPeriods;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Starts before others, then what was granted least often: never comes first. */
function compare(a: Candidate, b: Candidate): number {
  return Number(b.fresh) - Number(a.fresh) || a.grants - b.grants;
}

/** The containers of one image: best first, and among equals one of each node before the second of any. */
function order(candidates: readonly Candidate[]): Candidate[] {
  const sorted = candidates.toSorted((a, b) => compare(a, b) || byText(a.containerId, b.containerId));
  const seen = new Map<string, number>();
  const rounds = sorted.map((candidate) => {
    const round = seen.get(candidate.node) ?? 0;
    seen.set(candidate.node, round + 1);
    return { candidate, round };
  });
  return rounds
    .sort((a, b) => compare(a.candidate, b.candidate) || a.round - b.round)
    .map(({ candidate }) => candidate);
}

function queues(candidates: readonly Candidate[], standing: (image: Image) => Standing): Queue[] {
  return [...Map.groupBy(candidates, ({ image }) => imageText(image))]
    .toSorted(([a], [b]) => byText(a, b))
    .flatMap(([key, ofImage]) => {
      const [first] = ofImage;
      return first === undefined ? [] : [{ key, waiting: order(ofImage), next: 0, ...standing(first.image) }];
    });
}

/**
 * Gives the free slots out, one by one, each to the image that is worth most at that moment; every slot given lowers its
 * image. Picks × images steps: 5,000 × 1,000 when a thousand nodes begin together, a handful in any later round.
 *
 * @returns the candidates chosen, best first; the same for the same input in any order.
 */
export function choose(
  candidates: readonly Candidate[],
  slots: ReadonlyMap<string, FreeSlots>,
  standing: (image: Image) => Standing,
): Candidate[] {
  const free = new Map([...slots].map(([node, { free }]) => [node, free]));
  const fits = ({ node, finished }: Candidate): boolean =>
    (free.get(node) ?? 0) > (finished ? 0 : (slots.get(node)?.kept ?? 0));

  /** Free slots only become fewer, so a candidate that does not fit now will not fit later. */
  const head = (queue: Queue): Candidate | undefined => {
    for (; queue.next < queue.waiting.length; queue.next += 1) {
      const candidate = queue.waiting[queue.next];
      if (candidate !== undefined && fits(candidate)) return candidate;
    }
    return undefined;
  };

  let open = queues(candidates, standing);
  const chosen: Candidate[] = [];
  for (;;) {
    const heads = open.flatMap((queue) => {
      const candidate = head(queue);
      return candidate === undefined ? [] : [{ queue, candidate, worth: worth(queue, candidate) }];
    });
    // Queues are in the order of their keys, so the first of equals is always the same one.
    const best = heads.reduce<(typeof heads)[number] | undefined>(
      (leader, one) => (leader === undefined || one.worth > leader.worth ? one : leader),
      undefined,
    );
    if (best === undefined) return chosen;
    open = heads.map(({ queue }) => queue);
    chosen.push(best.candidate);
    free.set(best.candidate.node, (free.get(best.candidate.node) ?? 0) - 1);
    best.queue.next += 1;
    best.queue.snapshots += 1;
    best.queue.containers += best.candidate.grants === 0 ? 1 : 0;
    best.queue.waitedPeriods = 0;
  }
}
