/** A difference of profiles for people: what came, what changed, what is gone, each by relevance. */
import { anyPort, type Subject, type Ways } from '../../../core/profile/diff-behaviours.ts';
import type { Doing } from '../../../core/profile/diff-circumstances.ts';
import { relevances, type Relevance } from '../../../core/profile/diff-relevance.ts';
import { type Caveat, type Difference, hasCome, type ProfileDiff } from '../../../core/profile/diff.ts';
import type { Paint } from './paint.ts';
import { safe } from './safe.ts';

export interface DiffTextOptions {
  /** How the two are called. */
  readonly before: string;
  readonly after: string;
  /** Also what merely came or went with its process. */
  readonly all: boolean;
  readonly paint: Paint;
}

export function diffText(diff: ProfileDiff, options: DiffTextOptions): string {
  const { paint, all } = options;
  const isShown = (one: Difference): boolean => all || one.withProcess !== true || telling.has(one.relevance);
  const shown = diff.differences.filter(isShown);
  const lines = [
    paint('bold', `${safe(options.before)} -> ${safe(options.after)}`),
    summary(diff, diff.differences.length - shown.length),
    ...diff.caveats.map((caveat) => paint('yellow', `note: ${caveatText(caveat)}`)),
  ];
  for (const { title, belongs } of stages) {
    const some = shown.filter(belongs);
    if (some.length > 0) lines.push('', paint('bold', title), ...section(some, paint));
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** What is said even of a new process, which of course does something new. */
export const telling: ReadonlySet<Relevance> = new Set<Relevance>([
  'sensitive-write',
  'secret-read',
  'metadata',
  'apiserver',
  'outbound',
  'cluster-outbound',
  'listen',
  'name',
]);

const stages: readonly { readonly title: string; readonly belongs: (one: Difference) => boolean }[] = [
  { title: 'Came', belongs: hasCome },
  { title: 'Changed', belongs: (one) => one.change === 'changed' && !hasCome(one) },
  { title: 'Gone', belongs: ({ change }) => change === 'gone' },
];

function summary({ differences, threshold }: ProfileDiff, hidden: number): string {
  if (differences.length === 0) return `No difference; commonality within ${threshold} points counts as none.`;
  const count = (change: Difference['change']): number => differences.filter((one) => one.change === change).length;
  const more = hidden === 0 ? '' : ` Not shown are ${hidden} that only came or went with a process (--all).`;
  return `${count('new')} new, ${count('changed')} changed, ${count('gone')} gone.${more}`;
}

function section(differences: readonly Difference[], paint: Paint): string[] {
  return [...Map.groupBy(differences, ({ relevance }) => relevance)].flatMap(([relevance, list]) => [
    `  ${relevances[relevance]}`,
    ...linesOf(list, paint).map((line) => `    ${line}`),
  ]);
}

/** What containers do as a whole is many short names, and nothing else is to be said of each. */
function linesOf(differences: readonly Difference[], paint: Paint): string[] {
  const [first] = differences;
  if (first === undefined || (first.kind !== 'syscall' && first.kind !== 'capability')) {
    return differences.map((one) => line(one, paint));
  }
  const [mark, style] = marks[first.change];
  const names = differences.map((one) => ('name' in one ? one.name : ''));
  return [`${paint(style, mark)} ${safe(names.join(' '))}`];
}

const marks = {
  new: ['+', 'red'],
  changed: ['~', 'yellow'],
  gone: ['-', 'green'],
} as const;

function line(one: Difference, paint: Paint): string {
  const [mark, style] = marks[one.change];
  const below = one.kind === 'process' ? one.lineage.slice(0, -1) : one.lineage;
  const by = below.length === 0 ? '' : paint('dim', `  by ${safe(below.join(' > '))}`);
  return `${paint(style, `${mark} ${safe(subjectText(one))}`)}${waysText(one)}${overlapText(one)}${by}`;
}

function overlapText({ overlapping }: Difference): string {
  if (overlapping === undefined) return '';
  const { before, after } = overlapping;
  return safe(`; partly known, was ${before.join(', ')}, is ${after.join(', ')}`);
}

function subjectText(one: Subject & Pick<Difference, 'lineage'>): string {
  switch (one.kind) {
    case 'process':
      return `process ${one.lineage.at(-1) ?? ''}`;
    case 'file':
      return `file ${one.path}`;
    case 'network':
      return [one.direction, one.protocol, one.peer].filter((part) => part !== undefined).join(' ');
    case 'dns':
    case 'syscall':
    case 'capability':
      return `name ${one.name}`;
  }
}

function waysText({ kind, before, after, gained, lost, shifted, actors, phases }: Difference): string {
  const named = (way: string): string => (kind === 'network' && way !== anyPort ? `port ${way}` : way);
  if (before === undefined || after === undefined) return said(listed(after ?? before ?? {}, named));
  return said([
    ...gained.map((way) => `now also ${named(way)}${scoreText(after[way])}`),
    ...byActor(actors?.gained).map((text) => `now also ${text}`),
    ...(phases?.gained ?? []).map(() => 'now also after the start'),
    ...lost.map((way) => `no longer ${named(way)}`),
    ...byActor(actors?.lost).map((text) => `no longer ${text}`),
    ...(phases?.lost ?? []).map(() => 'now only at the start'),
    ...shifted.map((way) => `${named(way)} ${before[way]} % -> ${after[way]} %`),
  ]);
}

/** `read, write by exec` */
function byActor(doings: readonly Doing[] = []): string[] {
  const ways = Map.groupBy(doings, ({ actor }) => actor);
  return [...ways].map(([actor, list]) => `${list.map(({ way }) => way).join(', ')} by ${actor}`);
}

function said(parts: readonly string[]): string {
  return parts.length === 0 ? '' : `: ${safe(parts.join(', '))}`;
}

/** Ways of one score together: `read, write 100 %`. */
function listed(ways: Ways, named: (way: string) => string): string[] {
  const byScore = Map.groupBy(Object.entries(ways), ([, score]) => score);
  return [...byScore].map(([score, list]) => `${list.map(([way]) => named(way)).join(', ')}${scoreText(score)}`);
}

function scoreText(score: number | null | undefined): string {
  return typeof score === 'number' ? ` ${score} %` : '';
}

export const kindNames = {
  process: 'processes',
  file: 'files',
  dns: 'names',
  network: 'endpoints',
  syscall: 'system calls',
  capability: 'capabilities',
} as const;

export function caveatText(caveat: Caveat): string {
  const side = caveat.side === 'before' ? 'the first' : 'the second';
  if (caveat.reason === 'blind-spot') {
    return `containers of ${side} profile went past the agent (${caveat.name}: ${caveat.containers}): what they did by that is not compared`;
  }
  const kind = kindNames[caveat.kind];
  if (caveat.reason === 'not-watched') return `${kind} were not watched for ${side} profile: they are not compared`;
  if (caveat.reason === 'too-many-patterns') {
    return `${caveat.count} ${kind} of ${side} profile were not compared with all patterns of the other, which has too many: some may only seem new or gone`;
  }
  return `${side} profile holds ${caveat.count} more ${kind} than there is room for: some may only seem new or gone`;
}
