/** The part of a store's conformance that is about namespaces that have taught their share. */
import { describe, expect, it } from 'vitest';
import type { Refusal } from '../lifecycle.ts';
import { refusalsPerImage } from '../limits.ts';
import type { Store } from '../store.ts';
import { commitOf, nginx } from './records.ts';

const refusal = (fields: Partial<Refusal> = {}): Refusal => ({ namespace: 'shop', of: 'bytes', since: 5, ...fields });

/** @param current the store of the test that runs */
export function refusalConformance(current: () => Store): void {
  describe('refusals', () => {
    it('are kept once, as they were first, and told newest first', async () => {
      await current().commitSnapshot(commitOf(1));
      expect(await current().recordRefusal(nginx, refusal())).toBe(true);
      expect(await current().recordRefusal(nginx, refusal({ since: 9 }))).toBe(false);
      expect(await current().recordRefusal(nginx, refusal({ of: 'snapshots', since: 7 }))).toBe(true);
      expect(await current().refusals()).toEqual([
        { image: nginx, ...refusal({ of: 'snapshots', since: 7 }) },
        { image: nginx, ...refusal() },
      ]);
    });

    it('are so many of an image and no more, and none of one that has no profile', async () => {
      expect(await current().recordRefusal(nginx, refusal())).toBe(false);
      await current().commitSnapshot(commitOf(1));
      for (let n = 0; n < refusalsPerImage; n += 1)
        await current().recordRefusal(nginx, refusal({ namespace: `n${n}` }));
      expect(await current().recordRefusal(nginx, refusal())).toBe(false);
      expect(await current().refusals()).toHaveLength(refusalsPerImage);
    });

    it.each(['forget', 'relearned', 'collected'] as const)('go with their profile: %s', async (how) => {
      await current().commitSnapshot(commitOf(1));
      await current().recordRefusal(nginx, refusal());
      if (how === 'forget') await current().forget(nginx);
      else await current().archive(nginx, how, 1);
      await current().restore(nginx, 2);
      expect(await current().refusals()).toEqual([]);
    });
  });
}
