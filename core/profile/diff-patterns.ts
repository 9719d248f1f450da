/**
 * Names that are no news, though only one of the profiles has them:
 * - One knows by a pattern, or a wider block of addresses, what the other knows by names: the more was learned, the more names became patterns.
 * - Each has names of its own of one signature, so what makes the names is the same (`/dev/shm/PostgreSQL.1027192894`).
 *
 * What overlaps is compared as one as well, but is news (diff-overlaps.ts).
 *
 * Both are compared as the pattern or signature, without scores: how many containers showed any of the names cannot be told
 * from the scores of each.
 */
import { nameSignature, splitName } from '../pattern/dns.ts';
import { isPathPattern, matchesPath, pathSignature } from '../pattern/path.ts';
import { isPattern, matchesTemplate } from '../pattern/template.ts';
import { blockCovers, isInternet, isWiderBlock } from './blocks.ts';
import { below, type ComparedBehaviour } from './diff-behaviours.ts';
import { joinDoers } from './diff-circumstances.ts';
import { foldOverlaps } from './diff-overlaps.ts';

export type Behaviours = ReadonlyMap<string, ComparedBehaviour>;
type Folded = Map<string, ComparedBehaviour>;

/** Both, with names counted as what stands for them on the other side. A profile is never changed by itself. */
export function foldNames(old: Behaviours, young: Behaviours): readonly [Behaviours, Behaviours] {
  const [before, after] = foldIntoPatterns(old, young);
  const [left, right] = [foldIntoSignatures(before, after), foldIntoSignatures(after, before)];
  return foldOverlaps(left, right, { isWide: (one) => isPatternOf(one) || one.subject.kind === 'network', placeOf });
}

/** What only patterns of the other profile know counts as these. */
function foldIntoPatterns(old: Behaviours, young: Behaviours): readonly [Folded, Folded] {
  const [before, after] = [sideOf(old), sideOf(young)];
  const foldInto = (own: Side, other: Side): Folded => {
    const folded: Folded = new Map();
    for (const one of own.behaviours.values()) fold(folded, one, widest(one, own, other));
    return folded;
  };
  return [foldInto(before, after), foldInto(after, before)];
}

interface Side {
  readonly behaviours: Behaviours;
  readonly patterns: ReadonlyMap<string, readonly ComparedBehaviour[]>;
  /** What each counts as, as far as it was asked for. */
  readonly known: Map<string, ComparedBehaviour>;
}

function sideOf(behaviours: Behaviours): Side {
  const patterns = Map.groupBy([...behaviours.values()].filter(isPatternOf), placeOf);
  return { behaviours, patterns, known: new Map() };
}

/**
 * The pattern that stands for `one` on the other side may itself belong to a wider one on this side, and so on: both sides end
 * at the same. Each is wider than the one before, so this ends.
 */
function widest(one: ComparedBehaviour, own: Side, other: Side): ComparedBehaviour {
  const known = own.known.get(one.key);
  if (known !== undefined) return known;
  const pattern = other.behaviours.has(one.key)
    ? undefined
    : other.patterns.get(placeOf(one))?.find((wide) => covers(wide, one));
  const target = pattern === undefined ? one : widest(pattern, other, own);
  own.known.set(one.key, target);
  return target;
}

/** `own`, with what has its signature in common with names that only `other` has counted as that signature. */
function foldIntoSignatures(own: Behaviours, other: Behaviours): Folded {
  const theirs = new Set([...other.values()].filter(({ key }) => !own.has(key)).map((one) => bySignature(one)?.key));
  const folded: Folded = new Map();
  for (const one of own.values()) {
    const generated = other.has(one.key) ? undefined : bySignature(one);
    fold(folded, one, generated !== undefined && theirs.has(generated.key) ? generated : one);
  }
  return folded;
}

/** Undefined where names are kept as they are. */
function bySignature({ subject, process, lineage, ways, doers }: ComparedBehaviour): ComparedBehaviour | undefined {
  const place = { key: process ?? '', lineage };
  if (subject.kind === 'file') {
    const path = pathSignature(subject.path);
    return path === subject.path ? undefined : below(place, { kind: 'file', path }, ways, doers);
  }
  if (subject.kind !== 'dns') return undefined;
  const name = nameSignature(subject.name);
  return name === subject.name ? undefined : below(place, { kind: 'dns', name }, ways);
}

function isPatternOf({ subject }: ComparedBehaviour): boolean {
  if (subject.kind === 'file') return isPathPattern(subject.path);
  // That somebody talks to the Internet is news where it was a few networks (diff-overlaps.ts).
  if (subject.kind === 'network') return isWiderBlock(subject.peer ?? '') && !isInternet(subject.peer ?? '');
  return subject.kind === 'dns' && subject.name.split('.').some(isPattern);
}

/**
 * Where a pattern and what it stands for always agree: process, kind, number of elements, and the directory below the root or
 * the domain; of an endpoint the way. It keeps the search short, 4,000 names against 4,000 patterns at worst.
 */
function placeOf({ process, subject }: ComparedBehaviour): string {
  if (subject.kind === 'file') {
    const elements = subject.path.split('/');
    return `${process} file ${elements.length} ${elements[1] ?? ''}`;
  }
  if (subject.kind === 'network') return `${process} network ${subject.direction} ${subject.protocol}`;
  if (subject.kind !== 'dns') return '';
  const { labels, domain } = splitName(subject.name);
  return `${process} dns ${labels.length} ${domain}`;
}

function covers({ subject: wide }: ComparedBehaviour, { subject: narrow }: ComparedBehaviour): boolean {
  if (wide.kind === 'file' && narrow.kind === 'file') {
    // What stands before the first brace stands for itself: of many patterns in one directory, few get past this.
    return narrow.path.startsWith(wide.path.slice(0, wide.path.indexOf('{'))) && matchesPath(wide.path, narrow.path);
  }
  if (wide.kind === 'network' && narrow.kind === 'network') return blockCovers(wide.peer ?? '', narrow.peer ?? '');
  if (wide.kind !== 'dns' || narrow.kind !== 'dns') return false;
  const { labels } = splitName(narrow.name);
  return splitName(wide.name).labels.every((template, index) => matchesTemplate(template, labels[index] ?? ''));
}

/** `one` counts as `target`, which others may count as too, and which may be there itself: before or after them. */
function fold(folded: Folded, one: ComparedBehaviour, target: ComparedBehaviour): void {
  const known = folded.get(target.key);
  if (target === one && known === undefined) folded.set(one.key, one);
  else {
    const doers = known === undefined ? one.doers : joinDoers(known.doers, one.doers);
    folded.set(target.key, { ...target, ways: withoutScores(one, known), doers });
  }
}

function withoutScores(one: ComparedBehaviour, known: ComparedBehaviour | undefined): ComparedBehaviour['ways'] {
  return Object.fromEntries([...Object.keys(known?.ways ?? {}), ...Object.keys(one.ways)].map((way) => [way, null]));
}
