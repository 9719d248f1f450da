/**
 * How much of the time for which containers of an image ran they were watched, from the start of the first period until the
 * profile was finished. What ran is noted in the store every few minutes (Survey), because the API server forgets containers;
 * what came since is read from those that it still shows. Pure.
 */
import type { Image } from '../../core/image.ts';
import type { Clock } from '../clock.ts';
import type { ContainerRecord, Inventory } from '../inventory/inventory.ts';
import type { KnownProfiles, ProfileFacts } from './known-profiles.ts';

export interface HoursOptions {
  readonly inventory: Pick<Inventory, 'ofImage'>;
  readonly known: Pick<KnownProfiles, 'get'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Reads the hours of an image as they are now; costs a look at each of its containers. */
export function hoursReader({ inventory, known, clock }: HoursOptions): HoursOfImage {
  return (image) => {
    const facts = known.get(image);
    return facts && hoursOf(facts, inventory.ofImage(image), clock.now());
  };
}

type Facts = Pick<ProfileFacts, 'watchedMs' | 'watchedFrom' | 'lastRunAt' | 'ranMs' | 'sealedAt'>;
type Life = Pick<ContainerRecord, 'startedAt' | 'finishedAt'>;

/** Undefined if nothing was noted of when it was watched. */
export type HoursOfImage = (image: Image) => Hours | undefined;

/** Milliseconds, of all containers together. */
export interface Hours {
  readonly watchedMs: number;
  readonly ranMs: number;
}

/** Milliseconds that these ran between two times, together. Of one without a start nothing is known. */
function ranBetween(containers: Iterable<Life>, from: number, to: number): number {
  let sum = 0;
  for (const { startedAt, finishedAt = to } of containers) {
    if (startedAt !== undefined) sum += Math.max(0, Math.min(finishedAt, to) - Math.max(startedAt, from));
  }
  return sum;
}

/** What is not noted yet of the time that containers of the image ran. */
export function unnotedRun(facts: Facts, containers: Iterable<Life>, now: number): number {
  const { watchedFrom, lastRunAt = 0, sealedAt = now } = facts;
  if (watchedFrom === undefined) return 0;
  return Math.round(ranBetween(containers, Math.max(watchedFrom, lastRunAt), Math.min(now, sealedAt)));
}

/**
 * Undefined if nothing was noted of when it was watched. A container whose start the API server never told counts for as long
 * as it was watched, so it is never more than all of the time.
 */
export function hoursOf(facts: Facts, containers: Iterable<Life>, now: number): Hours | undefined {
  const { watchedMs, ranMs = 0 } = facts;
  if (watchedMs === undefined) return undefined;
  return { watchedMs, ranMs: Math.max(watchedMs, ranMs + unnotedRun(facts, containers, now)) };
}
