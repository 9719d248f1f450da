/** Whether a database is whole and ours. */
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreError, type StoreErrorKind } from '../errors.ts';
import { classify } from './classify.ts';
import { checkOwner, migrations, schemaVersion } from './migrations/migrate.ts';
import { text } from './row.ts';

/**
 * Read whole at every start up to this size: 80 s at the 50 MB/s of a slow volume. Beyond, the raw snapshots, which are nearly
 * all of it, are left out: nothing else depends on them, and what is damaged there shows when it is read.
 */
export const defaultWholeCheckBytes = 4 * 1024 ** 3;

/**
 * @returns whether nothing was left out
 * @throws StoreError
 */
export function checkIntegrity(database: DatabaseSync, path: string, wholeCheckBytes: number): boolean {
  const whole = statSync(path).size <= wholeCheckBytes;
  const checks = whole
    ? ['PRAGMA quick_check(1)']
    : smallTables(database).map((table) => `PRAGMA quick_check("${table}")`);
  for (const check of checks) {
    const finding = database.prepare(check).get()?.['quick_check'];
    if (finding !== 'ok') {
      throw new StoreError(
        'corrupt',
        `store ${path}: the integrity check found: ${String(finding)}; restore it from a backup, or move it away so that learning starts again`,
      );
    }
  }
  return whole;
}

function smallTables(database: DatabaseSync): string[] {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'snapshot_bytes'");
  return tables.all().map((row) => text(row, 'name'));
}

/** What is wrong with a copy is mended otherwise than the same in the database of an operator. */
const faultsOfCopies: Partial<Record<StoreErrorKind, string>> = {
  corrupt: 'is damaged or incomplete; take another one',
  'not-a-database': 'is not an SQLite database; it must be, byte by byte, what the command "backup" wrote',
  foreign: 'is the database of another program, not a store of this product',
  newer: `is of a newer operator; this one knows schemas up to ${migrations.length}: use it with the operator that made it`,
};

/**
 * Checks a copy that nobody works with, every page of it, and makes it one file that needs no log.
 * @param called how people know the copy
 * @returns its schema. @throws StoreError
 */
export function checkCopy(path: string, called: string): number {
  let database: DatabaseSync | undefined;
  try {
    if (statSync(path).size === 0) throw new StoreError('cannot-open', `${called} is empty`);
    database = new DatabaseSync(path);
    // Alone, so that no index of the log appears beside it.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    checkOwner(database, path, migrations.length);
    checkIntegrity(database, path, Infinity);
    database.exec('PRAGMA journal_mode = DELETE');
    return schemaVersion(database);
  } catch (error) {
    const classified = classify(error, path);
    const fault = faultsOfCopies[classified.kind];
    if (fault === undefined) throw classified;
    throw new StoreError(classified.kind, `${called} ${fault}`, { cause: error });
  } finally {
    database?.close();
  }
}
