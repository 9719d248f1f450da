/** Labels of the pods that run the images of profiles, as the survey sees them. */
import { isDeepStrictEqual } from 'node:util';
import { imageText, type Image } from '../../core/image.ts';
import type { LabelValues } from '../../crds/security-profile.ts';
import type { ImageRuns } from './image-runs.ts';
import type { KnownProfiles } from './known-profiles.ts';

export class LabelWatch {
  readonly #known: Pick<KnownProfiles, 'all'>;
  readonly #onChanged: (image: Image) => void;
  /** By image of a profile that runs or ran within the hour: at most 9 KB each, some 100 bytes usually. */
  #labels = new Map<string, readonly LabelValues[]>();

  constructor(known: Pick<KnownProfiles, 'all'>, onChanged: (image: Image) => void) {
    this.#known = known;
    this.#onChanged = onChanged;
  }

  /** Undefined if no pod is known to run it. */
  of(image: Image): readonly LabelValues[] | undefined {
    return this.#labels.get(imageText(image));
  }

  look(runs: ReadonlyMap<string, ImageRuns>): void {
    const before = this.#labels;
    this.#labels = new Map();
    for (const { image } of this.#known.all()) {
      const key = imageText(image);
      const labels = runs.get(key)?.labels;
      if (labels === undefined) continue;
      this.#labels.set(key, labels);
      if (!isDeepStrictEqual(labels, before.get(key) ?? [])) this.#onChanged(image);
    }
  }
}
