/**
 * Uploads that were refused because their namespace has its share of a profile. To find that out, evidence is unpacked, merged
 * and packed again, up to 32 MiB of it; what is as large is refused again without, as long as the profile is what it was.
 */
import { LRUCache } from 'lru-cache';
import type { Snapshot } from '../../core/activity/snapshot.ts';
import { imageText, type Image } from '../../core/image.ts';
import type { SnapshotFacts } from '../../core/profile/evidence.ts';
import type { ProfileRecord } from '../store/store.ts';
import type { Refusal } from '../store/lifecycle.ts';

/** The version alone does not tell: one that is learned anew begins at 1 again. */
export type ProfileAsStored = Pick<ProfileRecord, 'version' | 'firstSnapshotAt'>;

export interface RefusedUpload {
  readonly image: Image;
  readonly namespace: string;
  /** Of the upload as it came. */
  readonly bytes: number;
}

interface Refused {
  readonly profile: ProfileAsStored;
  /** Snapshots that taught the profile: they are duplicates, and no refusal. */
  readonly taught: ReadonlySet<string>;
  readonly byNamespace: Map<string, { readonly of: Refusal['of']; readonly bytes: number }>;
}

/**
 * A profile has 4,000 snapshots at most, each a key of 78 letters, 140 bytes in a set; with these, or 800 images of 60
 * snapshots, this is 7 MB. What is forgotten is found out again with the next upload.
 */
const snapshotsRemembered = 50_000;
const namespacesPerImage = 64;

export class RefusedBefore {
  readonly #images = new LRUCache<string, Refused>({
    maxSize: snapshotsRemembered,
    sizeCalculation: ({ taught }) => namespacesPerImage + taught.size,
  });

  note(
    upload: RefusedUpload,
    of: Refusal['of'],
    profile: ProfileAsStored,
    snapshots: readonly Pick<SnapshotFacts, 'containerId' | 'from'>[],
  ): void {
    const { image, namespace, bytes } = upload;
    if (this.find(upload, profile) !== undefined) return;
    const key = imageText(image);
    const before = this.#images.get(key);
    if (before !== undefined && isSame(before.profile, profile)) {
      const { byNamespace } = before;
      if (byNamespace.size < namespacesPerImage || byNamespace.has(namespace))
        byNamespace.set(namespace, { of, bytes });
      return;
    }
    const { version, firstSnapshotAt } = profile;
    this.#images.set(key, {
      profile: { version, firstSnapshotAt },
      taught: new Set(snapshots.map(({ containerId, from }) => `${containerId}/${from}`)),
      byNamespace: new Map([[namespace, { of, bytes }]]),
    });
  }

  /** Whether to ask the store for the profile at all. */
  has({ image, namespace }: Pick<RefusedUpload, 'image' | 'namespace'>): boolean {
    return this.#images.get(imageText(image))?.byNamespace.has(namespace) ?? false;
  }

  /**
   * Of what the namespace has its share, if an upload like this was refused while the profile was the same. What is less than
   * half as large as what was refused may have room and is heard; so often only as sizes can be halved.
   *
   * @param profile as it is stored now
   */
  find({ image, namespace, bytes }: RefusedUpload, profile: ProfileAsStored): Refusal['of'] | undefined {
    const refused = this.#images.get(imageText(image));
    const before = refused?.byNamespace.get(namespace);
    if (refused === undefined || before === undefined || !isSame(refused.profile, profile)) return undefined;
    return before.of === 'snapshots' || bytes * 2 >= before.bytes ? before.of : undefined;
  }

  /** Whether the snapshot taught the profile of which {@link find} has just found a refusal. */
  hasTaught(image: Image, { container, from }: Snapshot): boolean {
    return this.#images.get(imageText(image))?.taught.has(`${container.id}/${from}`) ?? false;
  }
}

function isSame(a: ProfileAsStored, b: ProfileAsStored): boolean {
  return a.version === b.version && a.firstSnapshotAt === b.firstSnapshotAt;
}
