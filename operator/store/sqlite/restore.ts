/**
 * Putting a backup in the place of the database. It is laid beside it, checked, and taken at the next opening: so it works
 * while the operator runs, and while it cannot open what it has. What it replaces is kept, once.
 */
import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { checkCopy } from './check.ts';
import { classify } from './classify.ts';
import { syncToDisk } from './sync.ts';

const waiting = (path: string): string => `${path}.restore`;

export const replacedPath = (path: string): string => `${path}.replaced`;

/** @returns the schema of the backup. @throws StoreError if it is no whole database of ours; then nothing is laid down */
export async function layDownBackup(path: string, backup: AsyncIterable<Uint8Array>): Promise<number> {
  const part = `${waiting(path)}.part`;
  try {
    await pipeline(backup, createWriteStream(part, { mode: 0o600 }));
    const schema = checkCopy(part, 'what came on standard input');
    syncToDisk(part);
    renameSync(part, waiting(path));
    syncToDisk(dirname(path));
    return schema;
  } catch (error) {
    throw classify(error, part);
  } finally {
    rmSync(part, { force: true });
  }
}

/** Whether a backup was waiting. A crash in between is gone on with by the next opening. */
export function takeBackup(path: string): boolean {
  if (!existsSync(waiting(path))) return false;
  // The log first: without its database it is nothing, but another database must never find it.
  for (const suffix of ['-wal', '']) {
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${replacedPath(path)}${suffix}`);
  }
  renameSync(waiting(path), path);
  syncToDisk(dirname(path));
  return true;
}
