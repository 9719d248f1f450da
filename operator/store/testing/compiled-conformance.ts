/** The part of a store's conformance that is about the compiled form of profiles. */
import { describe, expect, it } from 'vitest';
import type { Store } from '../store.ts';

/** @param current the store of the test that runs */
export function compiledConformance(current: () => Store): void {
  describe('secret', () => {
    it('stays what it was first', async () => {
      const first = new Uint8Array(32).fill(1);
      expect(await current().secret('compiled-profiles', first)).toEqual(first);
      expect(await current().secret('compiled-profiles', new Uint8Array(32))).toEqual(first);
    });

    it.each([15, 65])('of %i bytes is refused', async (length) => {
      const asked = current().secret('compiled-profiles', new Uint8Array(length));
      await expect(asked).rejects.toMatchObject({ name: 'StoreError', kind: 'invalid' });
    });
  });
}
