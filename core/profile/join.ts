/** Two sightings of one behaviour as one: union of sets, extremes of extremes. The first of each pair is changed, and the caller's own. */
import type { PeriodSet } from './container-set.ts';
import {
  type Behaviour,
  byText,
  type DnsEvidence,
  evidenceLimits,
  type NamedBehaviour,
  type ProcessEvidence,
} from './evidence.ts';
import { joinMembers } from './members.ts';

/** Makes one entry of two that have one key. */
export type Absorb<Entry> = (own: Entry, other: Entry) => void;

type Mutable<Entry> = { -readonly [Field in keyof Entry]: Entry[Field] };

/** Puts it in, or makes one of it and the entry that has its key, in place of that. */
export function addEntry<Entry>(entries: Map<string, Entry>, key: string, entry: Entry, absorb: Absorb<Entry>): void {
  const known = entries.get(key);
  if (known === undefined) {
    entries.set(key, entry);
    return;
  }
  const joined = { ...known };
  absorb(joined, entry);
  entries.set(key, joined);
}

/** The sets of both are of the same tables. Where a union is no more than was known, its set stays, which others may share. */
export function absorbBehaviour(own: Mutable<Behaviour>, other: Behaviour): void {
  own.actors |= other.actors;
  own.phases |= other.phases;
  if (other.first < own.first) own.first = other.first;
  if (other.last > own.last) own.last = other.last;
  const union = own.containers | other.containers;
  if (union !== own.containers) own.containers = union;
  const periods = unionOfPeriods(own.periods, other.periods);
  if (periods !== own.periods) own.periods = periods;
}

/** What is not known of one of them is not known of both. */
function unionOfPeriods(left: PeriodSet | undefined, right: PeriodSet | undefined): PeriodSet | undefined {
  return left === undefined || right === undefined ? undefined : left | right;
}

export function absorbProcess(own: Mutable<ProcessEvidence>, other: ProcessEvidence): void {
  absorbBehaviour(own, other);
  own.maxInstances = Math.max(own.maxInstances, other.maxInstances);
}

type MadeOfMany = Behaviour & Pick<NamedBehaviour, 'members'>;

/** Patterns and wider blocks know what they were made of. */
export function absorbNamed(own: Mutable<MadeOfMany>, other: MadeOfMany): void {
  absorbBehaviour(own, other);
  if (other.members !== undefined) {
    own.members = own.members === undefined ? other.members : joinMembers(own.members, other.members);
  }
}

export function absorbDns(own: Mutable<DnsEvidence>, other: DnsEvidence): void {
  absorbNamed(own, other);
  if (other.types.some((type) => !own.types.includes(type))) own.types = sortedTypes([...own.types, ...other.types]);
}

/** The smallest by text, which again no order of arrival can change. */
export function sortedTypes(types: readonly string[]): string[] {
  return [...new Set(types)].sort(byText).slice(0, evidenceLimits.dnsTypes);
}
