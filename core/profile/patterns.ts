/**
 * Patterns of names in evidence. Names of one process with one signature (core/pattern/signature.ts) are compared element by
 * element (of a path; of a DNS name, label by label). As soon as an element had four different names, those parts of it in
 * which they differ become what the signature has there; where all agree, the text stays: `base/5/1259`, `base/5/2619`,
 * `base/5/2840` and `base/5/3456` become `base/5/{digits}`, and four databases later `base/{digits}/{digits}`. A pattern
 * absorbs: whatever has its signature belongs to it from then on. Names that tell who made them (core/pattern/maker.ts) have it
 * from the first.
 *
 * This is a closure. What counts are only the different names that an element ever had among the names of one signature, and
 * the different texts that a part of it ever had; a name is given up for a pattern only where the pattern is certain, and then
 * it stays certain. So the result depends on the set of all names and on nothing else: not on their order, not on how they
 * were split over builders, and closing twice, or closing parts first, changes nothing. Signatures never change on the way, so
 * nothing that is left out (bound.ts) is ever missed by a pattern of what is kept.
 *
 * Signatures of one shape (core/pattern/shape.ts) become one when there are many different ones, in the same way: a shape depends
 * on the signature alone, all signatures that it ever had are known until then, and from then on the pattern has the shape for its
 * signature. The directories above it are compared as before, over all names of the shape.
 */
import { isMakersOwn } from '../pattern/maker.ts';
import { isShape } from '../pattern/shape.ts';
import { isPattern, isRandom } from '../pattern/template.ts';
import type { NamedBehaviour } from './evidence.ts';
import { type Absorb, addEntry } from './join.ts';
import { type Members, membersOf } from './members.ts';

/** Names that differ in one element, at which the element becomes a pattern. */
export const namesToPattern = 4;

/**
 * Of a name with more elements that may vary, all but the last two become a pattern at the second name that they have: there
 * are at most 3 × 3 names of one signature then.
 */
export const keptElements = 2;

/** How entries of one kind are named. */
export interface Naming<Entry> {
  readonly separator: '/' | '.';
  readonly textOf: (entry: Entry) => string;
  readonly renamed: (entry: Entry, text: string, members: Members, signature: string) => Entry;
  readonly keyOf: (entry: Entry) => string;
  /** Of those whose names may become one pattern. */
  readonly groupOf: (entry: Entry) => string;
  /** Of those that stand in one directory or domain; the same for a whole group. */
  readonly siblingsOf: (entry: Entry) => string;
  /** Of its shape, what tells it from its siblings. */
  readonly leafOf: (entry: Entry) => string;
  /** Entries with one key become one entry. */
  readonly absorb: Absorb<Entry>;
}

/** It is a pattern, or may become one. */
export function isVariable<Entry extends NamedBehaviour>(entry: Entry, { textOf }: Naming<Entry>): boolean {
  return entry.members !== undefined || entry.signature !== textOf(entry) || entry.shape !== entry.signature;
}

/** The finished pattern to which it would belong; the entry itself if there can be none, or if it is one. */
export function asPattern<Entry extends NamedBehaviour>(entry: Entry, naming: Naming<Entry>): Entry {
  return renameEntry(entry, entry.signature, naming);
}

/** The finished pattern of its shape. */
export function asShape<Entry extends NamedBehaviour>(entry: Entry, naming: Naming<Entry>): Entry {
  return renameEntry(entry, entry.shape, naming, entry.shape);
}

/** It stands for all names of its shape, which had many signatures. */
export function isOfShape({ signature, shape }: NamedBehaviour): boolean {
  return signature === shape && shape.includes('{') && isShape(shape.slice(shape.lastIndexOf('/') + 1));
}

/** With a name that stands for more than it had before. */
export function renameEntry<Entry extends NamedBehaviour>(
  entry: Entry,
  name: string,
  { textOf, renamed }: Naming<Entry>,
  signature = entry.signature,
): Entry {
  const text = textOf(entry);
  return name === text ? entry : renamed(entry, name, entry.members ?? membersOf(text), signature);
}

/** Closes the groups of these shapes, which names have that may vary; all others are closed already. */
export function closePatterns<Entry extends NamedBehaviour>(
  entries: ReadonlyMap<string, Entry>,
  shapes: ReadonlySet<string>,
  naming: Naming<Entry>,
  shapesToPattern: number,
): ReadonlyMap<string, Entry> {
  if (shapes.size === 0) return entries;
  const concerned: Entry[] = [];
  for (const entry of entries.values()) {
    if (isVariable(entry, naming) && shapes.has(entry.shape)) concerned.push(entry);
  }
  const renames = [...Map.groupBy(concerned, naming.groupOf).values()].flatMap((group) =>
    renamesOf(group, naming, shapesToPattern),
  );
  if (renames.length === 0) return entries;
  const closed = new Map(entries);
  for (const { before } of renames) closed.delete(naming.keyOf(before));
  for (const { after } of renames) addEntry(closed, naming.keyOf(after), after, naming.absorb);
  return closed;
}

interface Rename<Entry> {
  readonly before: Entry;
  readonly after: Entry;
}

/** Of one group, what its closure calls otherwise. */
function renamesOf<Entry extends NamedBehaviour>(
  group: readonly Entry[],
  naming: Naming<Entry>,
  shapesToPattern: number,
): Rename<Entry>[] {
  const renames: Rename<Entry>[] = [];
  const bySignature = Map.groupBy(group, ({ signature }) => signature);
  const whole = group.some(isOfShape) || bySignature.size >= shapesToPattern;
  for (const [signature, own] of whole ? [[group[0]?.shape ?? '', group] as const] : bySignature) {
    const nameAfter = closureOf(own, signature, naming);
    for (const before of own) {
      const after = renameEntry(before, nameAfter(naming.textOf(before)), naming, signature);
      if (after !== before) renames.push({ before, after });
    }
  }
  return renames;
}

/** The names of a group after it was closed. */
function closureOf<Entry extends NamedBehaviour>(
  group: readonly Entry[],
  signature: string,
  { separator, textOf }: Naming<Entry>,
): (text: string) => string {
  const wanted = signature.split(separator);
  const names = group.map((entry) => textOf(entry).split(separator));
  const variable = wanted.flatMap((element, at) => (isPattern(element) ? [at] : []));
  const certain = variable.flatMap((at, order) => {
    const whole = wanted[at] ?? '';
    if (isShape(whole) || isMakersOwn(whole)) return [{ at, element: whole }];
    const seen = new Set(names.map((elements) => elements[at] ?? ''));
    const many = seen.size >= namesToPattern || (seen.size > 1 && order < variable.length - keptElements);
    return many || [...seen].some(isPattern) ? [{ at, element: common([...seen], whole) }] : [];
  });
  if (certain.length === 0) return (text) => text;
  return (text) => {
    const elements = text.split(separator);
    for (const { at, element } of certain) elements[at] = element;
    return elements.join(separator);
  };
}

/** The parts in which all names agree, and of the others those of the signature. Random names have no parts to speak of. */
function common(names: readonly string[], signature: string): string {
  if (isRandom(signature)) return signature;
  const parts = names.map((name) => name.split(/([-._])/));
  const wanted = signature.split(/([-._])/);
  return wanted.map((part, at) => (parts.every((one) => one[at] === parts[0]?.[at]) ? parts[0]?.[at] : part)).join('');
}
