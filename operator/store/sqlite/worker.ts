/**
 * The store's thread: opens the database, then answers one request after the other, in the order in which they came.
 * node:sqlite is synchronous and a commit waits for the disk, so neither may happen on the event loop that serves agents.
 */
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { z } from 'zod';
import { backupTo } from './backup.ts';
import { classify } from './classify.ts';
import { sqliteDatabase } from './database.ts';
import { openDatabase } from './open.ts';
import type { BackupRequest, Failure, Method, Reply, Request, Result, SyncStore, ThreadOptions } from './protocol.ts';

const threadOptions = z.object({ path: z.string().min(1), lockTimeoutMs: z.number().int().nonnegative() });

function failureOf(error: unknown, path: string): Failure {
  const { kind, message } = classify(error, path);
  return { kind, message };
}

function perform<M extends Method>(store: SyncStore, request: Request<M>): Result<M> {
  return store[request.method](...request.args);
}

/** Buffers of the reply, moved instead of copied: node:sqlite made each of them for this result alone. */
function buffersOf(value: unknown): ArrayBuffer[] {
  const records: readonly unknown[] = Array.isArray(value) ? value : [value];
  return records.flatMap((record) => {
    if (typeof record !== 'object' || record === null) return [];
    return Object.values(record).flatMap((field) =>
      field instanceof Uint8Array && field.buffer instanceof ArrayBuffer ? [field.buffer] : [],
    );
  });
}

function serve(port: MessagePort, { path, lockTimeoutMs }: ThreadOptions): void {
  const send = (reply: Reply, moved: ArrayBuffer[] = []): void => port.postMessage(reply, moved);
  let database: DatabaseSync;
  let store: SyncStore;
  try {
    const { database: opened, ...facts } = openDatabase({ path, lockTimeoutMs });
    database = opened;
    store = sqliteDatabase(database, path);
    send({ type: 'opened', ...facts });
  } catch (error) {
    send({ type: 'refused', failure: failureOf(error, path) });
    return;
  }

  const refuse = (id: number, error: unknown): void => send({ type: 'error', id, failure: failureOf(error, path) });

  /** One after the other, and closing waits for the last. */
  let backups = Promise.resolve();
  function backUp({ id, args: [to] }: BackupRequest): void {
    backups = backups.then(() =>
      backupTo(database, to).then(
        () => send({ type: 'value', id, value: undefined }),
        (error: unknown) => refuse(id, error),
      ),
    );
  }

  function answer(request: Request): void {
    try {
      const value = perform(store, request);
      send({ type: 'value', id: request.id, value }, buffersOf(value));
    } catch (error) {
      refuse(request.id, error);
    }
  }

  port.on('message', (request: Request | BackupRequest) => {
    if (request.method === 'backup') return backUp(request);
    if (request.method !== 'close') return answer(request);
    void backups.then(() => answer(request)).finally(() => port.close());
  });
}

if (parentPort !== null) serve(parentPort, threadOptions.parse(workerData));
