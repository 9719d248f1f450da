/** A copy of the database while work goes on: commits come in between, and those until its end are in it. */
import { rmSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, type DatabaseSync } from 'node:sqlite';
import { StoreError } from '../errors.ts';
import { integer } from './row.ts';

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
    await backup(database, path, { rate: pagesAtOnce });
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return integer(database.prepare(`PRAGMA ${name}`).get() ?? {}, name);
}
