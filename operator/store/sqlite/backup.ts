/** A copy of the database while work goes on: commits come in between, and those until its end are in it. */
import { rmSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, type DatabaseSync } from 'node:sqlite';
import { StoreError } from '../errors.ts';
import { resultCode } from './classify.ts';
import { integer } from './row.ts';

/** SQLITE_OK */
const ok = 0;

/** Copied at a time, of 8 KiB each: 2 MiB, so that a commit waits some milliseconds. */
const pagesAtOnce = 256;

/** @throws StoreError `full` without space for the copy beside the database */
export async function backupTo(database: DatabaseSync, path: string): Promise<void> {
  rmSync(path, { force: true });
  const { bavail, bsize } = statfsSync(dirname(path));
  const bytes = pragma(database, 'page_count') * pragma(database, 'page_size');
  if (bytes > bavail * bsize) {
    throw new StoreError(
      'full',
      `store: a backup is made beside the database and needs ${bytes} bytes, but ${bavail * bsize} are free; enlarge the volume or lower the retention of snapshots`,
    );
  }
  try {
    await begun(() => backup(database, path, { rate: pagesAtOnce }));
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/**
 * Pages are copied by another thread. If this one is within a commit when the first are due, SQLite says that it is busy; later
 * Node.js would wait, but of a copy that has not begun it says that it failed with "not an error" (SQLITE_OK). Each time one of the
 * two is first by chance: that all of 100 meet a commit does not happen.
 */
async function begun(copy: () => Promise<unknown>, attempts = 100): Promise<void> {
  for (let left = attempts; ; left -= 1) {
    try {
      await copy();
      return;
    } catch (error) {
      if (left === 1 || resultCode(error) !== ok) throw error;
    }
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return integer(database.prepare(`PRAGMA ${name}`).get() ?? {}, name);
}
