/** Two sightings of one behaviour as one: union of sets, extremes of extremes. */
import type { ContainerSet } from './container-set.ts';
import {
  type Behaviour,
  byText,
  type DnsEvidence,
  evidenceLimits,
  type NamedBehaviour,
  type ProcessEvidence,
} from './evidence.ts';
import { joinMembers } from './members.ts';

/** What is joined besides the sets and extremes that all behaviours have. */
export type Join<Entry> = (joined: Entry, other: Entry) => Entry;

/**
 * What adds nothing costs nothing: the left one is returned as it is, and its set is shared. `containers` are those of the right
 * one in the left one's table.
 */
export function joinBehaviours<Entry extends Behaviour>(
  left: Entry,
  right: Behaviour,
  containers: ContainerSet = right.containers,
): Entry {
  const actors = left.actors | right.actors;
  const phases = left.phases | right.phases;
  const first = Math.min(left.first, right.first);
  const last = Math.max(left.last, right.last);
  const union = left.containers | containers;
  const more = union !== left.containers;
  const grown = more || actors !== left.actors || phases !== left.phases || first !== left.first || last !== left.last;
  return grown ? { ...left, actors, phases, first, last, containers: more ? union : left.containers } : left;
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
export function joinNamed<Entry extends NamedBehaviour>(joined: Entry, other: Entry): Entry {
  if (joined.members === undefined || other.members === undefined) return joined;
  const members = joinMembers(joined.members, other.members);
  return members === joined.members ? joined : { ...joined, members };
}

export function joinDns(joined: DnsEvidence, other: DnsEvidence): DnsEvidence {
  return joinNamed(joinTypes(joined, other), other);
}
