import { closeSync, openSync, readSync } from 'node:fs';

const chunk = 64 * 1024;

/**
 * The first `limit` bytes of a file: for those of /proc, which tell no size and are as long as a container wants them to be.
 * @throws Error of the file system
 */
export function readFront(path: string, limit: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const parts: Buffer[] = [];
    for (let left = limit; left > 0;) {
      const part = Buffer.allocUnsafe(Math.min(left, chunk));
      const size = readSync(file, part, 0, part.length, null);
      if (size === 0) break;
      parts.push(part.subarray(0, size));
      left -= size;
    }
    return Buffer.concat(parts);
  } finally {
    closeSync(file);
  }
}
