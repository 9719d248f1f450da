/** Which namespaces have taught images as much as is taken of one: for the conditions of their profiles, and for scheduling. */
import { LRUCache } from 'lru-cache';
import { imageText, type Image } from '../../core/image.ts';

export interface Refusal {
  readonly namespace: string;
  /** Of what it has its share. */
  readonly of: 'snapshots' | 'bytes';
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** 1,000 images with 16 refusals of 100 bytes are 1.6 MB. What is forgotten is told again with the next refusal. */
const remembered = 1_000;
const perImage = 16;

export class Refusals {
  readonly #refused = new LRUCache<string, readonly Refusal[]>({ max: remembered });
  readonly #onChange: (image: Image) => void;

  constructor(onChange: (image: Image) => void) {
    this.#onChange = onChange;
  }

  /** @param firstSnapshotAt of the profile: what was before that was another one */
  note(image: Image, refusal: Refusal, firstSnapshotAt: number): void {
    const key = imageText(image);
    const before = this.of(image, firstSnapshotAt);
    const { namespace, of } = refusal;
    if (before.length >= perImage || before.some((one) => one.namespace === namespace && one.of === of)) return;
    this.#refused.set(key, [...before, refusal]);
    this.#onChange(image);
  }

  of(image: Image, firstSnapshotAt: number): readonly Refusal[] {
    return (this.#refused.get(imageText(image)) ?? []).filter(({ since }) => since >= firstSnapshotAt);
  }

  /** @param firstSnapshotAt undefined if there is no profile, of which nobody has taught a share */
  has(image: Image, namespace: string, firstSnapshotAt: number | undefined): boolean {
    if (firstSnapshotAt === undefined) return false;
    return this.of(image, firstSnapshotAt).some((one) => one.namespace === namespace);
  }
}
