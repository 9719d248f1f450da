/** What became of an upload; label values of a metric. */
import type { UploadAnswer } from '../../core/wire/agent.ts';

export const outcomes = [
  'accepted',
  /** Stored before. */
  'duplicate',
  /** Not known yet to the API server's informers. */
  'unknown',
  /** Never known to them. */
  'unverified',
  /** On another node. */
  'node',
  /** Ends in the future, by an hour at most: taken when its time has come. */
  'early',
  /** Outside of the container's life, of the slot's length, or further in the future. */
  'period',
  /** No such slot. */
  'slot',
  /** The profile is finished. */
  'sealed',
  /** The profile holds as many snapshots as it can. */
  'full',
  /** The profile holds as many snapshots, or bytes, of this namespace as it takes of one. */
  'share',
  /** Another snapshot covers part of the period. */
  'overlap',
  /** Others changed the profile again and again meanwhile. */
  'contended',
  /** The store failed. */
  'failed',
] as const;

export type Outcome = (typeof outcomes)[number];

/** HTTP status of refusals: 403 for what the agent has no right to send, 422 for what cannot be used. */
export type IngestAnswer = UploadAnswer & { readonly status?: 403 | 422 };

const refusals: Readonly<Partial<Record<Outcome, 403 | 422>>> = {
  unverified: 403,
  node: 403,
  slot: 403,
  period: 422,
  sealed: 422,
  full: 422,
  share: 422,
  overlap: 422,
};

export function answerOf(outcome: Outcome, reason: string): IngestAnswer {
  if (outcome === 'accepted' || outcome === 'duplicate') return { result: outcome };
  const status = refusals[outcome];
  return status === undefined
    ? { result: 'retry', reason }
    : { result: 'refused', reason: `${outcome}: ${reason}`, status };
}
