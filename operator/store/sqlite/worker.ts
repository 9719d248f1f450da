/**
 * The store's thread: opens the database, then answers one request after the other, in the order in which they came.
 * node:sqlite is synchronous and a commit waits for the disk, so neither may happen on the event loop that serves agents.
 */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { z } from 'zod';
import { classify } from './classify.ts';
import { sqliteDatabase } from './database.ts';
import { openDatabase } from './open.ts';
import type { Failure, Method, Reply, Request, Result, SyncStore, ThreadOptions } from './protocol.ts';

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
  let store: SyncStore;
  try {
    const { database, created, migrated } = openDatabase({ path, lockTimeoutMs });
    store = sqliteDatabase(database, path);
    send({ type: 'opened', created, migrated });
  } catch (error) {
    send({ type: 'refused', failure: failureOf(error, path) });
    return;
  }
  port.on('message', (request: Request) => {
    const { id, method } = request;
    try {
      const value = perform(store, request);
      send({ type: 'value', id, value }, buffersOf(value));
    } catch (error) {
      send({ type: 'error', id, failure: failureOf(error, path) });
    }
    if (method === 'close') port.close();
  });
}

if (parentPort !== null) serve(parentPort, threadOptions.parse(workerData));
