/**
 * How regular the only container of a profile is: of its periods, in how many it showed a behaviour. One container says
 * nothing of what others do, so this is no commonality and stands apart from it: it is there only while no second container
 * was profiled, and then only from enough periods on.
 *
 * With P periods, and p_b those of them that showed b:
 *   recurrence of b            p_b / P
 *   recurrence of the profile  Σ C(p_b, 2) / Σ (C(P, 2) − C(P − p_b, 2))
 * A container starts in one period alone: what only its start showed could not have come again, and has none.
 */
import { isStartOnly, type Scores, scoresBy } from './commonality.ts';
import { remembering, setSize } from './container-set.ts';
import { type Behaviour, behaviourKinds, type Evidence } from './evidence.ts';

/** Of fewer one more or less moves a score by 14 points and more. */
export const leastPeriods = 8;

export function recurrence(evidence: Evidence): Scores | undefined {
  const could = evidence.snapshots.length;
  if (evidence.containers.length !== 1 || could < leastPeriods) return undefined;
  const sizeOf = remembering(setSize);
  const scores = scoresBy(evidence, (_kind, behaviour) =>
    isStartOnly(behaviour) || behaviour.periods === undefined
      ? { showed: 0, could: 0 }
      : { showed: sizeOf(behaviour.periods), could },
  );
  // What was regular from the beginning would be missing from it: only what is new since would count.
  return behaviourKinds.some((kind) => isUnknown(evidence[kind])) ? { ...scores, profile: undefined } : scores;
}

/** Some of it is older than the field. */
function isUnknown(behaviours: ReadonlyMap<string, Behaviour>): boolean {
  return [...behaviours.values()].some(({ periods }) => periods === undefined);
}
