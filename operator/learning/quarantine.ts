/**
 * From a detection to the quarantine of what its container teaches. Only rules of high or critical severity come here, and
 * only while the image is learned: what is sealed was learned before, and does not change.
 */
import type { Image } from '../../core/image.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { QuarantineResult } from '../store/lifecycle.ts';
import type { Store } from '../store/store.ts';
import type { KnownProfiles } from './known-profiles.ts';
import { clockTolerance } from './verification.ts';

export interface LearningDetection {
  readonly containerId: string;
  /** Place of the process in its lineage (`lineageId`); absent if the rule names no process. */
  readonly processId?: string;
  /** When it happened, milliseconds since the epoch. */
  readonly at: number;
}

export interface QuarantineOptions {
  readonly inventory: Pick<Inventory, 'container'>;
  readonly known: Pick<KnownProfiles, 'get'>;
  /** As {@link KnownProfiles.follow} gives it, so that the profile is published anew. */
  readonly store: Pick<Store, 'quarantine'>;
}

/** `sealed`: it happened after learning had ended. `unknown`: the API server shows no such container. */
export type Quarantined = QuarantineResult | 'sealed' | 'unknown';

/**
 * The same store, but with a profile that is relearned go the marks of its containers that are there no more: what they
 * taught goes as well, and ingest takes nothing of them. While not all containers are known, all marks stay.
 */
export function dropMarksOfGone<Kept extends Pick<Store, 'archive' | 'quarantined'>>(
  store: Kept,
  { container, isComplete }: Pick<Inventory, 'container'> & { readonly isComplete: () => boolean },
): Kept {
  return {
    ...store,
    archive: async (image, reason, at, options) => {
      if (reason !== 'relearned' || !isComplete()) return store.archive(image, reason, at, options);
      const marks = await store.quarantined(image);
      const ids = new Set(marks.flatMap((mark) => ('whole' in mark ? [] : [mark.containerId])));
      const gone = [...ids].filter((id) => container(id) === undefined);
      return store.archive(image, reason, at, { ...options, gone });
    },
  };
}

export async function quarantineDetection(
  { containerId, processId, at }: LearningDetection,
  { inventory, known, store }: QuarantineOptions,
): Promise<{ readonly result: Quarantined; readonly image?: Image }> {
  const record = inventory.container(containerId);
  if (record === undefined) return { result: 'unknown' };
  const { image } = record;
  const { sealedAt = Infinity } = known.get(image) ?? {};
  // Node and operator each have a clock: what may have happened before is held back.
  if (at > sealedAt + clockTolerance) return { result: 'sealed', image };
  const mark = { containerId, ...(processId !== undefined && { processId }), since: Math.max(0, Math.floor(at)) };
  return { result: await store.quarantine(image, mark, record.pod.namespace), image };
}
