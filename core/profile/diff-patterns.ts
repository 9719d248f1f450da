/**
 * What one profile knows by its pattern and the other by names: the more was learned, the more names became patterns, and a
 * file that belongs to a pattern of the other profile is nothing new. Such names are counted as their pattern, on their side
 * without a score, since how many containers showed any of them cannot be told from their own scores.
 */
import { splitName } from '../pattern/dns.ts';
import { isPathPattern, matchesPath } from '../pattern/path.ts';
import { isPattern, matchesTemplate } from '../pattern/template.ts';
import type { ComparedBehaviour } from './diff-behaviours.ts';

type Behaviours = ReadonlyMap<string, ComparedBehaviour>;

/** `own`, with what only patterns of `other` know counted as these patterns. A profile is never changed by itself. */
export function foldIntoPatterns(own: Behaviours, other: Behaviours): Map<string, ComparedBehaviour> {
  const patterns = Map.groupBy([...other.values()].filter(isPatternOf), placeOf);
  const folded = new Map<string, ComparedBehaviour>();
  for (const one of own.values()) {
    const pattern = other.has(one.key) ? undefined : patterns.get(placeOf(one))?.find((wide) => covers(wide, one));
    if (pattern === undefined) folded.set(one.key, one);
    else folded.set(pattern.key, { ...pattern, ways: withoutScores(one, folded.get(pattern.key)) });
  }
  return folded;
}

function isPatternOf({ subject }: ComparedBehaviour): boolean {
  if (subject.kind === 'file') return isPathPattern(subject.path);
  return subject.kind === 'dns' && subject.name.split('.').some(isPattern);
}

/**
 * Where a pattern and what it stands for always agree: process, kind, number of elements, and the directory below the root or
 * the domain. It keeps the search short, 4,000 names against 4,000 patterns at worst.
 */
function placeOf({ process, subject }: ComparedBehaviour): string {
  if (subject.kind === 'file') {
    const elements = subject.path.split('/');
    return `${process} file ${elements.length} ${elements[1] ?? ''}`;
  }
  if (subject.kind !== 'dns') return '';
  const { labels, domain } = splitName(subject.name);
  return `${process} dns ${labels.length} ${domain}`;
}

function covers({ subject: wide }: ComparedBehaviour, { subject: narrow }: ComparedBehaviour): boolean {
  if (wide.kind === 'file' && narrow.kind === 'file') return matchesPath(wide.path, narrow.path);
  if (wide.kind !== 'dns' || narrow.kind !== 'dns') return false;
  const { labels } = splitName(narrow.name);
  return splitName(wide.name).labels.every((template, index) => matchesTemplate(template, labels[index] ?? ''));
}

function withoutScores(one: ComparedBehaviour, known: ComparedBehaviour | undefined): ComparedBehaviour['ways'] {
  return Object.fromEntries([...Object.keys(known?.ways ?? {}), ...Object.keys(one.ways)].map((way) => [way, null]));
}
