import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { backupTo } from './backup.ts';
import { resultCode } from './classify.ts';

let directory: string;
let database: DatabaseSync;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'backup-'));
  database = new DatabaseSync(join(directory, 'store.db'));
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE numbers (number INTEGER)');
});

afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Long enough for another thread to come in between. */
function commit(): void {
  const insert = database.prepare('INSERT INTO numbers VALUES (?)');
  database.exec('BEGIN IMMEDIATE');
  for (let number = 0; number < 2_000; number += 1) insert.run(number);
  database.exec('COMMIT');
}

it('begins again if the first pages are due within a commit', async () => {
  const path = join(directory, 'copy.db');
  for (let time = 0; time < 20; time += 1) {
    const copied = backupTo(database, path);
    commit();
    await copied;
    const copy = new DatabaseSync(path, { readOnly: true });
    const { count } = copy.prepare('SELECT count(*) AS count FROM numbers').get() ?? {};
    copy.close();
    // Whole commits, whichever of the two came first.
    expect([time * 2_000, (time + 1) * 2_000]).toContain(count);
  }
});

it('fails with what is wrong, at once, and leaves no half of a copy', async () => {
  // A folder of this name lets nobody make the file.
  const failed: unknown = await backupTo(database, join(directory, 'no', 'copy.db')).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 'ENOENT' });
  database.close();
  const closed: unknown = await backupTo(database, join(directory, 'copy.db')).catch((error: unknown) => error);
  expect(closed).toBeInstanceOf(Error);
  expect(resultCode(closed)).not.toBe(0);
  expect(readdirSync(directory).filter((name) => name.startsWith('copy'))).toEqual([]);
  database = new DatabaseSync(join(directory, 'store.db'));
});
