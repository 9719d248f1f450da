/** Conditions about what changes beside the content of a profile, which they also follow when that is sealed. Pure. */
import type { NewDigest } from '../../learning/new-digests.ts';
import type { ProfileRecord } from '../../store/store.ts';
import { timestamp, type ConditionFacts } from '../conditions.ts';

export interface Overlay {
  readonly record: Pick<ProfileRecord, 'state' | 'digests'>;
  readonly newDigests: readonly NewDigest[];
  /** Behaviours held back. */
  readonly quarantined: number;
}

/** 128 bytes each: the condition stays within its kilobyte. */
const shownDigests = 5;

/** Types of the conditions that {@link overlayConditions} makes: they go when it makes none. */
export const overlayTypes: readonly string[] = ['DigestsAgree', 'Quarantined'];

export function overlayConditions({ record, newDigests, quarantined }: Overlay): ConditionFacts[] {
  return [
    ...(record.digests.length === 0 ? [] : [digestsAgree(record, newDigests)]),
    ...(quarantined === 0 ? [] : [quarantine(record, quarantined)]),
  ];
}

function digestsAgree({ digests }: Overlay['record'], newDigests: readonly NewDigest[]): ConditionFacts {
  if (newDigests.length === 0) {
    const message =
      digests.length === 1 ? 'One build taught the profile.' : `${digests.length} builds taught the profile.`;
    return { type: 'DigestsAgree', status: 'True', reason: 'AllLearned', message };
  }
  const shown = newDigests
    .slice(0, shownDigests)
    .map(({ digest, since }) => `${digest.slice(0, 90)} since ${timestamp(since)}`);
  const more = newDigests.length > shownDigests ? `, and ${newDigests.length - shownDigests} more` : '';
  const message = `Containers run builds that did not teach the profile: ${shown.join(', ')}${more}.`;
  return { type: 'DigestsAgree', status: 'False', reason: 'NewDigest', message };
}

function quarantine({ state }: Overlay['record'], count: number): ConditionFacts {
  const what = `${count} ${count === 1 ? 'behaviour' : 'behaviours'} of containers in which a rule matched`;
  const message =
    state === 'stable'
      ? `${what}: not known, and no part of the sealed profile unless the rule matched after it was sealed.`
      : `${what}: not known until they are released.`;
  return { type: 'Quarantined', status: 'True', reason: 'Detections', message };
}
