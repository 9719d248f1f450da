/** Which namespaces have taught images as much as is taken of one: for the conditions of their profiles, and for scheduling. */
import { LRUCache } from 'lru-cache';
import { imageText, type Image } from '../../core/image.ts';
import type { Clock } from '../clock.ts';
import type { Refusal } from '../store/lifecycle.ts';
import { refusalsPerImage } from '../store/limits.ts';
import type { Store } from '../store/store.ts';

export interface RefusalsOptions {
  readonly store: Pick<Store, 'recordRefusal'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** What a namespace may teach the image is another from now on. */
  readonly onChange: (image: Image) => void;
  /** A refusal was not kept: after a restart it is told again with the next one. */
  readonly onError: (error: unknown) => void;
}

interface Known extends Refusal {
  /** Monotonic: when it was found out that nothing is taken. */
  readonly triedAt: number;
}

/** 1,000 images with 16 refusals of 100 bytes are 1.6 MB. What is forgotten is told again with the next refusal. */
const remembered = 1_000;

/**
 * What was refused for its bytes says nothing of what is smaller, and how large a snapshot will be nobody knows before it is
 * there. So slots are given again after this time, until the next refusal: of the 48 h for which a profile learns by default,
 * for eight periods.
 */
const triedAgainMs = 6 * 60 * 60_000;

export class Refusals {
  readonly #refused = new LRUCache<string, readonly Known[]>({ max: remembered });
  readonly #options: RefusalsOptions;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** Takes in what the store holds; to be called before anything is refused. */
  async load(store: Pick<Store, 'refusals'>): Promise<void> {
    const triedAt = this.#options.clock.monotonic();
    // Oldest first, as they came: those of an image are told in this order, and what is set last is forgotten last.
    for (const { image, ...refusal } of (await store.refusals()).toReversed()) {
      const key = imageText(image);
      this.#refused.set(key, [...(this.#refused.get(key) ?? []), { ...refusal, triedAt }]);
    }
  }

  /** @param firstSnapshotAt of the profile: what was before that was another one */
  note(image: Image, refusal: Refusal, firstSnapshotAt: number): void {
    const { store, clock, onChange, onError } = this.#options;
    const known = this.#known(image, firstSnapshotAt);
    const before = known.find(({ namespace, of }) => namespace === refusal.namespace && of === refusal.of);
    if (before === undefined ? known.length >= refusalsPerImage : this.#holds(before)) return;
    const tried = { ...(before ?? refusal), triedAt: clock.monotonic() };
    this.#refused.set(
      imageText(image),
      before === undefined ? [...known, tried] : known.with(known.indexOf(before), tried),
    );
    if (before === undefined) store.recordRefusal(image, refusal).catch(onError);
    onChange(image);
  }

  of(image: Image, firstSnapshotAt: number): readonly Refusal[] {
    return this.#known(image, firstSnapshotAt).map(({ triedAt: _at, ...refusal }) => refusal);
  }

  /**
   * Whether a slot would be in vain.
   *
   * @param firstSnapshotAt undefined if there is no profile, of which nobody has taught a share
   */
  has(image: Image, namespace: string, firstSnapshotAt: number | undefined): boolean {
    if (firstSnapshotAt === undefined) return false;
    return this.#known(image, firstSnapshotAt).some((one) => one.namespace === namespace && this.#holds(one));
  }

  #known(image: Image, firstSnapshotAt: number): readonly Known[] {
    return (this.#refused.get(imageText(image)) ?? []).filter(({ since }) => since >= firstSnapshotAt);
  }

  #holds({ of, triedAt }: Known): boolean {
    return of === 'snapshots' || this.#options.clock.monotonic() - triedAt < triedAgainMs;
  }
}
