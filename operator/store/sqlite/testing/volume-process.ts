/**
 * What happens on a small volume, run inside a mount namespace of its own: `node volume-process.ts SCENARIO DIRECTORY`,
 * where DIRECTORY is a tmpfs. Prints one JSON document with what it saw.
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { StoreError } from '../../errors.ts';
import { commitOf, containerId, nginx, snapshotRecord } from '../../testing/records.ts';
import { openSqliteStore, type SqliteStore } from '../sqlite-store.ts';
import { goldenFile } from './golden.ts';

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

/** Takes the last byte of the volume; returns the way to give it back. */
function fillVolume(): () => void {
  const ballast = join(directory, 'ballast');
  const block = new Uint8Array(4_096);
  try {
    for (;;) appendFileSync(ballast, block);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
  return () => rmSync(ballast);
}

/** Retention on a volume that the store itself has filled, which is when it is needed. */
async function trimWhileFull(): Promise<unknown> {
  const store = await openSqliteStore({ path });
  let version = 0;
  let refusal: unknown;
  do {
    version += 1;
    refusal = await commit(store, version);
  } while (refusal === 'stored' && version < 1_000);
  const { volumeFreeBytes } = await store.usage();
  const trims: unknown[] = [];
  for (let turn = 0; turn < 4; turn += 1) trims.push(await outcome(store.trimSnapshots({ before: 0, bytes: 500_000 })));
  const afterwards = await commit(store, version);
  const { bytes, freeBytes, logBytes } = await store.usage();
  await store.close();
  return { stored: version - 1, refusal, volumeFreeBytes, trims, afterwards, bytes, freeBytes, logBytes };
}

/** Nothing half made is left under the real name. */
async function fullAtFirstStart(): Promise<unknown> {
  const free = fillVolume();
  const refusal = await outcome(openSqliteStore({ path }));
  const left = existsSync(path);
  free();
  const store = await openSqliteStore({ path });
  await store.close();
  return { refusal, left, created: store.opened.created };
}

/** The old schema stays whole until there is space for the new one. */
async function fullAtUpgrade(): Promise<unknown> {
  writeFileSync(path, zstdDecompressSync(readFileSync(goldenFile(1))));
  const free = fillVolume();
  const refusal = await outcome(openSqliteStore({ path }));
  free();
  const store = await openSqliteStore({ path });
  const { snapshots } = (await store.profile(nginx)) ?? {};
  await store.close();
  return { refusal, migrated: store.opened.migrated, snapshots };
}

/** Mode 0555, for somebody whom modes bind. */
async function closedDirectory(): Promise<unknown> {
  const inner = join(directory, 'data');
  mkdirSync(inner);
  chownSync(inner, 65_534, 65_534);
  chmodSync(inner, 0o555);
  process.setuid?.(65_534);
  return outcome(openSqliteStore({ path: join(inner, 'operator.db') }));
}

/** Another process has it, and the one that comes second gets it when the first is gone. */
async function otherProcess(): Promise<unknown> {
  const first = await openSqliteStore({ path });
  const output = execFileSync(process.execPath, [import.meta.filename, 'open', directory], { encoding: 'utf8' });
  const second: unknown = JSON.parse(output);
  const mine = await commit(first, 1);
  await first.close();
  const third = await openSqliteStore({ path });
  await third.close();
  return { second, mine };
}

async function openAgain(): Promise<unknown> {
  return outcome(openSqliteStore({ path, lockTimeoutMs: 50 }));
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

const scenarios: Readonly<Record<string, () => Promise<unknown>>> = {
  full,
  trimWhileFull,
  fullAtFirstStart,
  fullAtUpgrade,
  readOnly,
  foreignOwner,
  closedDirectory,
  otherProcess,
  open: openAgain,
};
const run = scenarios[scenario ?? ''];
if (run === undefined) throw new Error(`unknown scenario ${scenario}`);
process.stdout.write(JSON.stringify(await run()));
