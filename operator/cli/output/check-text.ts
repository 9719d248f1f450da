/** What a profile does not know, for people. */
import type { Undecidable } from '../../../core/match/compiled-profile.ts';
import type { CheckAnswer } from '../input/check-answer.ts';
import { kindNames, telling } from './diff-text.ts';
import type { Paint } from './paint.ts';
import { titleOf } from './profile-head.ts';
import { safe } from './safe.ts';

export interface CheckTextOptions {
  /** Also what a process did that is not known itself. */
  readonly all: boolean;
  readonly paint: Paint;
}

export function checkText(answer: CheckAnswer, { all, paint }: CheckTextOptions): string {
  const shown = answer.unknown.filter(
    ({ relevance, withProcess }) => all || withProcess !== true || telling.has(relevance),
  );
  const lines = [
    paint('bold', safe(headOf(answer))),
    countsOf(answer),
    ...notesOf(answer, answer.unknown.length - shown.length).map((note) => paint('yellow', `note: ${safe(note)}`)),
  ];
  for (const [why, rows] of Map.groupBy(shown, (row) => row.why)) {
    lines.push(
      '',
      paint('bold', safe(why)),
      ...rows.map((row) => `  ${safe(row.sentence)}${paint('dim', whoOf(row))}`),
    );
  }
  return lines.map((line) => `${line}\n`).join('');
}

function headOf({ profile, snapshots, containers }: CheckAnswer): string {
  const { name, image, at } = profile;
  const title = titleOf({
    metadata: { ...(name !== undefined && { name }) },
    spec: { ...(image !== undefined && { image }) },
  });
  const when = at === undefined ? profile.state : `as it was at ${at}`;
  return `${title} (${when}) and ${counted(snapshots, 'snapshot')} of ${counted(containers, 'container')}`;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function countsOf({ counts, unknown }: CheckAnswer): string {
  const { known, undecided, probes } = counts;
  const more = [
    ...(undecided > 0 ? [`${undecided} undecided`] : []),
    ...(probes > 0 ? [`${probes} of probes alone`] : []),
  ];
  const seen = unknown.length === counts.unknown ? '' : ` (${unknown.length} different ones)`;
  return `${[`${known} known`, `${counts.unknown} not known${seen}`, ...more].join(', ')}.`;
}

function notesOf(answer: CheckAnswer, hidden: number): string[] {
  const { undecided, notWatched, moreSnapshots, unreadable = 0, omitted } = answer;
  return [
    ...Object.entries(undecided).map(([reason, count]) => `${count} undecided: ${undecidedText(reason)}`),
    ...(notWatched.length === 0
      ? []
      : [`${notWatched.map((kind) => kindNames[kind]).join(', ')} were never watched for this profile: not compared`]),
    ...(hidden === 0 ? [] : [`not shown are ${hidden} of processes that are not known themselves (--all)`]),
    ...(moreSnapshots === true
      ? ['there are more snapshots, not compared: ask for a later time, or one container']
      : []),
    ...(unreadable === 0
      ? []
      : [
          `${counted(unreadable, 'snapshot')} in the store could not be read, and not be compared: damaged, or of another version`,
        ]),
    ...(omitted === 0 ? [] : [`${omitted} more are not known, the least relevant: there was no room for them`]),
  ];
}

const undecidedTexts: Readonly<Record<Undecidable, string>> = {
  'kind-not-collected': 'no container was watched for it',
  omitted: 'the profile has more of this kind than it has room for, and this may be one of them',
  truncated: 'part of its name is missing',
  'lineage-too-deep': 'deeper than lineages are told apart',
  'peer-unresolved': 'nobody knows whose the address was, and the profile has such endpoints',
  'too-many-patterns': 'too many patterns of the profile overlap',
  'program-unknown': 'the program of its process was not seen',
};

function undecidedText(reason: string): string {
  const known = Object.entries(undecidedTexts).find(([word]) => word === reason);
  return known?.[1] ?? reason;
}

function whoOf({ by = [], containers }: CheckAnswer['unknown'][number]): string {
  const parts = [
    ...(by.length > 0 ? [`by ${by.join(', ')}`] : []),
    ...(containers > 1 ? [`${containers} containers`] : []),
  ];
  return parts.length === 0 ? '' : `  (${parts.join('; ')})`;
}
