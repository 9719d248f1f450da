/** What stands above a profile: the image, where learning stands, and what the profile was learned from. */
import type { ProfileDocument } from '../input/profile-document.ts';
import type { Paint } from './paint.ts';
import { safe } from './safe.ts';

type Evidence = NonNullable<ProfileDocument['spec']['evidence']>;

interface Titled {
  readonly metadata: ProfileDocument['metadata'];
  readonly spec: Pick<ProfileDocument['spec'], 'image'>;
}

export function titleOf({ metadata, spec }: Titled): string {
  const image = spec.image === undefined ? undefined : `${spec.image.name}:${spec.image.tag}`;
  return image ?? metadata.name ?? 'a profile without image';
}

export function profileHead(profile: ProfileDocument, paint: Paint): string[] {
  const { spec, status } = profile;
  const doubts = status.conditions.filter(({ type, status: holds }) => type === 'Complete' && holds === 'False');
  return [
    paint('bold', safe(titleOf(profile))),
    `state        ${safe(status.state ?? (spec.sealed ? 'Stable' : 'Learning'))}`,
    ...(spec.evidence === undefined ? [] : learnedFrom(spec.evidence)),
    ...labelLine(status.labels),
    `commonality  ${status.commonality === undefined ? 'none (it takes two containers)' : `${status.commonality} %`}`,
    ...(status.recurrence === undefined
      ? []
      : [`recurrence   ${status.recurrence} % (how alike the periods of its one container are)`]),
    ...doubts.map(({ message }) => paint('yellow', `not complete ${safe(message)}`)),
    ...leftOut(spec.evidence?.omitted),
    ...compiledLines(status.compiled),
  ];
}

function learnedFrom(evidence: Evidence): string[] {
  const { snapshots = 0, containers = 0, nodes = 0, firstSeen, lastSeen, workloads, workloadsOmitted = 0 } = evidence;
  const more = workloadsOmitted > 0 ? `, … (${workloadsOmitted} more)` : '';
  const on = nodes === 0 ? '' : ` on ${counted(nodes, 'node')}`;
  const when =
    firstSeen === undefined || lastSeen === undefined ? '' : `, ${minutes(firstSeen)} to ${minutes(lastSeen)}`;
  return [
    `learned from ${counted(snapshots, 'snapshot')} of ${counted(containers, 'container')}${on}${safe(when)}`,
    ...(workloads.length === 0 ? [] : [`workloads    ${safe(workloads.join(', '))}${more}`]),
  ];
}

function labelLine(labels: ProfileDocument['status']['labels']): string[] {
  const texts = labels.flatMap(({ key, values, omitted = 0 }) => [
    ...values.map((value) => `${key}=${value}`),
    ...(omitted > 0 ? [`${key}=… (${omitted} more)`] : []),
  ]);
  return texts.length === 0 ? [] : [`labels       ${safe(texts.join(', '))}`];
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function minutes(time: string): string {
  return time.replace('T', ' ').replace(/:\d\d(?:\.\d+)?Z$/, 'Z');
}

/** The form that agents hold. */
function compiledLines(compiled: ProfileDocument['status']['compiled']): string[] {
  if (compiled === undefined) return [];
  const { digest, bytes, fingerprints, omitted } = compiled;
  const without = countsText(omitted);
  return [
    `compiled     ${safe(digest)}`,
    `             ${counted(fingerprints, 'fingerprint')} in ${counted(bytes, 'byte')}${without === '' ? '' : `; no room for ${without}`}`,
  ];
}

function leftOut(omitted: Evidence['omitted']): string[] {
  const without = countsText(omitted);
  return without === '' ? [] : [`left out     ${without}: the object has no room for them`];
}

function countsText(omitted: Evidence['omitted']): string {
  const parts = Object.entries(omitted ?? {}).filter(([, count]) => count > 0);
  return parts.map(([kind, count]) => `${count} ${kind}`).join(', ');
}
