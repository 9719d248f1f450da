import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { StoreError } from '../errors.ts';
import { commitOf, nginx, snapshotRecord } from '../testing/records.ts';
import { openSqliteStore } from './sqlite-store.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'store-failures-'));
  path = join(directory, 'operator.db');
});
afterEach(() => rm(directory, { recursive: true }));

it('says why it does not open, as a StoreError, and calls no failure of a store that never was', async () => {
  const onFailure = vi.fn<(error: StoreError) => void>();
  const first = await openSqliteStore({ path });
  await expect(openSqliteStore({ path, lockTimeoutMs: 20, onFailure })).rejects.toMatchObject({ kind: 'locked' });
  await first.close();
  expect(onFailure).not.toHaveBeenCalled();
});

it('turns requests away when too many or too large ones wait, counts them, and serves again afterwards', async () => {
  const store = await openSqliteStore({ path, limits: { requests: 3, bytes: 1_000 } });
  const large = { ...commitOf(1), evidence: new Uint8Array(900) };
  const second = { ...commitOf(2, snapshotRecord({ from: 0 })), evidence: new Uint8Array(200) };
  const accepted = [store.commitSnapshot(large), store.profile(nginx)];
  await expect(store.commitSnapshot(second)).rejects.toMatchObject({ kind: 'busy', transient: true });
  accepted.push(store.profile(nginx));
  await expect(store.usage()).rejects.toMatchObject({ kind: 'busy' });
  expect(store.pending()).toMatchObject({ requests: 3, bytes: 903, refused: 2 });
  await Promise.all(accepted);
  expect(store.pending()).toEqual({ requests: 0, bytes: 0, refused: 2 });
  expect(await store.commitSnapshot(second)).toBe('stored');
  // Larger than the whole queue: it goes alone.
  const huge = { ...commitOf(3, snapshotRecord({ from: 100_000, to: 100_001 })), evidence: new Uint8Array(5_000) };
  expect(await store.commitSnapshot(huge)).toBe('stored');
  await store.close();
});

it('fails every request and reports once when its thread dies', async () => {
  const dies = `
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', () => { throw new Error('out of order'); });
    parentPort.postMessage({ type: 'opened', created: true, restored: false, migrated: [], checkedWhole: true });`;
  const workerUrl = new URL(`data:text/javascript,${encodeURIComponent(dies)}`);
  const onFailure = vi.fn<(error: StoreError) => void>();
  const store = await openSqliteStore({ path, workerUrl, onFailure });
  const waiting = [store.profile(nginx), store.usage()];
  for (const request of waiting) await expect(request).rejects.toThrow(/its thread failed: out of order/);
  await expect(store.profile(nginx)).rejects.toMatchObject({ kind: 'internal' });
  expect(onFailure).toHaveBeenCalledOnce();
  await store.close();
});
