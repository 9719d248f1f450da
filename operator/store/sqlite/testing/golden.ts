/**
 * Databases as each schema left them, kept beside the migrations: what an upgrade meets in the field. One is made with every
 * new migration, and never changes afterwards:
 *
 *     node operator/store/sqlite/testing/golden.ts
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { Image } from '../../../../core/image.ts';
import type { SnapshotCommit } from '../../store.ts';
import { commitOf, containerId, lostPeriod, nginx, snapshotRecord, startOfTime } from '../../testing/records.ts';
import { migrations } from '../migrations/migrate.ts';
import { openSqliteStore } from '../sqlite-store.ts';

export const goldenFile = (schema: number): URL =>
  new URL(`../migrations/golden/schema-${schema}.db.zst`, import.meta.url);

export const sealedImage: Image = { name: 'docker.io/library/redis', tag: '7' };
export const sealedAt = startOfTime + 1;
export const publishedUid = 'uid-of-the-object';

/** What every schema can hold: three snapshots of nginx, of which the first is trimmed, and a sealed profile of redis. */
export const goldenCommits: readonly SnapshotCommit[] = [
  ...[1, 2, 3].map((n) => commitOf(n, snapshotRecord({ containerId: containerId(n), receivedAt: startOfTime + n }))),
  commitOf(1, snapshotRecord({ containerId: containerId(4), image: sealedImage, receivedAt: startOfTime + 4 })),
];

async function writeGolden(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'golden-'));
  try {
    const path = join(folder, 'store.db');
    const store = await openSqliteStore({ path });
    for (const commit of goldenCommits) await store.commitSnapshot(commit);
    await store.markPublished(nginx, publishedUid);
    await store.seal(sealedImage, 1, sealedAt);
    await store.recordLostPeriod(lostPeriod());
    await store.trimSnapshots({ before: 0, bytes: 9 });
    await store.close();
    const file = goldenFile(migrations.length);
    writeFileSync(file, zstdCompressSync(readFileSync(path)), { flag: 'wx' });
    process.stdout.write(`${file.pathname} holds schema ${migrations.length}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) await writeGolden();
