/**
 * Who does what both profiles know, and when: a file that only the entrypoint read and that is now read by somebody who came
 * by `kubectl exec`; a program that ran at the start alone and now also runs later.
 */
import { type Actor, actors as actorWords, type Phase, phases as phaseWords } from '../activity/snapshot.ts';
import { fromFlags, toFlags } from './flags.ts';

/** Actors of each way of a behaviour, as flags (flags.ts), where the profile says who does it. */
export type Doers = ReadonlyMap<string, number>;

export interface Doing {
  readonly way: string;
  readonly actor: Actor;
}

export interface Change<Item> {
  readonly gained: readonly Item[];
  readonly lost: readonly Item[];
}

export interface CircumstanceChanges {
  /** Of ways that both have. Of a program the actors are its ways. */
  readonly actors?: Change<Doing>;
  /** Of a program. */
  readonly phases?: Change<Phase>;
}

interface Circumstances {
  readonly doers: Doers;
  /** Of a program, as flags; 0 for everything else. */
  readonly phases: number;
}

export function doersOf(ways: readonly string[], actors: readonly Actor[]): Doers {
  const flags = toFlags(actorWords, actors);
  return new Map(flags === 0 ? [] : ways.map((way) => [way, flags]));
}

export function joinDoers(left: Doers, right: Doers): Doers {
  if (left.size === 0 || right.size === 0) return left.size === 0 ? right : left;
  const joined = new Map(left);
  for (const [way, flags] of right) joined.set(way, (joined.get(way) ?? 0) | flags);
  return joined;
}

/** @param later both profiles saw programs after the start: else one that runs later is no news */
export function circumstanceChanges(before: Circumstances, after: Circumstances, later: boolean): CircumstanceChanges {
  const actors = { gained: newDoings(before.doers, after.doers), lost: newDoings(after.doers, before.doers) };
  const phases = { gained: newPhases(before.phases, after.phases), lost: newPhases(after.phases, before.phases) };
  return {
    ...(actors.gained.length + actors.lost.length > 0 && { actors }),
    ...(later && phases.gained.length + phases.lost.length > 0 && { phases }),
  };
}

const flagOf = (actor: Actor): number => toFlags(actorWords, [actor]);

/**
 * `unknown` is whoever began what is older than the agent: it is nobody new, and after it the entrypoint is not either, as
 * which most of that ran.
 */
function newDoings(known: Doers, found: Doers): Doing[] {
  return [...found].flatMap(([way, flags]) => {
    const before = known.get(way);
    if (before === undefined) return [];
    const noNews = before | flagOf('unknown') | ((before & flagOf('unknown')) === 0 ? 0 : flagOf('entrypoint'));
    return fromFlags(actorWords, flags & ~noNews).map((actor) => ({ way, actor }));
  });
}

/**
 * Only `run`, of what was seen at the start alone: a program that is there at the start as well is no news, and seems to come
 * as soon as the agent is older than a container.
 */
function newPhases(known: number, found: number): Phase[] {
  const [start, run] = [toFlags(phaseWords, ['start']), toFlags(phaseWords, ['run'])];
  return known === start && (found & run) !== 0 ? ['run'] : [];
}
