/**
 * What every implementation of {@link Store} must do, as one suite of tests. An implementation's test calls
 * {@link storeConformance} with a way to open an empty store.
 */
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Image } from '../../core/image.ts';
import { lifecycleConformance } from './testing/lifecycle-conformance.ts';
import { largestPage, largestTrim } from './limits.ts';
import type { SnapshotPage, Store } from './store.ts';
import {
  commitOf,
  containerId,
  lostPeriod,
  nginx,
  profileRecord,
  snapshotRecord,
  startOfTime,
} from './testing/records.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and removes what it left. */
  dispose(): Promise<void>;
}

const minute = 60_000;
const imageOf = (name: string, tag = 'v1'): Image => ({ name, tag });
const evidenceText = async (store: Store, image: Image): Promise<string | undefined> => {
  const read = await store.evidence(image);
  return read === undefined ? undefined : new TextDecoder().decode(read.evidence);
};

/** The n-th minute of a container's life. */
const minuteOf = (container: number, n: number, image: Image = nginx) =>
  snapshotRecord({ containerId: containerId(container), from: startOfTime + n * minute, image });

export function storeConformance(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store`, () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await open();
      store = under.store;
    });
    afterEach(() => under.dispose());

    describe('commit of a snapshot', () => {
      it('makes profile, evidence and snapshot readable together', async () => {
        const commit = commitOf(1);
        expect(await store.commitSnapshot(commit)).toBe('stored');
        expect(await store.profile(nginx)).toEqual(commit.profile);
        expect(await store.evidence(nginx)).toEqual({ profile: commit.profile, evidence: commit.evidence });
        expect(await store.snapshots(nginx, { limit: 10 })).toEqual([commit.snapshot]);
        expect(await store.hasSnapshot(commit.snapshot.snapshotId)).toBe(true);
      });

      it('knows nothing of what was never committed', async () => {
        expect(await store.profile(nginx)).toBeUndefined();
        expect(await store.evidence(nginx)).toBeUndefined();
        expect(await store.snapshots(nginx, { limit: 10 })).toEqual([]);
        expect(await store.hasSnapshot(snapshotRecord().snapshotId)).toBe(false);
      });

      it('counts a replayed snapshot once, also against a newer version and with other content', async () => {
        await store.commitSnapshot(commitOf(1));
        expect(await store.commitSnapshot(commitOf(1))).toBe('duplicate');
        expect(await store.commitSnapshot(commitOf(2, snapshotRecord({ bytes: Uint8Array.of(9) })))).toBe('duplicate');
        expect(await evidenceText(store, nginx)).toBe('evidence 1');
        expect(await store.snapshots(nginx, { limit: 10 })).toHaveLength(1);
      });

      it.each([
        ['begins within', 30_000, 90_000],
        ['ends within', -30_000, 30_000],
        ['contains', -30_000, 90_000],
        ['lies within', 10_000, 20_000],
        ['is a moment within', 10_000, 10_000],
      ])('refuses a period that %s one of the same container', async (_, from, to) => {
        await store.commitSnapshot(commitOf(1));
        const second = snapshotRecord({ from: startOfTime + from, to: startOfTime + to });
        expect(await store.commitSnapshot(commitOf(2, second))).toBe('overlap');
        expect(await evidenceText(store, nginx)).toBe('evidence 1');
        expect(await store.hasSnapshot(second.snapshotId)).toBe(false);
      });

      it('takes adjacent periods, and the same period of another container', async () => {
        expect(await store.commitSnapshot(commitOf(1, minuteOf(1, 1)))).toBe('stored');
        expect(await store.commitSnapshot(commitOf(2, minuteOf(1, 2)))).toBe('stored');
        expect(await store.commitSnapshot(commitOf(3, minuteOf(1, 0)))).toBe('stored');
        expect(await store.commitSnapshot(commitOf(4, minuteOf(2, 1)))).toBe('stored');
      });

      it('never has two overlapping periods of one container, whatever arrives in whatever order', async () => {
        const period = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 8 }));
        let run = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(period, { minLength: 2, maxLength: 12 }), async (periods) => {
            run += 1;
            const image = imageOf(`overlap-${run}`);
            const stored: { from: number; to: number }[] = [];
            for (const [from, length] of periods) {
              const snapshot = snapshotRecord({ containerId: containerId(run), image, from, to: from + length });
              const overlaps = stored.some((one) => one.from < snapshot.to && snapshot.from < one.to);
              const known = stored.some((one) => one.from === from);
              const result = await store.commitSnapshot(commitOf(stored.length + 1, snapshot));
              expect(result).toBe(known ? 'duplicate' : overlaps ? 'overlap' : 'stored');
              if (result === 'stored') stored.push(snapshot);
            }
          }),
          { numRuns: 40 },
        );
      });

      it('refuses a version that does not follow the stored one', async () => {
        expect(await store.commitSnapshot(commitOf(2, minuteOf(1, 0)))).toBe('conflict');
        await store.commitSnapshot(commitOf(1, minuteOf(1, 0)));
        expect(await store.commitSnapshot(commitOf(1, minuteOf(1, 1)))).toBe('conflict');
        expect(await store.commitSnapshot(commitOf(3, minuteOf(1, 1)))).toBe('conflict');
        expect(await store.hasSnapshot(minuteOf(1, 1).snapshotId)).toBe(false);
        expect(await evidenceText(store, nginx)).toBe('evidence 1');
      });

      it('lets exactly one of many parallel commits win each version, and loses none that repeats', async () => {
        const writers = 20;
        const wonVersions: number[] = [];
        const write = async (container: number): Promise<void> => {
          for (;;) {
            const version = ((await store.profile(nginx))?.version ?? 0) + 1;
            const result = await store.commitSnapshot(commitOf(version, minuteOf(container, 0)));
            if (result === 'stored') wonVersions.push(version);
            if (result !== 'conflict') return;
          }
        };
        await Promise.all(Array.from({ length: writers }, (_, index) => write(index)));
        expect(wonVersions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: writers }, (_, index) => index + 1));
        expect(await store.snapshots(nginx, { limit: 100 })).toHaveLength(writers);
        expect(await evidenceText(store, nginx)).toBe(`evidence ${writers}`);
      });

      it('refuses what contradicts itself, and changes nothing', async () => {
        const commit = commitOf(1);
        const broken = [
          { ...commit, snapshot: snapshotRecord({ from: 5, to: 4 }) },
          { ...commit, snapshot: snapshotRecord({ from: 0.5 }) },
          { ...commit, profile: profileRecord({ image: imageOf('other') }) },
          { ...commit, profile: profileRecord({ version: 0 }) },
          { ...commit, profile: profileRecord({ state: 'stable' }) },
        ];
        for (const one of broken) await expect(store.commitSnapshot(one)).rejects.toMatchObject({ kind: 'invalid' });
        expect(await store.usage()).toMatchObject({ profiles: 0, snapshots: 0 });
      });

      it('keeps large blobs byte for byte and leaves the bytes of the caller alone', async () => {
        const evidence = Uint8Array.from({ length: 5_000_000 }, (_, index) => (index * 31) % 251);
        const backing = new Uint8Array(2_000_000).fill(7);
        const bytes = backing.subarray(500_000, 1_548_576);
        const context = backing.subarray(3, 5);
        const commit = { ...commitOf(1, snapshotRecord({ bytes, context })), evidence };
        expect(await store.commitSnapshot(commit)).toBe('stored');
        expect(backing.every((byte) => byte === 7)).toBe(true);
        expect(evidence).toHaveLength(5_000_000);
        const read = await store.evidence(nginx);
        expect(Buffer.compare(read?.evidence ?? Uint8Array.of(), evidence)).toBe(0);
        const [snapshot] = await store.snapshots(nginx, { limit: 1 });
        expect(Buffer.compare(snapshot?.bytes ?? Uint8Array.of(), bytes)).toBe(0);
        expect(snapshot?.context).toEqual(Uint8Array.of(7, 7));
      });
    });

    describe('lists', () => {
      it('pages through profiles in the order of the UTF-8 bytes of name and tag, each exactly once', async () => {
        const names = ['a', 'a/b', 'A', 'ä', 'z', '\u{1F600}', '\uFFFD', 'a0'];
        const images = names.flatMap((text) => [imageOf(text, '2'), imageOf(text, '10')]);
        for (const [index, image] of images.entries())
          await store.commitSnapshot(commitOf(1, minuteOf(index, 0, image)));
        const expected = images.toSorted(
          (a, b) =>
            Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)) ||
            Buffer.compare(Buffer.from(a.tag), Buffer.from(b.tag)),
        );
        const read: Image[] = [];
        for (;;) {
          const after = read.at(-1);
          const page = await store.profiles({ limit: 5, ...(after === undefined ? {} : { after }) });
          if (page.length === 0) break;
          read.push(...page.map((profile) => profile.image));
        }
        expect(read).toEqual(expected);
      });

      it('pages through the snapshots of one image, oldest first', async () => {
        for (let n = 0; n < 7; n += 1) {
          await store.commitSnapshot(commitOf(n + 1, { ...minuteOf(1, 6 - n), receivedAt: startOfTime + (n >> 1) }));
        }
        await store.commitSnapshot(commitOf(1, minuteOf(2, 0, imageOf('other'))));
        const first = await store.snapshots(nginx, { limit: 4 });
        const rest = await store.snapshots(nginx, { limit: 4, after: first.at(-1)?.snapshotId ?? '' });
        const ids = [...first, ...rest].map((snapshot) => snapshot.snapshotId);
        expect(ids).toEqual(Array.from({ length: 7 }, (_, n) => minuteOf(1, 6 - n).snapshotId));
      });

      it('pages through what some containers showed, and what came after a time', async () => {
        const received = (n: number) => ({ ...minuteOf(1 + (n % 2), n), receivedAt: startOfTime + n });
        for (let n = 0; n < 6; n += 1) await store.commitSnapshot(commitOf(n + 1, received(n)));
        const found = async (page: Partial<SnapshotPage>): Promise<number[]> =>
          (await store.snapshots(nginx, { limit: 10, ...page })).map(({ receivedAt }) => receivedAt - startOfTime);
        const containerIds = [received(1).containerId];
        expect(await found({ containerIds })).toEqual([1, 3, 5]);
        expect(await found({ containerIds: [received(0).containerId, 'another', ...containerIds] })).toHaveLength(6);
        expect(await found({ since: startOfTime + 3 })).toEqual([4, 5]);
        expect(await found({ since: startOfTime + 1, containerIds })).toEqual([3, 5]);
        expect(await found({ since: startOfTime + 1, after: received(3).snapshotId })).toEqual([4, 5]);
        expect(await found({ since: startOfTime + 4, after: received(1).snapshotId })).toEqual([5]);
        for (const none of [['another'], []]) expect(await found({ containerIds: none })).toEqual([]);
      });

      it('refuses pages without a sensible limit', async () => {
        for (const limit of [0, -1, 1.5, Number.NaN, largestPage + 1]) {
          await expect(store.profiles({ limit })).rejects.toMatchObject({ kind: 'invalid' });
          await expect(store.snapshots(nginx, { limit })).rejects.toMatchObject({ kind: 'invalid' });
        }
      });

      it('keeps any text', async () => {
        await fc.assert(
          fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), fc.nat(), async (text, from) => {
            await store.forget(imageOf(text, text));
            const snapshot = snapshotRecord({ image: imageOf(text, text), node: text, snapshotId: text, from });
            await store.commitSnapshot(commitOf(1, { ...snapshot, containerId: text }));
            expect((await store.profile(imageOf(text, text)))?.image).toEqual(imageOf(text, text));
            expect(await store.hasSnapshot(text)).toBe(true);
            await store.forget(imageOf(text, text));
          }),
          { numRuns: 60 },
        );
      });
    });

    describe('life of a profile', () => {
      it('seals the version that was read, once', async () => {
        await store.commitSnapshot(commitOf(1));
        expect(await store.seal(nginx, 2, startOfTime)).toBe(false);
        expect(await store.seal(imageOf('unknown'), 1, startOfTime)).toBe(false);
        expect(await store.seal(nginx, 1, startOfTime + 5)).toBe(true);
        expect(await store.profile(nginx)).toMatchObject({ state: 'stable', sealedAt: startOfTime + 5, version: 2 });
        expect(await store.seal(nginx, 2, startOfTime + 6)).toBe(false);
      });

      it('makes a commit that raced with sealing read again, and then refuses to change what is stable', async () => {
        await store.commitSnapshot(commitOf(1));
        await store.seal(nginx, 1, startOfTime);
        expect(await store.commitSnapshot(commitOf(2, minuteOf(1, 1)))).toBe('conflict');
        await expect(store.commitSnapshot(commitOf(3, minuteOf(1, 1)))).rejects.toMatchObject({ kind: 'invalid' });
        expect(await evidenceText(store, nginx)).toBe('evidence 1');
      });

      it('can seal together with the last snapshot', async () => {
        const commit = commitOf(1);
        const profile = profileRecord({ state: 'stable', sealedAt: startOfTime });
        expect(await store.commitSnapshot({ ...commit, profile })).toBe('stored');
        expect(await store.profile(nginx)).toEqual(profile);
      });

      it('remembers the published object over commits, without a new version', async () => {
        expect(await store.markPublished(nginx, 'uid-1')).toBe(false);
        await store.commitSnapshot(commitOf(1));
        expect(await store.markPublished(nginx, 'uid-1')).toBe(true);
        await store.commitSnapshot(commitOf(2, minuteOf(1, 1)));
        expect(await store.profile(nginx)).toMatchObject({ version: 2, publishedUid: 'uid-1' });
        await store.markPublished(nginx, 'uid-2');
        expect(await store.profile(nginx)).toMatchObject({ version: 2, publishedUid: 'uid-2' });
        await store.forget(nginx);
        await store.commitSnapshot(commitOf(1));
        expect(await store.profile(nginx)).not.toHaveProperty('publishedUid');
      });

      it('forgets a profile with its snapshots and lost periods, so that learning begins anew', async () => {
        await store.commitSnapshot(commitOf(1));
        await store.commitSnapshot(commitOf(1, minuteOf(2, 0, imageOf('other'))));
        await store.recordLostPeriod(lostPeriod());
        expect(await store.forget(nginx)).toBe(true);
        expect(await store.forget(nginx)).toBe(false);
        expect(await store.profile(nginx)).toBeUndefined();
        expect(await store.hasSnapshot(snapshotRecord().snapshotId)).toBe(false);
        expect(await store.lostPeriods(nginx)).toBe(0);
        expect(await store.usage()).toMatchObject({ profiles: 1, snapshots: 1 });
        expect(await store.commitSnapshot(commitOf(1))).toBe('stored');
      });

      it('takes nothing that was merged into a profile forgotten meanwhile', async () => {
        await store.commitSnapshot(commitOf(1));
        const stale = commitOf(2, minuteOf(1, 1));
        await store.forget(nginx);
        const fresh = commitOf(1, minuteOf(2, 0));
        await store.commitSnapshot({ ...fresh, profile: { ...fresh.profile, firstSnapshotAt: startOfTime + 1 } });
        expect(await store.commitSnapshot(stale)).toBe('conflict');
      });
    });

    describe('lost periods', () => {
      it('count once per container and begin, also before the first snapshot of the image', async () => {
        expect(await store.recordLostPeriod(lostPeriod())).toBe(true);
        expect(await store.recordLostPeriod(lostPeriod({ slotId: 'slot-2', to: startOfTime + 1 }))).toBe(false);
        expect(await store.recordLostPeriod(lostPeriod({ containerId: containerId(2) }))).toBe(true);
        expect(await store.recordLostPeriod(lostPeriod({ from: startOfTime + 1 }))).toBe(true);
        expect(await store.lostPeriods(nginx)).toBe(3);
        expect(await store.lostPeriods(imageOf('other'))).toBe(0);
        expect((await store.usage()).lostPeriods).toBe(3);
      });

      it('refuse times that are none', async () => {
        await expect(store.recordLostPeriod(lostPeriod({ from: 0.5 }))).rejects.toMatchObject({ kind: 'invalid' });
        await expect(store.recordLostPeriod(lostPeriod({ to: 0 }))).rejects.toMatchObject({ kind: 'invalid' });
      });
    });

    describe('trim', () => {
      it('drops the oldest raw snapshots first and keeps evidence, and still knows what it had', async () => {
        for (let n = 0; n < 5; n += 1) {
          await store.commitSnapshot(commitOf(n + 1, { ...minuteOf(1, n), bytes: new Uint8Array(1_000) }));
        }
        expect(await store.usage()).toMatchObject({ snapshots: 5, snapshotBytes: 5_000 });
        expect(await store.trimSnapshots({ before: 0, bytes: 2_999 })).toEqual({ byAge: 0, byBytes: 3 });
        expect(await store.trimSnapshots({ before: 0, bytes: 2_999 })).toEqual({ byAge: 0, byBytes: 0 });
        const left = await store.snapshots(nginx, { limit: 10 });
        expect(left.map((snapshot) => snapshot.from)).toEqual([startOfTime + 3 * minute, startOfTime + 4 * minute]);
        expect(await evidenceText(store, nginx)).toBe('evidence 5');
        expect(await store.commitSnapshot(commitOf(6, minuteOf(1, 0)))).toBe('duplicate');
        const reaching = { ...minuteOf(1, 0), snapshotId: 'x', from: startOfTime + 1, to: startOfTime + 2 };
        expect(await store.commitSnapshot(commitOf(6, reaching))).toBe('overlap');
        expect(await store.usage()).toMatchObject({ profiles: 1, snapshots: 2, snapshotBytes: 2_000 });
      });

      it('continues a page behind a snapshot whose bytes are gone', async () => {
        for (let n = 0; n < 3; n += 1) await store.commitSnapshot(commitOf(n + 1, minuteOf(1, n)));
        await store.trimSnapshots({ before: 0, bytes: 6 });
        const page = await store.snapshots(nginx, { limit: 10, after: minuteOf(1, 0).snapshotId });
        expect(page.map((snapshot) => snapshot.from)).toEqual([startOfTime + minute, startOfTime + 2 * minute]);
      });

      it('drops all for zero bytes', async () => {
        await store.commitSnapshot(commitOf(1));
        expect(await store.trimSnapshots({ before: 0, bytes: 0 })).toEqual({ byAge: 0, byBytes: 1 });
        expect(await store.snapshots(nginx, { limit: 10 })).toEqual([]);
      });

      it('drops what was received before a time, whatever the bytes, and then the oldest of the rest', async () => {
        for (let n = 0; n < 4; n += 1) {
          await store.commitSnapshot(commitOf(n + 1, { ...minuteOf(1, 3 - n), receivedAt: startOfTime + n }));
        }
        expect(await store.trimSnapshots({ before: startOfTime + 2, bytes: 3 })).toEqual({ byAge: 2, byBytes: 1 });
        const left = await store.snapshots(nginx, { limit: 10 });
        expect(left.map((snapshot) => snapshot.receivedAt)).toEqual([startOfTime + 3]);
      });

      it('drops a bounded number at once', async () => {
        const count = largestTrim + 1;
        for (let n = 0; n < count; n += 1) await store.commitSnapshot(commitOf(n + 1, minuteOf(n, 0)));
        const all = { before: Number.MAX_SAFE_INTEGER, bytes: 0 };
        expect(await store.trimSnapshots(all)).toEqual({ byAge: largestTrim, byBytes: 0 });
        expect(await store.trimSnapshots(all)).toEqual({ byAge: 1, byBytes: 0 });
      });

      it('refuses limits that are none', async () => {
        for (const wrong of [
          { before: 0.5, bytes: 0 },
          { before: 0, bytes: -1 },
        ])
          await expect(store.trimSnapshots(wrong)).rejects.toMatchObject({ kind: 'invalid' });
      });

      it('says of how many snapshots up to a time evidence can be made again', async () => {
        const context = new Uint8Array(4);
        for (let n = 0; n < 4; n += 1) {
          const snapshot = { ...minuteOf(1, n), receivedAt: startOfTime + n, ...(n !== 2 && { context }) };
          await store.commitSnapshot(commitOf(n + 1, snapshot));
        }
        expect(await store.snapshotCounts(nginx, startOfTime - 1)).toEqual({ stored: 0, rebuildable: 0 });
        expect(await store.snapshotCounts(nginx, startOfTime + 1)).toEqual({ stored: 2, rebuildable: 2 });
        expect(await store.snapshotCounts(nginx, startOfTime + 3)).toEqual({ stored: 4, rebuildable: 3 });
        // 7 bytes of each with context, 3 of the other.
        await store.trimSnapshots({ before: 0, bytes: 10 });
        expect(await store.snapshotCounts(nginx, startOfTime + 3)).toEqual({ stored: 4, rebuildable: 1 });
        expect(await store.snapshotCounts(imageOf('other'), startOfTime + 3)).toEqual({ stored: 0, rebuildable: 0 });
      });
    });

    lifecycleConformance(() => store);

    it('answers what was asked before it closes, and refuses what comes later', async () => {
      const before = Array.from({ length: 10 }, (_, n) => store.commitSnapshot(commitOf(n + 1, minuteOf(n, 0))));
      const closed = store.close();
      await expect(store.profile(nginx)).rejects.toMatchObject({ kind: 'closed' });
      await closed;
      expect(await Promise.all(before)).toEqual(Array.from({ length: 10 }, () => 'stored'));
      await expect(store.close()).resolves.toBeUndefined();
    });
  });
}
