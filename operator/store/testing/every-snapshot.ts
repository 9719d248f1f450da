/** Every snapshot of an image in the order of the store, however many: it gives them a page at a time. */
import type { Image } from '../../../core/image.ts';
import { largestPage } from '../limits.ts';
import type { Store, StoredSnapshot } from '../store.ts';

export async function everySnapshot(store: Pick<Store, 'snapshots'>, image: Image): Promise<StoredSnapshot[]> {
  const all: StoredSnapshot[] = [];
  for (;;) {
    const last = all.at(-1);
    const page = await store.snapshots(image, {
      limit: largestPage,
      ...(last !== undefined && { after: last.snapshotId }),
    });
    all.push(...page);
    if (page.length < largestPage) return all;
  }
}
