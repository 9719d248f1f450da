/** The pages of the database file: those that hold nothing are used again, or go back to the volume. */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { integer } from './row.ts';

/** Given back at one call, of 8 KiB each: at most 64 MiB, some hundred milliseconds. */
const mostAtOnce = 8_192;
/**
 * The share of the file that may stay free. To give a page back, one from the end of the file is moved to its place: if all
 * went back, every byte that is trimmed would be another that is written, and the file would grow again a minute later.
 */
const slack = 1 / 16;

/**
 * Of the volume the file leaves this much alone, for the log, in which deletions are written as well: a store that has filled its volume to the brim could not even drop what is too old.
 */
const room = { share: 1 / 8, most: 128 * 1024 ** 2 };
/** Pages in the log, at most, until they are put in their places; SQLite's own default. */
const mostLogPages = 1_000;

/** @param path of the database, on its volume */
export function pages(database: DatabaseSync, path: string) {
  const free = database.prepare('PRAGMA freelist_count');
  const all = database.prepare('PRAGMA page_count');
  const freeCount = (): number => integer(free.get() ?? {}, 'freelist_count');
  const pageSize = integer(database.prepare('PRAGMA page_size').get() ?? {}, 'page_size');

  let logPages = mostLogPages;

  /** Volumes grow, so from time to time anew. A file that is larger already may stay so. */
  function leaveRoom(): void {
    const { blocks, bsize } = statfsSync(dirname(path));
    const left = Math.min(blocks * bsize * room.share, room.most);
    logPages = Math.max(16, Math.min(mostLogPages, Math.floor(left / 4 / pageSize)));
    database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor((blocks * bsize - left) / pageSize))}`);
    database.exec(`PRAGMA wal_autocheckpoint = ${logPages}`);
  }
  leaveRoom();

  return {
    freeBytes: (): number => freeCount() * pageSize,

    /** Gives what is free beyond the slack back to the volume, or some of it. */
    giveBack(): void {
      leaveRoom();
      const kept = Math.ceil(integer(all.get() ?? {}, 'page_count') * slack);
      const beyond = Math.min(freeCount() - kept, mostAtOnce);
      // For each page that moves, some others that point to it go through the log.
      const step = Math.ceil(logPages / 8);
      for (let given = 0; given < beyond; given += step) {
        database.exec(`PRAGMA incremental_vacuum(${Math.min(step, beyond - given)})`);
      }
    },
  };
}
