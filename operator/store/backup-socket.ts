/**
 * How a process beside the operator, in its container, asks for a backup: it connects to a socket in the data directory, and
 * is told where the copy lies. Only the operator's own user can connect, who could read the database as well.
 */
import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Logger } from 'pino';
import { z } from 'zod';
import { StoreError, storeErrorKinds } from './errors.ts';
import type { SqliteStore } from './sqlite/sqlite-store.ts';

/** Beside the database `path`. */
const socketOf = (path: string): string => `${path}.socket`;
const copyOf = (path: string): string => `${path}.backup`;

/** One after the other; a person needs one. */
const maxConnections = 4;

const answer = z.union([
  z.object({ copy: z.string() }),
  z.object({ kind: z.enum(storeErrorKinds), message: z.string() }),
]);

export interface BackupSocketOptions {
  readonly store: Pick<SqliteStore, 'backup'>;
  /** Of the database. */
  readonly path: string;
  readonly log: Logger;
}

/** Serves until `signal` aborts. Without a socket there are no backups, but everything else. */
export async function serveBackups({ store, path, log }: BackupSocketOptions, signal: AbortSignal): Promise<void> {
  const copy = copyOf(path);
  const server = createServer((socket: Socket) => {
    // Who is gone needs no answer; the next backup replaces the copy.
    socket.on('error', (error) => log.info({ err: error }, 'whoever asked for a backup is gone'));
    store.backup(copy).then(
      () => socket.end(JSON.stringify({ copy })),
      (error: unknown) => {
        log.error({ err: error }, 'no backup could be made');
        const { kind, message } = error instanceof StoreError ? error : { kind: 'internal', message: String(error) };
        socket.end(JSON.stringify({ kind, message }));
      },
    );
  });
  server.maxConnections = maxConnections;
  // What a process that was killed has left; the database is ours alone, so nobody listens there.
  for (const left of [socketOf(path), copy]) rmSync(left, { force: true });
  server.listen(socketOf(path));
  try {
    await once(server, 'listening', { signal });
    chmodSync(socketOf(path), 0o600);
    await once(server, 'error', { signal });
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, 'backups cannot be asked for');
  } finally {
    server.close();
  }
}

/**
 * Asks the operator that has `path` open for a copy.
 * @returns where it lies; whoever asked removes it
 * @throws StoreError
 */
export async function requestBackup(path: string): Promise<string> {
  const socket = connect(socketOf(path));
  try {
    await once(socket, 'connect');
  } catch (cause) {
    const message = `store ${path}: no operator has it open that could be asked for a backup; if it is stopped, copy the file itself`;
    throw new StoreError('cannot-open', message, { cause });
  }
  const parsed = answer.parse(JSON.parse(await text(socket)));
  if ('copy' in parsed) return parsed.copy;
  throw new StoreError(parsed.kind, parsed.message);
}
