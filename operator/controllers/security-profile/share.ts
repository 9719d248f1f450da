/** The condition that says whose snapshots are refused because their namespace has taught its share. Pure. */
import type { Refusal } from '../../store/lifecycle.ts';
import { timestamp, type ConditionFacts } from '../conditions.ts';

export const shareType = 'ShareTaken';
/** 100 bytes each: the condition stays within its kilobyte. */
const shown = 4;

export function shareConditions(name: string, refusals: readonly Refusal[]): ConditionFacts[] {
  if (refusals.length === 0) return [];
  const whose = refusals
    .slice(0, shown)
    .map(({ namespace, of, since }) => `${namespace} (${of}, since ${timestamp(since)})`)
    .join(', ');
  const more = refusals.length > shown ? `, and ${refusals.length - shown} more` : '';
  const smaller = refusals.some(({ of }) => of === 'bytes')
    ? ' Whether what is smaller has room is tried every 6 h.'
    : '';
  const message = `What these namespaces teach is refused, because with it they would take more of the profile than they leave to others: ${whose}${more}. Others go on.${smaller} To begin anew: kubectl wsp profile relearn ${name}`;
  return [{ type: shareType, status: 'True', reason: 'NamespaceTaughtItsShare', message }];
}
