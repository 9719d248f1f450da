/** Two sightings of one behaviour as one: union of sets, extremes of extremes. */
import type { ContainerSet, PeriodSet } from './container-set.ts';
import {
  type Behaviour,
  byText,
  type DnsEvidence,
  evidenceLimits,
  type NamedBehaviour,
  type ProcessEvidence,
} from './evidence.ts';
import { joinMembers } from './members.ts';

/** From the tables of one evidence to those of another. */
export interface Move {
  readonly containers: (set: ContainerSet) => ContainerSet;
  readonly periods: (set: PeriodSet | undefined) => PeriodSet | undefined;
}

const inPlace: Move = { containers: (set) => set, periods: (set) => set };

/** What is joined besides the sets and extremes that all behaviours have. */
export type Join<Entry> = (joined: Entry, other: Entry) => Entry;

/**
 * What adds nothing costs nothing: the left one is returned as it is, and its set is shared. `move` brings sets of the right one
 * to the tables of the left one.
 */
export function joinBehaviours<Entry extends Behaviour>(left: Entry, right: Behaviour, move: Move = inPlace): Entry {
  const actors = left.actors | right.actors;
  const phases = left.phases | right.phases;
  const first = Math.min(left.first, right.first);
  const last = Math.max(left.last, right.last);
  const union = left.containers | move.containers(right.containers);
  const more = union !== left.containers;
  const periods = unionOfPeriods(left.periods, move.periods(right.periods));
  const grown =
    more ||
    periods !== left.periods ||
    actors !== left.actors ||
    phases !== left.phases ||
    first !== left.first ||
    last !== left.last;
  if (!grown) return left;
  return { ...left, actors, phases, first, last, containers: more ? union : left.containers, periods };
}

/** What is not known of one of them is not known of both. */
function unionOfPeriods(left: PeriodSet | undefined, right: PeriodSet | undefined): PeriodSet | undefined {
  return left === undefined || right === undefined ? undefined : left | right;
}

export function joinProcess(joined: ProcessEvidence, other: ProcessEvidence): ProcessEvidence {
  return other.maxInstances > joined.maxInstances ? { ...joined, maxInstances: other.maxInstances } : joined;
}

export function joinTypes(joined: DnsEvidence, other: DnsEvidence): DnsEvidence {
  if (other.types.every((type) => joined.types.includes(type))) return joined;
  return { ...joined, types: sortedTypes([...joined.types, ...other.types]) };
}

/** The smallest by text, which again no order of arrival can change. */
export function sortedTypes(types: readonly string[]): string[] {
  return [...new Set(types)].sort(byText).slice(0, evidenceLimits.dnsTypes);
}

/** Patterns know what they were made of. */
export function joinNamed<Entry extends Pick<NamedBehaviour, 'members'>>(joined: Entry, other: Entry): Entry {
  if (joined.members === undefined || other.members === undefined) return joined;
  const members = joinMembers(joined.members, other.members);
  return members === joined.members ? joined : { ...joined, members };
}

export function joinDns(joined: DnsEvidence, other: DnsEvidence): DnsEvidence {
  return joinNamed(joinTypes(joined, other), other);
}
