/** Files that are either there, whole, or not: also after a crash or a loss of power. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
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

/** Written beside its place, made durable, then moved there: a reader never sees a part of it. */
export function writeDurably(path: string, content: Uint8Array | string): void {
  const temporary = join(dirname(path), `${unfinished}${basename(path)}`);
  const fd = openSync(temporary, 'w', 0o600);
  try {
    const bytes = Buffer.from(content);
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}
