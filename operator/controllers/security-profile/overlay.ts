/** Conditions about what changes beside the content of a profile, which they also follow when that is sealed. Pure. */
import type { LabelValues, SecurityProfileStatus } from '../../../crds/security-profile.ts';
import type { QuarantineMark, WideMark } from '../../../core/profile/quarantine.ts';
import { type OtherBuilds, teachersUnknown } from '../../learning/new-digests.ts';
import type { Held } from '../../learning/relearning.ts';
import type { ProfileRecord } from '../../store/store.ts';
import { timestamp, type ConditionFacts } from '../conditions.ts';

export interface Overlay {
  readonly record: Pick<ProfileRecord, 'state' | 'digests' | 'name' | 'compiled'>;
  readonly otherBuilds: OtherBuilds;
  /** Behaviours held back. */
  readonly quarantined: number;
  /** By which they are. */
  readonly marks: readonly QuarantineMark[];
  /** Of pods; undefined: those of before. */
  readonly labels: readonly LabelValues[] | undefined;
}

/** The field of the status. */
export function labelsField(
  labels: readonly LabelValues[] | undefined,
  previous: SecurityProfileStatus,
): Pick<SecurityProfileStatus, 'labels'> {
  const shown = labels ?? previous.labels ?? [];
  return shown.length === 0 ? {} : { labels: shown };
}

/** 128 bytes each: the condition stays within its kilobyte. */
const shownDigests = 2;
/** 63 bytes each. */
const shownNamespaces = 2;

/** Types of the conditions that {@link overlayConditions} makes: they go when it makes none. */
export const overlayTypes: readonly string[] = ['DigestsAgree', 'Quarantined'];

export function overlayConditions(overlay: Omit<Overlay, 'labels'>): ConditionFacts[] {
  const { record, otherBuilds } = overlay;
  return [...(record.digests.length === 0 ? [] : [digestsAgree(record, otherBuilds)]), ...quarantine(overlay)];
}

function digestsAgree(record: Overlay['record'], { digests, held }: OtherBuilds): ConditionFacts {
  const count = record.digests.length;
  if (teachersUnknown(record)) {
    const message = `${count} builds and maybe more taught the profile, so nobody knows whether one that runs is another.`;
    return { type: 'DigestsAgree', status: 'Unknown', reason: 'TooManyBuilds', message };
  }
  if (digests.length === 0) {
    const message = count === 1 ? 'One build taught the profile.' : `${count} builds taught the profile.`;
    return { type: 'DigestsAgree', status: 'True', reason: 'AllLearned', message };
  }
  const shown = digests
    .slice(0, shownDigests)
    .map(({ digest, since }) => `${digest.slice(0, 90)} since ${timestamp(since)}`);
  const what = `Containers run builds that did not teach the profile: ${shown.join(', ')}${more(digests, shownDigests)}.`;
  const message = held === undefined ? what : `${what} ${heldText(record.name, held)}`;
  return { type: 'DigestsAgree', status: 'False', reason: 'NewDigest', message };
}

/** Why learning does not begin anew by itself, and what a person can do. */
export function heldText(name: string, held: Held): string {
  const anew = `To learn anew: kubectl wsp profile relearn ${name}`;
  switch (held.why) {
    case 'rollout':
      return 'Learning begins anew once those who taught most of it have moved to them, or after an hour.';
    case 'others':
      return `Learning does not begin anew by itself: they run in ${listed(held.moved)}, while most of the profile was taught by ${held.teachers.length === 0 ? 'nobody known' : listed(held.teachers)}. ${anew}`;
    case 'recent':
      return `Learning began anew for another build before, so by itself it does not before ${timestamp(held.until)}. ${anew}`;
  }
}

function listed(namespaces: readonly string[]): string {
  return `${namespaces.slice(0, shownNamespaces).join(', ')}${more(namespaces, shownNamespaces)}`;
}

function more(all: readonly unknown[], shown: number): string {
  return all.length > shown ? `, and ${all.length - shown} more` : '';
}

/** Shown without any behaviour too: what is tainted as a whole may have taught nothing yet. */
function quarantine({ record, quarantined, marks }: Omit<Overlay, 'labels'>): ConditionFacts[] {
  const wide = marks.filter((mark) => 'whole' in mark);
  if (quarantined === 0 && wide.length === 0) return [];
  const what = `${quarantined} ${quarantined === 1 ? 'behaviour' : 'behaviours'} of containers in which a rule matched`;
  const message =
    record.state === 'stable'
      ? `${what}: not known, and no part of the sealed profile unless the rule matched after it was sealed.`
      : `${what}: not known until they are released.`;
  const facts = { type: 'Quarantined', status: 'True' } as const;
  if (wide.length === 0) return [{ ...facts, reason: 'Detections', message }];
  const release = `To make it known: kubectl wsp profile release ${record.name}`;
  return [{ ...facts, reason: 'TooManyDetections', message: `${wideText(wide)} ${message} ${release}` }];
}

function wideText(wide: readonly WideMark[]): string {
  const namespaces = wide.flatMap((mark) => (mark.whole === 'namespace' ? [mark.namespace] : []));
  const whose = namespaces.length < wide.length ? 'the image' : listed(namespaces);
  return `Rules matched in too many containers to tell them apart: nothing that any container of ${whose} taught is known.`;
}
