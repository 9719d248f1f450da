import { z } from 'zod';
import type { Condition } from '../../crds/common.ts';

/** A condition without what follows from the one before. */
export type ConditionFacts = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** Conditions as they come from the API server; what else they hold is not ours to read. */
export const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.string(),
  observedGeneration: z.number().int().exactOptional(),
}) satisfies z.ZodType<Condition>;

/** Of a message: an object has room for 1 KiB each of at most seven conditions (core/profile/publication.ts). */
const longestMessage = 800;

/**
 * The wanted conditions and no others. The time of the last transition stays while the status does.
 * @param at milliseconds since the epoch, and the generation that was looked at
 */
export function nextConditions(
  previous: readonly Condition[],
  wanted: readonly ConditionFacts[],
  at: { readonly now: number; readonly generation: number },
): Condition[] {
  return wanted.map((facts) => {
    const before = previous.find(({ type }) => type === facts.type);
    const lasts = before?.status === facts.status;
    return {
      ...facts,
      message: facts.message.slice(0, longestMessage),
      lastTransitionTime: lasts ? before.lastTransitionTime : timestamp(at.now),
      observedGeneration: at.generation,
    };
  });
}

/** RFC 3339 in whole seconds, as all of Kubernetes writes it. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}
