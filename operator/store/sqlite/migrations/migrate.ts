import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../../errors.ts';
import { profilesAndSnapshots } from './0001-profiles-and-snapshots.ts';
import { snapshotContext } from './0002-snapshot-context.ts';
import { lifecycle } from './0003-lifecycle.ts';
import { restarts } from './0004-restarts.ts';
import { wideQuarantine } from './0005-wide-quarantine.ts';
import { hours } from './0006-hours.ts';
import { seenQuarantine } from './0007-seen-quarantine.ts';
import { secrets } from './0008-secrets.ts';
import { compiledForms } from './0009-compiled-forms.ts';
import { refusals } from './0010-refusals.ts';

/**
 * In order; the number of a migration is its place, beginning at 1. Released ones never change. Each comes with a database
 * as it left it (testing/golden.ts), which every later operator must be able to open.
 */
export const migrations: readonly string[] = [
  profilesAndSnapshots,
  snapshotContext,
  lifecycle,
  restarts,
  wideQuarantine,
  hours,
  seenQuarantine,
  secrets,
  compiledForms,
  refusals,
];

/** 'WSec' as a number, in the header of every database of ours (PRAGMA application_id). */
export const applicationId = 0x57536563;

function pragma(database: DatabaseSync, name: string): number {
  const value = database.prepare(`PRAGMA ${name}`).get()?.[name];
  if (typeof value !== 'number') throw new StoreError('internal', `PRAGMA ${name} gave ${typeof value}, not a number`);
  return value;
}

export function schemaVersion(database: DatabaseSync): number {
  return pragma(database, 'user_version');
}

/** Refuses databases of other programs and of newer versions of this one. */
export function checkOwner(database: DatabaseSync, path: string, newest: number): void {
  const owner = pragma(database, 'application_id');
  if (owner !== applicationId) {
    throw new StoreError(
      'foreign',
      `store ${path}: the database belongs to another program (application_id ${owner}, expected ${applicationId}); give the operator a path of its own`,
    );
  }
  const version = schemaVersion(database);
  if (version > newest) {
    throw new StoreError(
      'newer',
      `store ${path}: the database has schema ${version}, this operator knows ${newest}; run the newer operator again, or restore a backup from before the upgrade`,
    );
  }
}

/**
 * Applies what is missing, each migration in a transaction of its own together with its number: a crash leaves either the
 * old schema or the new one. Returns the numbers applied.
 */
export function migrate(database: DatabaseSync, steps: readonly string[] = migrations): readonly number[] {
  const applied: number[] = [];
  for (const [index, sql] of steps.entries()) {
    const number = index + 1;
    if (number <= schemaVersion(database)) continue;
    database.exec('BEGIN IMMEDIATE');
    try {
      database.exec(sql);
      database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${number}; COMMIT`);
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
    applied.push(number);
  }
  return applied;
}
