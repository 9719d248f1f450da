import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { commitOf, containerId, nginx, snapshotRecord } from '../testing/records.ts';
import { migrations } from './migrations/migrate.ts';
import { openSqliteStore } from './sqlite-store.ts';
import { goldenCommits, goldenFile, publishedUid, sealedAt, sealedImage } from './testing/golden.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-golden-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const schemas = migrations.map((_, index) => index + 1);

// A number without a file: run testing/golden.ts, once, when its migration is finished.
it.each(schemas)('a database with schema %i is brought up to date with all that it holds', async (schema) => {
  const path = join(directory, 'store.db');
  writeFileSync(path, zstdDecompressSync(readFileSync(goldenFile(schema))));
  const store = await openSqliteStore({ path });
  expect(store.opened).toEqual({
    created: false,
    restored: false,
    migrated: schemas.slice(schema),
    checkedWhole: true,
  });

  const [, , lastOfNginx, redis] = goldenCommits;
  const { profile, evidence } = lastOfNginx ?? {};
  expect(await store.evidence(nginx)).toEqual({ profile: { ...profile, publishedUid }, evidence });
  const sealed = { ...redis?.profile, state: 'stable', version: 2, sealedAt };
  expect(await store.evidence(sealedImage)).toEqual({ profile: sealed, evidence: redis?.evidence });
  const kept = goldenCommits.filter(({ snapshot }) => snapshot.image === nginx).slice(1);
  expect(await store.snapshots(nginx, { limit: 10 })).toEqual(kept.map(({ snapshot }) => snapshot));
  expect(await store.lostPeriods(nginx)).toBe(1);
  for (const commit of goldenCommits) expect(await store.hasSnapshot(commit.snapshot.snapshotId)).toBe(true);

  const next = commitOf(4, snapshotRecord({ containerId: containerId(9), context: Uint8Array.of(1) }));
  expect(await store.commitSnapshot(next)).toBe('stored');
  expect(await store.usage()).toMatchObject({ profiles: 2, snapshots: 4, lostPeriods: 1 });
  await store.close();
});
