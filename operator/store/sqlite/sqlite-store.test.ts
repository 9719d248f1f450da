import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeConformance } from '../conformance.ts';
import { openSqliteStore } from './sqlite-store.ts';

storeConformance('SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'store-'));
  const store = await openSqliteStore({ path: join(directory, 'operator.db') });
  return {
    store,
    async dispose() {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
});
