/** The pages of the database file: those that hold nothing are used again, or go back to the volume. */
import type { DatabaseSync } from 'node:sqlite';
import { integer } from './row.ts';

/** Given back at once, of 8 KiB each: at most 64 MiB, some hundred milliseconds. */
const mostAtOnce = 8_192;
/**
 * The share of the file that may stay free. To give a page back, one from the end of the file is moved to its place: if all
 * went back, every byte that is trimmed would be another that is written, and the file would grow again a minute later.
 */
const slack = 1 / 16;

export function pages(database: DatabaseSync) {
  const free = database.prepare('PRAGMA freelist_count');
  const all = database.prepare('PRAGMA page_count');
  const size = database.prepare('PRAGMA page_size');
  const freeCount = (): number => integer(free.get() ?? {}, 'freelist_count');

  return {
    freeBytes: (): number => freeCount() * integer(size.get() ?? {}, 'page_size'),

    /** Gives what is free beyond the slack back to the volume, or some of it. */
    giveBack(): void {
      const kept = Math.ceil(integer(all.get() ?? {}, 'page_count') * slack);
      const beyond = Math.min(freeCount() - kept, mostAtOnce);
      if (beyond > 0) database.exec(`PRAGMA incremental_vacuum(${beyond})`);
    },
  };
}
