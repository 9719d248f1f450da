/** Labels of the pods that run the images of profiles, as the survey sees them. */
import { isDeepStrictEqual } from 'node:util';
import { imageText, type Image } from '../../core/image.ts';
import type { LabelValues } from '../../crds/security-profile.ts';
import type { ImageRuns } from './image-runs.ts';
import type { KnownProfiles } from './known-profiles.ts';

/**
 * Between two changes of one image's labels: each is a write of its object, beside the interval of content. Whoever labels a pod
 * again and again, or makes pods with a label each, brings about no more of them.
 */
const restMs = 5 * 60_000;

interface Told {
  readonly labels: readonly LabelValues[];
  /** By the clock of the survey; absent if nothing was told yet. */
  readonly at?: number;
}

export class LabelWatch {
  readonly #known: Pick<KnownProfiles, 'all'>;
  readonly #onChanged: (image: Image) => void;
  /** By image of a profile that runs or ran within the hour: at most 9 KB each, some 100 bytes usually. */
  #told = new Map<string, Told>();

  constructor(known: Pick<KnownProfiles, 'all'>, onChanged: (image: Image) => void) {
    this.#known = known;
    this.#onChanged = onChanged;
  }

  /** Undefined if no pod is known to run it. */
  of(image: Image): readonly LabelValues[] | undefined {
    return this.#told.get(imageText(image))?.labels;
  }

  look(runs: ReadonlyMap<string, ImageRuns>, now: number): void {
    const before = this.#told;
    this.#told = new Map();
    for (const { image } of this.#known.all()) {
      const key = imageText(image);
      const labels = runs.get(key)?.labels;
      if (labels === undefined) continue;
      const told = before.get(key) ?? { labels: [] };
      const isNews = !isDeepStrictEqual(labels, told.labels) && isDue(told, now);
      this.#told.set(key, isNews ? { labels, at: now } : told);
      if (isNews) this.#onChanged(image);
    }
  }
}

/** The clock may have been set back. */
function isDue({ at }: Told, now: number): boolean {
  return at === undefined || Math.abs(now - at) >= restMs;
}
