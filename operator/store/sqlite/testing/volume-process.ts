/**
 * What happens on a small volume, run inside a mount namespace of its own: `node volume-process.ts SCENARIO DIRECTORY`,
 * where DIRECTORY is a tmpfs. Prints one JSON document with what it saw.
 */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../../errors.ts';
import { commitOf, containerId, nginx, snapshotRecord } from '../../testing/records.ts';
import { openSqliteStore, type SqliteStore } from '../sqlite-store.ts';

const [scenario, directory = ''] = process.argv.slice(2);
if (directory === '') throw new Error('usage: volume-process.ts SCENARIO DIRECTORY');
const path = join(directory, 'operator.db');

async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    return error instanceof StoreError ? { kind: error.kind, message: error.message } : String(error);
  }
}

const commit = (store: SqliteStore, version: number): Promise<unknown> => {
  const snapshot = snapshotRecord({ containerId: containerId(version), bytes: new Uint8Array(100_000).fill(1) });
  return outcome(store.commitSnapshot(commitOf(version, snapshot)));
};

async function full(): Promise<unknown> {
  const ballast = join(directory, 'ballast');
  writeFileSync(ballast, new Uint8Array(2_000_000));
  const store = await openSqliteStore({ path });
  let version = 0;
  let result: unknown;
  do {
    version += 1;
    result = await commit(store, version);
  } while (result === 'stored' && version < 1_000);
  const whileFull = { stored: version - 1, refusal: result, readable: (await store.profile(nginx))?.version };
  rmSync(ballast);
  const afterwards = await commit(store, version);
  await store.close();
  const again = await openSqliteStore({ path });
  const snapshots = (await again.snapshots(nginx, { limit: 1_000 })).length;
  await again.close();
  return { ...whileFull, afterwards, snapshots };
}

async function readOnly(): Promise<unknown> {
  const store = await openSqliteStore({ path });
  await commit(store, 1);
  await store.close();
  execFileSync('mount', ['-o', 'remount,ro', directory]);
  const existing = await outcome(openSqliteStore({ path }));
  const fresh = await outcome(openSqliteStore({ path: join(directory, 'fresh.db') }));
  return { existing, fresh };
}

/** A volume that belongs to another user, which is what a missing fsGroup looks like. */
async function foreignOwner(): Promise<unknown> {
  process.setuid?.(65_534);
  return outcome(openSqliteStore({ path }));
}

const scenarios: Readonly<Record<string, () => Promise<unknown>>> = { full, readOnly, foreignOwner };
const run = scenarios[scenario ?? ''];
if (run === undefined) throw new Error(`unknown scenario ${scenario}`);
process.stdout.write(JSON.stringify(await run()));
