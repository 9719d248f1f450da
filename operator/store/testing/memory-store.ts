/** The embedded store in memory and on this thread: for tests that ask many short questions, and look in between. */
import { DatabaseSync } from 'node:sqlite';
import { sqliteDatabase } from '../sqlite/database.ts';
import { migrate } from '../sqlite/migrations/migrate.ts';
import type { SyncStore } from '../sqlite/protocol.ts';
import type { Store } from '../store.ts';

export interface MemoryStore {
  readonly store: Store;
  /** The same, without waiting. */
  readonly now: SyncStore;
}

export function memoryStore(): MemoryStore {
  const database = new DatabaseSync(':memory:');
  database.exec('PRAGMA foreign_keys = ON');
  migrate(database);
  const now = sqliteDatabase(database, ':memory:');
  const later =
    <Args extends readonly unknown[], Result>(method: (...args: Args) => Result) =>
    (...args: Args): Promise<Result> =>
      new Promise((resolve) => resolve(method(...args)));
  const store: Store = {
    commitSnapshot: later(now.commitSnapshot),
    hasSnapshot: later(now.hasSnapshot),
    profile: later(now.profile),
    evidence: later(now.evidence),
    profiles: later(now.profiles),
    snapshots: later(now.snapshots),
    snapshotCounts: later(now.snapshotCounts),
    seal: later(now.seal),
    keepCompiled: later(now.keepCompiled),
    markPublished: later(now.markPublished),
    forget: later(now.forget),
    recordLostPeriod: later(now.recordLostPeriod),
    lostPeriods: later(now.lostPeriods),
    trimSnapshots: later(now.trimSnapshots),
    secret: later(now.secret),
    usage: later(now.usage),
    close: later(now.close),
    markRun: later(now.markRun),
    archive: later(now.archive),
    restarts: later(now.restarts),
    restore: later(now.restore),
    archived: later(now.archived),
    archivedEvidence: later(now.archivedEvidence),
    trimArchive: later(now.trimArchive),
    quarantine: later(now.quarantine),
    quarantined: later(now.quarantined),
    trimQuarantine: later(now.trimQuarantine),
    release: later(now.release),
    recordRefusal: later(now.recordRefusal),
    refusals: later(now.refusals),
    recordAudit: later(now.recordAudit),
    audit: later(now.audit),
  };
  return { store, now };
}
