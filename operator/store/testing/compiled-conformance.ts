/** The part of a store's conformance that is about the compiled form of profiles. */
import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../lifecycle.ts';
import type { CompiledFacts, Store } from '../store.ts';
import { commitOf, containerId, nginx, startOfTime } from './records.ts';

const compiled: CompiledFacts = {
  revision: 1,
  digest: `sha256:${'ab'.repeat(32)}`,
  bytes: 1_000,
  fingerprints: 200,
  omitted: { processes: 1, files: 2, dns: 3, network: 4 },
};
const release: AuditEntry = {
  key: 'uid-1/release',
  at: 5,
  action: 'release',
  actor: 'kubectl',
  image: nginx,
  name: 'nginx-1.27-0123456789',
  note: 'x',
};

/** A stable profile with its compiled form. */
async function withCompiled(store: Store): Promise<void> {
  await store.commitSnapshot(commitOf(1));
  await store.seal(nginx, 1, startOfTime);
  expect(await store.keepCompiled(nginx, 2, compiled)).toBe(true);
}

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
  describe('compiled form', () => {
    it('is part of the profile that it was made of, and is replaced by the next one', async () => {
      const store = current();
      await withCompiled(store);
      expect((await store.profile(nginx))?.compiled).toEqual(compiled);
      expect((await store.evidence(nginx))?.profile.compiled).toEqual(compiled);
      expect((await store.profiles({ limit: 5 })).map((profile) => profile.compiled)).toEqual([compiled]);
      await store.markPublished(nginx, 'uid-1');
      expect(await store.keepCompiled(nginx, 2, { ...compiled, revision: 2 })).toBe(true);
      expect((await store.profile(nginx))?.compiled).toEqual({ ...compiled, revision: 2 });
    });

    it('is kept of stable profiles alone, and only if they are still what it was made of', async () => {
      const store = current();
      expect(await store.keepCompiled(nginx, 1, compiled)).toBe(false);
      await store.commitSnapshot(commitOf(1));
      expect(await store.keepCompiled(nginx, 1, compiled)).toBe(false);
      await store.seal(nginx, 1, startOfTime);
      expect(await store.keepCompiled(nginx, 1, compiled)).toBe(false);
      expect((await store.profile(nginx))?.compiled).toBeUndefined();
    });

    it.each([
      ['is marked', (store: Store) => store.quarantine(nginx, mark(2), 'shop')],
      ['is released', (store: Store) => store.release(nginx, release)],
      ['comes back from the archive', backAndForth],
      ['begins anew', beginAnew],
    ])('is gone when the profile %s', async (_, change) => {
      const store = current();
      await store.quarantine(nginx, mark(1), 'shop');
      await withCompiled(store);
      await change(store);
      const after = await store.profile(nginx);
      expect(after).toBeDefined();
      expect(after?.compiled).toBeUndefined();
    });
  });
}

const mark = (number: number) => ({ containerId: containerId(number), since: startOfTime });

async function backAndForth(store: Store): Promise<void> {
  await store.archive(nginx, 'collected', startOfTime);
  await store.restore(nginx, startOfTime);
}

/** As far as the version at which the one before was compiled. */
async function beginAnew(store: Store): Promise<void> {
  await store.archive(nginx, 'relearned', startOfTime);
  await store.commitSnapshot(commitOf(1));
  await store.seal(nginx, 1, startOfTime);
}
