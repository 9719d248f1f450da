/** Making durable what SQLite does not write itself. */
import { closeSync, fsyncSync, openSync } from 'node:fs';

/** The content of a file, or the names in a directory. */
export function syncToDisk(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
