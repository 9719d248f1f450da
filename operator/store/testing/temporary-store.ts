import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openSqliteStore, type SqliteStore } from '../sqlite/sqlite-store.ts';

/** A store on disk, empty, for one test: closed and removed when the test is over. */
export async function temporaryStore(): Promise<SqliteStore> {
  const directory = await mkdtemp(join(tmpdir(), 'store-'));
  const store = await openSqliteStore({ path: join(directory, 'store.db') });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  return store;
}
