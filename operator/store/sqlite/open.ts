import { accessSync, constants, existsSync, linkSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../errors.ts';
import { checkIntegrity, defaultWholeCheckBytes } from './check.ts';
import { classify } from './classify.ts';
import { networkFileSystem } from './file-system.ts';
import { checkOwner, migrate, migrations } from './migrations/migrate.ts';
import { takeBackup } from './restore.ts';
import { syncToDisk } from './sync.ts';

export interface OpenOptions {
  /** The database file; `-wal` lies beside it while it is open. */
  readonly path: string;
  /** How long to wait for another process to let go (a predecessor that is still draining), in milliseconds. */
  readonly lockTimeoutMs: number;
  /** A larger file is checked without its raw snapshots; {@link defaultWholeCheckBytes} if absent. */
  readonly wholeCheckBytes?: number;
}

export interface Opened {
  readonly database: DatabaseSync;
  /** There was no database before. */
  readonly created: boolean;
  /** A backup was taken in place of what was there. */
  readonly restored: boolean;
  /** Numbers of the migrations applied. */
  readonly migrated: readonly number[];
  /** The integrity check left nothing out. */
  readonly checkedWhole: boolean;
}

/**
 * Opens or creates the database, alone and checked. Throws a StoreError; it never begins anew in place of something that
 * it cannot read.
 */
export function openDatabase(options: OpenOptions): Opened {
  const { path } = options;
  try {
    refuseNetworkFileSystem(path);
    // SQLite opens what it may not write as well, and reports an I/O error when it wants its lock: the kernel says it better.
    accessSync(dirname(path), constants.R_OK | constants.W_OK | constants.X_OK);
    const restored = takeBackup(path);
    const created = !existsSync(path);
    if (created) create(path);
    else refuseUnusable(path);
    return { ...openExisting(options), created, restored };
  } catch (error) {
    throw classify(error, path);
  }
}

function refuseNetworkFileSystem(path: string): void {
  const name = networkFileSystem(statfsSync(dirname(path)).type);
  if (name === undefined) return;
  throw new StoreError(
    'network-file-system',
    `store ${path}: lies on ${name}, whose locks and syncs SQLite cannot rely on; use a volume of a block device (a ReadWriteOnce storage class) or a local directory`,
  );
}

/** A database of ours is never empty, see {@link create}: an empty file is one that a crash of the file system cut. */
function refuseUnusable(path: string): void {
  accessSync(path, constants.R_OK | constants.W_OK);
  if (statSync(path).size > 0) return;
  throw new StoreError(
    'corrupt',
    `store ${path}: the file is empty; restore it from a backup, or remove it together with ${path}-wal so that learning starts again`,
  );
}

/**
 * Builds a database aside and links it into place when its first schema is durable. So a crash in between leaves nothing
 * under the real name, and whatever lies there, however small, was once a whole database.
 */
function create(path: string): void {
  if (existsSync(`${path}-wal`)) {
    throw new StoreError(
      'corrupt',
      `store ${path}: the database is missing, but its log ${path}-wal is there; restore both, or remove the log so that learning starts again`,
    );
  }
  const aside = `${path}.new`;
  for (const left of [aside, `${aside}-journal`]) rmSync(left, { force: true });
  const database = new DatabaseSync(aside);
  try {
    // Only an empty database takes these: freed pages can go back to the volume, and 8 KiB pages suit blobs of 100 KB.
    database.exec('PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA synchronous = FULL');
    migrate(database);
  } finally {
    database.close();
  }
  // link(2), unlike rename(2), fails if another operator was faster: its database is never replaced.
  linkSync(aside, path);
  rmSync(aside);
  syncToDisk(dirname(path));
}

function openExisting(options: OpenOptions): Omit<Opened, 'created' | 'restored'> {
  const database = new DatabaseSync(options.path, { timeout: options.lockTimeoutMs });
  try {
    // Exclusive before the first read: the lock is held until close, so a second opener fails at once instead of
    // interleaving, and the index of the log lives in memory instead of a shared mapping.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    checkOwner(database, options.path, migrations.length);
    const checkedWhole = checkIntegrity(database, options.path, options.wholeCheckBytes ?? defaultWholeCheckBytes);
    useWriteAheadLog(database, options.path);
    // An agent forgets its copy once we acknowledge. NORMAL syncs at checkpoints only: a power cut would take back
    // snapshots that nobody else has. FULL costs one fsync per commit, and we commit a few times a second at most.
    database.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    // The log is cut to 64 MB after a checkpoint; a large transaction may let it grow beyond for a while.
    database.exec('PRAGMA journal_size_limit = 67108864');
    const migrated = migrate(database);
    return { database, migrated, checkedWhole };
  } catch (error) {
    database.close();
    throw error;
  }
}

function useWriteAheadLog(database: DatabaseSync, path: string): void {
  const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  if (mode !== 'wal') throw new StoreError('internal', `store ${path}: journal mode is ${String(mode)} instead of wal`);
}
