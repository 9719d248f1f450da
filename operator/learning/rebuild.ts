/**
 * Evidence as it was at a time, made again from the raw snapshots of until then: the same, byte for byte, as what was merged
 * one by one, since merging knows no order. For comparing a profile over dates, and for profiles that are damaged.
 */
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { type Snapshot, snapshotLimits, snapshotSchema } from '../../core/activity/snapshot.ts';
import type { Image } from '../../core/image.ts';
import type { Evidence } from '../../core/profile/evidence.ts';
import { sightingsOf, type SnapshotContext } from '../../core/profile/from-snapshot.ts';
import { EvidenceBuilder } from '../../core/profile/merge.ts';
import type { Store, StoredSnapshot } from '../store/store.ts';
import { unpackEvidence } from './evidence-bytes.ts';
import { unpackContext } from './snapshot-context.ts';

const decompress = promisify(zstdDecompress);

/** Of up to 1 MiB each. */
const pageSize = 8;

/** A stored snapshot that is damaged, of another version, or without what was known of it. */
export class UnreadableSnapshot extends Error {}

export type EvidenceAt =
  | {
      readonly kind: 'evidence';
      readonly evidence: Evidence;
      /** Snapshots that it was made of. */
      readonly snapshots: number;
      /** `stored`: nothing came since, so it is what the store has. */
      readonly source: 'stored' | 'rebuilt';
    }
  /** Nothing had been learned of the image by then, or it was forgotten since. */
  | { readonly kind: 'nothing' }
  /** Some raw snapshots are there no more, or cannot be read; without them it would be another profile. */
  | { readonly kind: 'gone'; readonly stored: number; readonly rebuildable: number; readonly reason: string };

/**
 * @param at milliseconds since the epoch: what had been received by then, by the operator's clock. A profile of 4,000
 *   snapshots takes minutes of work in small portions; callers bound how many they have made at once
 */
export async function evidenceAt(
  store: Pick<Store, 'evidence' | 'snapshotCounts' | 'snapshots'>,
  image: Image,
  at: number,
): Promise<EvidenceAt> {
  const current = await store.evidence(image);
  if (current === undefined) return { kind: 'nothing' };
  const { snapshots: merged, lastSnapshotAt } = current.profile;
  if (at >= lastSnapshotAt) {
    const { evidence } = await unpackEvidence(current.evidence);
    return { kind: 'evidence', evidence, snapshots: merged, source: 'stored' };
  }
  // Of a profile that was in the archive nothing is known but what was learned.
  const all = await store.snapshotCounts(image, lastSnapshotAt);
  if (all.stored < merged) return gone(merged, all.rebuildable);
  const { stored, rebuildable } = await store.snapshotCounts(image, at);
  if (stored === 0) return { kind: 'nothing' };
  if (rebuildable < stored) return gone(stored, rebuildable);
  const rebuilt = await rebuild(store, image, at).catch((error: unknown) => {
    if (error instanceof UnreadableSnapshot) return error;
    throw error;
  });
  if (rebuilt instanceof UnreadableSnapshot) return { kind: 'gone', stored, rebuildable, reason: rebuilt.message };
  const { evidence, snapshots } = rebuilt;
  // Retention may have been faster than we.
  return snapshots < stored ? gone(stored, snapshots) : { kind: 'evidence', evidence, snapshots, source: 'rebuilt' };
}

function gone(stored: number, rebuildable: number): EvidenceAt {
  const reason = `of ${stored} snapshots, ${stored - rebuildable} are kept no more: retention or the archive dropped them, or they are from before they could be read again`;
  return { kind: 'gone', stored, rebuildable, reason };
}

/** Merges all raw snapshots that were received until then. @throws UnreadableSnapshot for one that is damaged, or of another version */
export async function rebuild(
  store: Pick<Store, 'snapshots'>,
  image: Image,
  at = Infinity,
): Promise<{ readonly evidence: Evidence; readonly snapshots: number }> {
  const builder = new EvidenceBuilder();
  let snapshots = 0;
  for (let after: string | undefined; ;) {
    const page = await store.snapshots(image, { limit: pageSize, ...(after !== undefined && { after }) });
    for (const one of page) {
      // They come in the order in which they were received.
      if (one.receivedAt > at) return { evidence: builder.evidence(), snapshots };
      const { snapshot, context } = await readStored(one);
      builder.add(sightingsOf(snapshot, context));
      snapshots += 1;
    }
    after = page.at(-1)?.snapshotId;
    if (after === undefined) return { evidence: builder.evidence(), snapshots };
  }
}

/** A snapshot with what the operator knew of it. @throws UnreadableSnapshot for one that is damaged, or of another version */
export async function readStored({
  snapshotId,
  bytes,
  context,
}: StoredSnapshot): Promise<{ readonly snapshot: Snapshot; readonly context: SnapshotContext }> {
  if (context === undefined)
    throw new UnreadableSnapshot(`snapshot ${snapshotId} was stored without what was known of it`);
  try {
    const json = await decompress(bytes, { maxOutputLength: snapshotLimits.jsonBytes });
    return { snapshot: snapshotSchema.parse(JSON.parse(json.toString())), context: await unpackContext(context) };
  } catch (cause) {
    throw new UnreadableSnapshot(`snapshot ${snapshotId} cannot be read by this version, or is damaged`, { cause });
  }
}
