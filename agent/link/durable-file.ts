/** Files that are either there, whole, or not: also after a crash or a loss of power. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Names of files that were not finished begin like this. */
export const unfinished = '.unfinished-';

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Written beside its place, made durable, then moved there: a reader never sees a part of it.
 * @throws Error if the disk takes no more; what was written is removed then, so that it takes no room from what comes next
 */
export function writeDurably(path: string, content: Uint8Array | string): void {
  const temporary = join(dirname(path), `${unfinished}${basename(path)}`);
  try {
    writeWhole(temporary, Buffer.from(content));
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

function writeWhole(path: string, bytes: Uint8Array): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
