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
import { keepsNames } from '../pattern/kept.ts';
import { isPathPattern, pathSignature } from '../pattern/path.ts';
import { PatternTrie } from '../pattern/pattern-trie.ts';
import { isPattern } from '../pattern/template.ts';
import { isInternet, isWiderBlock, widerBlocks } from './blocks.ts';
import { below, type ComparedBehaviour, type Subject } from './diff-behaviours.ts';
import { joinDoers } from './diff-circumstances.ts';
import { foldOverlaps } from './diff-overlaps.ts';

export type Behaviours = ReadonlyMap<string, ComparedBehaviour>;
type Folded = Map<string, ComparedBehaviour>;

/** Keys of what was not compared with all patterns of the other profile, which has too many, and of what kind it is. */
export type Uncompared = ReadonlyMap<string, Subject['kind']>;

export interface FoldedNames {
  readonly before: Behaviours;
  readonly after: Behaviours;
  readonly uncompared: { readonly before: Uncompared; readonly after: Uncompared };
}

/** Both, with names counted as what stands for them on the other side. A profile is never changed by itself. */
export function foldNames(old: Behaviours, young: Behaviours): FoldedNames {
  const [before, after] = [sideOf(old), sideOf(young)];
  const [left, right] = [foldIntoPatterns(before, after), foldIntoPatterns(after, before)];
  const isWide = (one: ComparedBehaviour): boolean => isPatternOf(one) || one.subject.kind === 'network';
  const folded = foldOverlaps(foldIntoSignatures(left, right), foldIntoSignatures(right, left), {
    isWide,
    placeOf,
    elementsOf,
  });
  return {
    ...folded,
    uncompared: {
      before: new Map([...before.uncompared, ...folded.uncompared.before]),
      after: new Map([...after.uncompared, ...folded.uncompared.after]),
    },
  };
}

interface Side {
  readonly behaviours: Behaviours;
  readonly patterns: ReadonlyMap<string, PatternTrie<ComparedBehaviour>>;
  /** What each counts as, as far as it was asked for. */
  readonly known: Map<string, ComparedBehaviour>;
  readonly uncompared: Map<string, Subject['kind']>;
}

function sideOf(behaviours: Behaviours): Side {
  const patterns = new Map<string, PatternTrie<ComparedBehaviour>>();
  for (const one of behaviours.values()) {
    if (!isPatternOf(one)) continue;
    const place = placeOf(one);
    const trie = patterns.get(place) ?? new PatternTrie();
    trie.add(elementsOf(one), one);
    patterns.set(place, trie);
  }
  return { behaviours, patterns, known: new Map(), uncompared: new Map() };
}

/** What only patterns of the other profile know counts as these. */
function foldIntoPatterns(own: Side, other: Side): Folded {
  const folded: Folded = new Map();
  for (const one of own.behaviours.values()) fold(folded, one, widest(one, own, other));
  return folded;
}

/**
 * The pattern that stands for `one` on the other side may itself belong to a wider one on this side, and so on: both sides end
 * at the same. Each is wider than the one before, so this ends.
 */
function widest(one: ComparedBehaviour, own: Side, other: Side): ComparedBehaviour {
  const known = own.known.get(one.key);
  if (known !== undefined) return known;
  const pattern = other.behaviours.has(one.key) ? undefined : patternFor(one, own, other);
  const target = pattern === undefined ? one : widest(pattern, other, own);
  own.known.set(one.key, target);
  return target;
}

/** The first of the other side that stands for it. */
function patternFor(one: ComparedBehaviour, own: Side, other: Side): ComparedBehaviour | undefined {
  const { subject } = one;
  const patterns = other.patterns.get(placeOf(one));
  if (patterns === undefined || (subject.kind === 'file' && keepsNames(subject.path))) return undefined;
  const network = subject.kind === 'network' ? widerBlocks(subject.peer ?? '')?.network : undefined;
  const { value, partial } = patterns.find(network === undefined ? elementsOf(one) : [network]);
  if (value === undefined && partial) own.uncompared.set(one.key, subject.kind);
  return value;
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
 * the domain; of an endpoint the way.
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

/** By which a pattern stands for it. */
function elementsOf({ subject }: ComparedBehaviour): readonly string[] {
  if (subject.kind === 'file') return subject.path.split('/');
  if (subject.kind === 'network') return [subject.peer ?? ''];
  return subject.kind === 'dns' ? splitName(subject.name).labels : [];
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
