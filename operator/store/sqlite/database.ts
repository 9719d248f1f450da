import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../errors.ts';
import {
  checkCommit,
  checkLimit,
  checkLostPeriod,
  checkRetention,
  checkSecret,
  largestTrim,
  lostPeriodsPerImage,
} from '../limits.ts';
import type { CommitResult, SnapshotCommit, StoreUsage } from '../store.ts';
import { archiveTable } from './archive.ts';
import { auditTable } from './audit.ts';
import { lostPeriodTable } from './lost-periods.ts';
import { pages } from './pages.ts';
import { profileTable } from './profiles.ts';
import type { SyncStore } from './protocol.ts';
import { quarantineTable } from './quarantine.ts';
import { refusalTable } from './refusals.ts';
import { restartTable } from './restarts.ts';
import { secretTable } from './secrets.ts';
import { snapshotTable } from './snapshots.ts';

/** Every method of the store, synchronous, on a database that is open, checked and ours alone. */
export function sqliteDatabase(database: DatabaseSync, path: string): SyncStore {
  const profiles = profileTable(database);
  const snapshots = snapshotTable(database);
  const lostPeriods = lostPeriodTable(database);
  const file = pages(database, path);
  const archive = archiveTable(database);
  const audit = auditTable(database);
  const quarantine = quarantineTable(database);
  const restarts = restartTable(database);
  const secrets = secretTable(database);
  const refusals = refusalTable(database);

  function transaction<T>(work: () => T): T {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  function commit({ snapshot, profile, evidence }: SnapshotCommit): CommitResult {
    if (snapshots.has(snapshot.snapshotId)) return 'duplicate';
    if (snapshots.overlaps(snapshot.containerId, snapshot.from, snapshot.to)) return 'overlap';
    const current = profiles.get(profile.image);
    if (profile.version !== (current?.version ?? 0) + 1) return 'conflict';
    // A profile that was forgotten and began again counts from 1 again: its beginning tells it from the one before.
    if (current !== undefined && current.firstSnapshotAt !== profile.firstSnapshotAt) return 'conflict';
    if (current?.state === 'stable') {
      throw new StoreError(
        'invalid',
        `store: the profile of ${profile.image.name}:${profile.image.tag} is stable; its evidence does not change`,
      );
    }
    profiles.put(profile, evidence);
    if (current === undefined && !archive.has(profile.image)) quarantine.begin(profile.image);
    snapshots.insert(snapshot);
    return 'stored';
  }

  return {
    commitSnapshot(request) {
      checkCommit(request);
      return transaction(() => commit(request));
    },
    hasSnapshot: (snapshotId) => snapshots.has(snapshotId),
    profile: (image) => profiles.get(image),
    evidence(image) {
      // Consistent without a transaction: nothing else runs on this thread, and nobody else has the database.
      const profile = profiles.get(image);
      return profile === undefined ? undefined : { profile, evidence: profiles.evidence(image) };
    },
    profiles: ({ limit, after }) => profiles.page(checkLimit(limit), after),
    snapshots: (image, page) => snapshots.page(image, { ...page, limit: checkLimit(page.limit) }),
    seal: (image, version, at) => transaction(() => profiles.seal(image, version, at)),
    keepCompiled: (image, version, compiled) => transaction(() => profiles.keepCompiled(image, version, compiled)),
    markPublished: (image, uid) => transaction(() => profiles.markPublished(image, uid)),
    forget: (image, entry) =>
      transaction(() => {
        if (entry !== undefined) audit.record(entry);
        lostPeriods.remove(image);
        quarantine.remove(image);
        restarts.set(image, 0);
        const wasArchived = archive.remove(image);
        return profiles.remove(image) || wasArchived;
      }),
    markRun: (runs, at) => transaction(() => runs.forEach((run) => profiles.markRun(run, at))),
    archive: (image, reason, at, options = {}) =>
      transaction(() => {
        if (!archive.put(image, reason, at)) return false;
        if (options.audit !== undefined) audit.record(options.audit);
        if (reason === 'relearned') {
          lostPeriods.remove(image);
          restarts.set(image, options.restarts ?? 0);
          if (!archive.hasCollected(image)) quarantine.drop(image, options.gone ?? []);
        }
        return profiles.remove(image);
      }),
    restarts: (image) => restarts.get(image),
    restore: (image, at) =>
      transaction(() => {
        if (profiles.get(image) !== undefined) return undefined;
        return archive.restore(image, at) ? profiles.get(image) : undefined;
      }),
    archived: (image) => archive.list(image),
    archivedEvidence: (image, archivedAt) => archive.evidence(image, archivedAt),
    trimArchive(limits) {
      const trimmed = transaction(() => {
        const dropped = archive.trim(limits);
        restarts.trim();
        return dropped;
      });
      if (trimmed > 0) file.giveBack();
      return trimmed;
    },
    quarantine: (image, mark, namespace) =>
      transaction(() => {
        const result = quarantine.add(image, mark, namespace);
        if (result !== 'known') profiles.touch(image);
        return result;
      }),
    quarantined: (image) => quarantine.list(image),
    trimQuarantine: (retention) => transaction(() => quarantine.trim(retention)),
    release: (image, entry) =>
      transaction(() => {
        const released = quarantine.remove(image);
        if (released > 0) {
          profiles.touch(image);
          audit.record(entry);
        }
        return released;
      }),
    recordRefusal: (image, refusal) => transaction(() => refusals.add(image, refusal)),
    refusals: () => refusals.newest(),
    recordAudit: (entry) => transaction(() => audit.record(entry)),
    audit: ({ limit, before }) => audit.page(checkLimit(limit), before),
    recordLostPeriod(lost) {
      checkLostPeriod(lost);
      return transaction(() => lostPeriods.count(lost.image) < lostPeriodsPerImage && lostPeriods.insert(lost));
    },
    lostPeriods: (image) => lostPeriods.count(image),
    snapshotCounts: (image, until) => snapshots.counts(image, until),
    trimSnapshots(retention) {
      checkRetention(retention);
      // What the portion before has freed; the last one finds nothing to drop.
      file.giveBack();
      return transaction(() => {
        const byAge = snapshots.trimByAge(retention.before, largestTrim);
        return { byAge, byBytes: snapshots.trimByBytes(retention.bytes, largestTrim - byAge) };
      });
    },
    secret(name, fresh) {
      checkSecret(fresh);
      return transaction(() => secrets.keep(name, fresh));
    },
    usage(): StoreUsage {
      const raw = snapshots.totals();
      const logBytes = fileSize(`${path}-wal`);
      const { bavail, bsize } = statfsSync(dirname(path));
      const archived = archive.totals();
      const audited = audit.totals();
      return {
        profiles: profiles.count(),
        snapshots: raw.count,
        snapshotBytes: raw.bytes,
        lostPeriods: lostPeriods.total(),
        bytes: fileSize(path) + logBytes,
        logBytes,
        freeBytes: file.freeBytes(),
        volumeFreeBytes: bavail * bsize,
        archived: archived.count,
        archiveBytes: archived.bytes,
        auditEntries: audited.count,
        auditDropped: audited.dropped,
        quarantine: quarantine.totals(),
      };
    },
    close: () => database.close(),
  };
}

/** By stat(2), which opens nothing: closing any descriptor of the database would drop this process's POSIX locks on it. */
function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
