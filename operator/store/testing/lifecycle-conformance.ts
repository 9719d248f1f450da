/** The part of a store's conformance that is about the life of profiles: archive, quarantine, audit. */
import { describe, expect, it } from 'vitest';
import { markedProcesses } from '../../../core/profile/quarantine.ts';
import type { AuditEntry } from '../lifecycle.ts';
import { archivedPerImage, auditEntries, quarantineMarksPerImage } from '../limits.ts';
import type { Store } from '../store.ts';
import { compiledConformance } from './compiled-conformance.ts';
import { refusalConformance } from './refusal-conformance.ts';
import { commitOf, containerId, lostPeriod, nginx, snapshotRecord, startOfTime } from './records.ts';

const other = { name: 'docker.io/library/other', tag: 'v1' };
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const hour = 60 * 60_000;

function auditEntry(fields: Partial<AuditEntry> = {}): AuditEntry {
  const name = 'nginx-1.27-0123456789';
  return { key: 'uid-1/relearn', at: 5, action: 'relearn', actor: 'kubectl', image: nginx, name, note: 'x', ...fields };
}

/** @param current the store of the test that runs */
export function lifecycleConformance(current: () => Store): void {
  compiledConformance(current);
  refusalConformance(current);

  describe('archive', () => {
    it('takes a profile with its evidence, and lets learning begin anew', async () => {
      const store = current();
      await store.commitSnapshot(commitOf(1));
      await store.markPublished(nginx, 'uid-1');
      await store.recordLostPeriod(lostPeriod());
      const before = await store.profile(nginx);
      expect(await store.archive(nginx, 'relearned', startOfTime, { audit: auditEntry() })).toBe(true);
      expect(await store.archive(nginx, 'relearned', startOfTime)).toBe(false);
      expect(await store.profile(nginx)).toBeUndefined();
      expect(await store.hasSnapshot(snapshotRecord().snapshotId)).toBe(false);
      expect(await store.lostPeriods(nginx)).toBe(0);
      expect(await store.archived(nginx)).toEqual([{ reason: 'relearned', archivedAt: startOfTime, profile: before }]);
      expect(text(await store.archivedEvidence(nginx, startOfTime))).toBe('evidence 1');
      expect(await store.archivedEvidence(nginx, 1)).toBeUndefined();
      expect(await store.audit({ limit: 5 })).toEqual([auditEntry()]);
      expect(await store.usage()).toMatchObject({ profiles: 0, archived: 1, archiveBytes: 10, auditEntries: 1 });
      expect(await store.restore(nginx, startOfTime)).toBeUndefined();
      expect(await store.commitSnapshot(commitOf(1))).toBe('stored');
    });

    it('gives a collected profile back as it was, for whoever reads it anew', async () => {
      const store = current();
      await store.commitSnapshot(commitOf(1));
      await store.seal(nginx, 1, startOfTime + 1);
      await store.markPublished(nginx, 'uid-1');
      await store.recordLostPeriod(lostPeriod());
      const { publishedUid: _, ...before } = (await store.profile(nginx)) ?? { publishedUid: '' };
      await store.archive(nginx, 'collected', startOfTime);
      const back = await store.restore(nginx, startOfTime + hour);
      expect(back).toEqual({ ...before, version: 3, lastRunAt: startOfTime + hour });
      expect(await store.profile(nginx)).toEqual(back);
      expect(text((await store.evidence(nginx))?.evidence)).toBe('evidence 1');
      expect(await store.lostPeriods(nginx)).toBe(1);
      expect(await store.archived(nginx)).toEqual([]);
      expect(await store.restore(nginx, startOfTime)).toBeUndefined();
    });

    it('never puts a collected profile over one that began anew', async () => {
      const store = current();
      await store.commitSnapshot(commitOf(1));
      await store.archive(nginx, 'collected', startOfTime);
      await store.commitSnapshot(commitOf(1));
      expect(await store.restore(nginx, startOfTime)).toBeUndefined();
      await store.archive(nginx, 'collected', startOfTime + 1);
      expect(await store.archived(nginx)).toMatchObject([{ archivedAt: startOfTime + 1 }]);
    });

    it('takes no commit that was made for what lies in it', async () => {
      const store = current();
      await store.commitSnapshot(commitOf(1));
      await store.archive(nginx, 'relearned', startOfTime);
      const late = snapshotRecord({ from: startOfTime + hour });
      expect(await store.commitSnapshot(commitOf(2, late))).toBe('conflict');
    });

    it('keeps the newest of an image', async () => {
      const store = current();
      for (let n = 0; n < archivedPerImage + 2; n += 1) {
        await store.commitSnapshot(commitOf(1));
        await store.archive(nginx, 'relearned', n);
      }
      const times = (await store.archived(nginx)).map(({ archivedAt }) => archivedAt);
      expect(times).toEqual(Array.from({ length: archivedPerImage }, (_, index) => archivedPerImage + 1 - index));
    });

    it('is trimmed by age and by bytes, the oldest first', async () => {
      const store = current();
      for (let n = 1; n <= 4; n += 1) {
        const image = { ...other, tag: `v${n}` };
        await store.commitSnapshot(commitOf(1, snapshotRecord({ image, containerId: containerId(n) })));
        await store.archive(image, 'collected', n);
      }
      expect(await store.trimArchive({ bytes: 1_000, before: 2 })).toBe(1);
      expect(await store.trimArchive({ bytes: 1_000, before: 2 })).toBe(0);
      expect(await store.trimArchive({ bytes: 29, before: 0 })).toBe(1);
      expect(await store.archived({ ...other, tag: 'v3' })).toHaveLength(1);
      expect((await store.usage()).archived).toBe(2);
      expect(await store.trimArchive({ bytes: 0, before: 0 })).toBe(2);
    });

    it('counts how often in a row learning began anew by itself, until a person wants it or nothing else is known', async () => {
      const store = current();
      const relearn = async (restarts?: number): Promise<number> => {
        await store.commitSnapshot(commitOf(1));
        await store.archive(nginx, 'relearned', 1, restarts === undefined ? {} : { restarts });
        return store.restarts(nginx);
      };
      expect(await store.restarts(nginx)).toBe(0);
      expect([await relearn(1), await relearn(2), await relearn()]).toEqual([1, 2, 0]);
      await relearn(3);
      await store.commitSnapshot(commitOf(1));
      await store.archive(nginx, 'collected', 1);
      await store.restore(nginx, 1);
      expect([await store.restarts(nginx), await store.restarts(other)]).toEqual([3, 0]);
      await store.trimArchive({ bytes: 0, before: 0 });
      expect(await store.restarts(nginx)).toBe(3);
      await store.archive(nginx, 'collected', 1);
      await store.trimArchive({ bytes: 0, before: 0 });
      expect(await store.restarts(nginx)).toBe(0);
      await relearn(1);
      await store.forget(nginx);
      expect(await store.restarts(nginx)).toBe(0);
    });

    it('is emptied of an image that is forgotten', async () => {
      const store = current();
      await store.commitSnapshot(commitOf(1));
      await store.archive(nginx, 'relearned', 1);
      await store.quarantine(nginx, { containerId: containerId(1), since: 1 }, 'shop');
      expect(await store.forget(nginx, auditEntry({ action: 'forget' }))).toBe(true);
      expect(await store.archived(nginx)).toEqual([]);
      expect(await store.quarantined(nginx)).toEqual([]);
      expect(await store.audit({ limit: 5 })).toMatchObject([{ action: 'forget' }]);
      expect(await store.forget(nginx)).toBe(false);
    });
  });

  it('keeps the digests that taught a profile', async () => {
    const store = current();
    const commit = commitOf(1);
    const digests = ['sha256:aa', 'sha256:bb'];
    await store.commitSnapshot({ ...commit, profile: { ...commit.profile, digests } });
    expect(await store.profile(nginx)).toMatchObject({ digests });
    await store.archive(nginx, 'collected', 1);
    expect(await store.restore(nginx, 1)).toMatchObject({ digests });
  });

  describe('runs', () => {
    it('are noted for profiles that there are, and never go back', async () => {
      const store = current();
      await store.commitSnapshot(commitOf(1));
      expect(await store.profile(nginx)).not.toHaveProperty('lastRunAt');
      await store.markRun(
        [nginx, other].map((image) => ({ image, ranMs: 20 })),
        7,
      );
      await store.markRun([{ image: nginx, ranMs: 3 }], 5);
      expect(await store.profile(nginx)).toMatchObject({ version: 1, lastRunAt: 7, ranMs: 23 });
      await store.commitSnapshot(commitOf(2, snapshotRecord({ from: startOfTime + hour })));
      expect(await store.profile(nginx)).toMatchObject({ version: 2, lastRunAt: 7, ranMs: 23 });
      await store.archive(nginx, 'collected', 9);
      expect(await store.restore(nginx, 9)).toMatchObject({ lastRunAt: 9, ranMs: 23 });
    });

    it('come with how long was watched, as the last commit says', async () => {
      const store = current();
      const { profile, ...commit } = commitOf(1);
      await store.commitSnapshot({ ...commit, profile: { ...profile, watchedMs: 60_000, watchedFrom: startOfTime } });
      expect(await store.profile(nginx)).toMatchObject({ watchedMs: 60_000, watchedFrom: startOfTime });
      await store.archive(nginx, 'collected', 9);
      expect(await store.restore(nginx, 9)).toMatchObject({ watchedMs: 60_000, watchedFrom: startOfTime });
    });
  });

  describe('quarantine', () => {
    const mark = (number: number, processId: string, since = 5) => ({
      containerId: containerId(number),
      processId,
      since,
    });

    it('keeps marks before there is a profile, and makes a new version of the one that there is', async () => {
      const store = current();
      expect(await store.quarantine(nginx, mark(1, 'a'), 'shop')).toBe('marked');
      expect(await store.quarantine(nginx, mark(1, 'a', 6), 'shop')).toBe('known');
      await store.commitSnapshot(commitOf(1));
      expect(await store.quarantine(nginx, mark(1, 'a', 4), 'shop')).toBe('marked');
      expect(await store.quarantine(nginx, { containerId: containerId(2), since: 3 }, 'shop')).toBe('marked');
      expect(await store.profile(nginx)).toMatchObject({ version: 3 });
      const marks = await store.quarantined(nginx);
      expect(marks).toEqual([mark(1, 'a', 4), { containerId: containerId(2), since: 3 }]);
      expect(await store.quarantined(other)).toEqual([]);
    });

    it('stays with containers over relearning, and goes by a release', async () => {
      const store = current();
      await store.commitSnapshot(commitOf(1));
      await store.quarantine(nginx, mark(1, 'a'), 'shop');
      await store.archive(nginx, 'relearned', 1);
      expect(await store.quarantined(nginx)).toHaveLength(1);
      await store.commitSnapshot(commitOf(1));
      expect(await store.release(nginx, auditEntry({ action: 'release' }))).toBe(1);
      expect(await store.profile(nginx)).toMatchObject({ version: 2 });
      expect(await store.release(nginx, auditEntry({ action: 'release', key: 'again' }))).toBe(0);
      expect(await store.audit({ limit: 5 })).toHaveLength(1);
    });

    it('loses with a relearned profile the marks of containers that are gone, and no wider ones', async () => {
      const store = current();
      await store.commitSnapshot(commitOf(1));
      await store.quarantine(nginx, mark(1, 'a'), 'shop');
      await store.quarantine(nginx, mark(2, 'a'), 'shop');
      await store.quarantine(nginx, mark(2, 'b'), 'shop');
      await store.quarantine(other, mark(2, 'a'), 'shop');
      await store.archive(nginx, 'relearned', 1, { gone: [containerId(2), containerId(3), ''] });
      expect(await store.quarantined(nginx)).toEqual([mark(1, 'a')]);
      expect(await store.quarantined(other)).toHaveLength(1);
      expect((await store.usage()).quarantine).toMatchObject({ marks: 2, fallen: 2 });
    });

    it('keeps the marks of containers that are gone while a profile that they taught may come back', async () => {
      const store = current();
      const archive = (reason: 'collected' | 'relearned') =>
        store.archive(nginx, reason, 1, { gone: [containerId(1)] });
      await store.commitSnapshot(commitOf(1));
      await store.quarantine(nginx, mark(1, 'a'), 'shop');
      await archive('collected');
      await store.commitSnapshot(commitOf(1));
      await archive('relearned');
      expect(await store.quarantined(nginx)).toHaveLength(1);
      await store.restore(nginx, 2);
      await archive('relearned');
      expect(await store.quarantined(nginx)).toEqual([]);
    });

    it('keeps marks while their image is known, runs, or did not long ago', async () => {
      const store = current();
      const running = [{ image: nginx, namespace: 'shop' }];
      const trim = (now: number, runs: typeof running = []) =>
        store.trimQuarantine({ now, before: now - 10, running: runs });
      await store.quarantine(nginx, mark(1, 'a'), 'shop');
      await store.quarantine(other, mark(1, 'a'), 'shop');
      expect([await trim(100), await trim(110), await trim(111, running)]).toEqual([0, 0, 1]);
      expect(await store.quarantined(other)).toEqual([]);
      await store.commitSnapshot(commitOf(1));
      expect(await trim(200)).toBe(0);
      await store.archive(nginx, 'collected', 1);
      expect(await trim(300)).toBe(0);
      await store.trimArchive({ bytes: 0, before: 0 });
      expect([await trim(310), await store.quarantined(nginx)]).toMatchObject([0, [{}]]);
      expect([await trim(311), await store.quarantined(nginx)]).toEqual([1, []]);
      expect((await store.usage()).quarantine).toMatchObject({ marks: 0, fallen: 2 });
    });

    it('marks a container as a whole rather than without end', async () => {
      const store = current();
      for (let n = 0; n <= markedProcesses; n += 1) await store.quarantine(nginx, mark(1, `p${n}`), 'shop');
      expect(await store.quarantined(nginx)).toEqual([{ containerId: containerId(1), since: 0 }]);
    });

    /** Marks in containers of one namespace from this number on, side by side, as many as the store takes at once. */
    const fill = async (namespace: string, count: number, from: number): Promise<void> => {
      const store = current();
      for (let n = 0; n < count; n += 200) {
        const some = Array.from({ length: Math.min(200, count - n) }, (_, index) => mark(from + n + index, 'p'));
        await Promise.all(some.map((one) => store.quarantine(nginx, one, namespace)));
      }
    };

    it('marks the namespace with the most as a whole when there is no room for one mark more', async () => {
      const store = current();
      await store.commitSnapshot(commitOf(1));
      await store.quarantine(nginx, mark(1, 'a'), 'shop');
      await fill('tenant', quarantineMarksPerImage - 1, 10);
      const { version = 0 } = (await store.profile(nginx)) ?? {};
      expect(await store.quarantine(nginx, mark(2, 'b'), 'shop')).toBe('widened');
      expect(await store.quarantined(nginx)).toEqual([
        mark(1, 'a'),
        mark(2, 'b'),
        { whole: 'namespace', namespace: 'tenant' },
      ]);
      expect(await store.profile(nginx)).toMatchObject({ version: version + 1 });
      const merged = quarantineMarksPerImage - 2;
      expect((await store.usage()).quarantine).toEqual({
        marks: 3,
        namespaces: 1,
        images: 0,
        unlearned: 0,
        merged,
        fallen: 0,
      });
      // Of it nothing is known any more, so there is nothing to add; of others all is as before.
      expect(await store.quarantine(nginx, mark(9_999, 'p'), 'tenant')).toBe('known');
      expect(await store.quarantine(nginx, mark(3, 'c'), 'tenant-2')).toBe('marked');
      expect(await store.release(nginx, auditEntry({ action: 'release' }))).toBe(4);
      expect((await store.usage()).quarantine).toEqual({
        marks: 0,
        namespaces: 0,
        images: 0,
        unlearned: 0,
        merged: 0,
        fallen: 0,
      });
    });

    it('marks the image as a whole when there is no room for so many namespaces', async () => {
      const store = current();
      for (let n = 0; n < quarantineMarksPerImage; n += 200) {
        const some = Array.from({ length: Math.min(200, quarantineMarksPerImage - n) }, (_, index) => n + index);
        await Promise.all(some.map((one) => store.quarantine(nginx, mark(one, 'p'), `namespace-${one}`)));
      }
      expect(await store.quarantined(nginx)).toHaveLength(quarantineMarksPerImage);
      expect(await store.quarantine(nginx, mark(9_999, 'p'), 'one-more')).toBe('widened');
      expect(await store.quarantined(nginx)).toEqual([{ whole: 'image' }]);
      expect(await store.quarantine(nginx, mark(1, 'p'), 'shop')).toBe('known');
      const merged = quarantineMarksPerImage;
      expect((await store.usage()).quarantine).toEqual({
        marks: 1,
        namespaces: 0,
        images: 1,
        unlearned: 0,
        merged,
        fallen: 0,
      });
    });
  });

  describe('audit', () => {
    it('notes an action once, pages from the newest on, and counts what had to go', async () => {
      const store = current();
      await store.recordAudit(auditEntry({ key: 'a', note: 'first' }));
      await store.recordAudit(auditEntry({ key: 'a', note: 'again' }));
      await store.recordAudit(auditEntry({ key: 'b' }));
      expect(await store.audit({ limit: 1 })).toMatchObject([{ key: 'b' }]);
      expect(await store.audit({ limit: 1, before: 'b' })).toMatchObject([{ key: 'a', note: 'first' }]);
      for (let n = 0; n < auditEntries; n += 200) {
        const keys = Array.from({ length: 200 }, (_, index) => `key-${n + index}`);
        await Promise.all(keys.map((key) => store.recordAudit(auditEntry({ key }))));
      }
      expect(await store.usage()).toMatchObject({ auditEntries, auditDropped: 2 });
      expect(await store.audit({ limit: 5, before: 'key-0' })).toEqual([]);
    });

    it('refuses what is longer than a row', async () => {
      const long = auditEntry({ actor: 'x'.repeat(129) });
      await expect(current().recordAudit(long)).rejects.toMatchObject({ kind: 'invalid' });
      await expect(current().audit({ limit: 0 })).rejects.toMatchObject({ kind: 'invalid' });
    });
  });
}
