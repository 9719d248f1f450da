import { Worker } from 'node:worker_threads';
import { StoreError } from '../errors.ts';
import type { Store } from '../store.ts';
import { defaultPendingLimits, pendingRequests, type PendingCounts, type PendingLimits } from './pending.ts';
import type { Method, OpenedFacts, Reply, Request, Result, ThreadOptions } from './protocol.ts';

export interface SqliteStoreOptions {
  /** The database file, in a directory that exists, on a volume of a block device. */
  readonly path: string;
  /** Waits for a predecessor to end; default 10 s, less than the time after which a starting pod is restarted. */
  readonly lockTimeoutMs?: number;
  readonly limits?: PendingLimits;
  /** Module of the store's thread. Default: worker.ts beside this source, or store-worker.js beside the bundle. */
  readonly workerUrl?: URL;
  /** The thread ended by itself; every request fails from now on. The process should end and be started again. */
  readonly onFailure?: (error: StoreError) => void;
}

export interface SqliteStore extends Store {
  /** What opening found. `created`: a first start, or a volume that lost its content. Worth a line in the log. */
  readonly opened: OpenedFacts;
  pending(): PendingCounts;
  /** Copies the database into a file on its own volume, while work goes on. What is acknowledged before is in it. */
  backup(to: string): Promise<void>;
}

function defaultWorkerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './store-worker.js', import.meta.url);
}

/** Opens the store; rejects with a StoreError that says why not and what to do. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const data: ThreadOptions = { path: options.path, lockTimeoutMs: options.lockTimeoutMs ?? 10_000 };
  const worker = new Worker(options.workerUrl ?? defaultWorkerUrl(), { workerData: data, name: 'store' });
  const pending = pendingRequests(options.limits ?? defaultPendingLimits);
  const opened = Promise.withResolvers<Extract<Reply, { type: 'opened' }>>();
  const exited = Promise.withResolvers<void>();
  let closing: Promise<void> | undefined;
  let ended: StoreError | undefined;
  let isOpen = false;

  worker.on('message', (reply: Reply) => {
    switch (reply.type) {
      case 'opened':
        return opened.resolve(reply);
      case 'refused':
        return opened.reject(new StoreError(reply.failure.kind, reply.failure.message));
      case 'value':
        return pending.resolve(reply.id, reply.value);
      case 'error':
        return pending.reject(reply.id, new StoreError(reply.failure.kind, reply.failure.message));
    }
  });
  worker.on('error', (cause: Error) => {
    ended = new StoreError('internal', `store ${options.path}: its thread failed: ${cause.message}`, { cause });
  });
  worker.on('exit', () => {
    const expected = closing !== undefined && ended === undefined;
    ended ??= new StoreError('closed', `store ${options.path}: its thread has ended`);
    opened.reject(ended);
    pending.rejectAll(ended);
    exited.resolve();
    if (isOpen && !expected) options.onFailure?.(ended);
  });

  async function send<M extends Method>(
    method: M,
    args: Request<M>['args'],
    moved: readonly Uint8Array<ArrayBuffer>[] = [],
  ): Promise<Result<M>> {
    return post(method, args, moved);
  }

  async function post<Value>(method: string, args: readonly unknown[], moved: readonly Uint8Array<ArrayBuffer>[]) {
    if (ended !== undefined) throw ended;
    if (closing !== undefined) throw new StoreError('closed', `store ${options.path}: is closed`);
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const id = pending.add({ bytes: sizeOf(moved), resolve, reject });
    const buffers = moved.map((part) => part.buffer);
    worker.postMessage({ id, method, args }, buffers);
    return promise;
  }

  async function request<M extends Method>(method: M, ...args: Request<M>['args']): Promise<Result<M>> {
    pending.admit(0);
    return send(method, args);
  }

  const { type: _, ...facts } = await opened.promise;
  isOpen = true;
  return {
    opened: facts,
    pending: () => pending.counts(),
    backup: (to) => post<void>('backup', [to], []),
    async commitSnapshot(commit) {
      const { snapshot } = commit;
      pending.admit(sizeOf([snapshot.bytes, snapshot.context ?? none, commit.evidence]));
      // Copied once and moved: the caller keeps its bytes, and a view takes no larger buffer with it into the thread.
      const evidence = new Uint8Array(commit.evidence);
      const bytes = new Uint8Array(snapshot.bytes);
      const context = snapshot.context && new Uint8Array(snapshot.context);
      return send(
        'commitSnapshot',
        [{ ...commit, evidence, snapshot: { ...snapshot, bytes, ...(context && { context }) } }],
        context === undefined ? [evidence, bytes] : [evidence, bytes, context],
      );
    },
    hasSnapshot: (snapshotId) => request('hasSnapshot', snapshotId),
    profile: (image) => request('profile', image),
    evidence: (image) => request('evidence', image),
    profiles: (page) => request('profiles', page),
    snapshots: (image, page) => request('snapshots', image, page),
    snapshotCounts: (image, until) => request('snapshotCounts', image, until),
    seal: (image, version, at) => request('seal', image, version, at),
    keepCompiled: (image, version, compiled) => request('keepCompiled', image, version, compiled),
    markPublished: (image, uid) => request('markPublished', image, uid),
    forget: (image, audit) => request('forget', image, audit),
    markRun: (runs, at) => request('markRun', runs, at),
    archive: (image, reason, at, options) => request('archive', image, reason, at, options),
    restarts: (image) => request('restarts', image),
    restore: (image, at) => request('restore', image, at),
    archived: (image) => request('archived', image),
    archivedEvidence: (image, archivedAt) => request('archivedEvidence', image, archivedAt),
    trimArchive: (limits) => request('trimArchive', limits),
    quarantine: (image, mark, namespace) => request('quarantine', image, mark, namespace),
    quarantined: (image) => request('quarantined', image),
    trimQuarantine: (retention) => request('trimQuarantine', retention),
    release: (image, audit) => request('release', image, audit),
    recordRefusal: (image, refusal) => request('recordRefusal', image, refusal),
    refusals: () => request('refusals'),
    recordAudit: (entry) => request('recordAudit', entry),
    audit: (page) => request('audit', page),
    recordLostPeriod: (lost) => request('recordLostPeriod', lost),
    lostPeriods: (image) => request('lostPeriods', image),
    trimSnapshots: (retention) => request('trimSnapshots', retention),
    secret: (name, fresh) => request('secret', name, fresh),
    usage: () => request('usage'),
    close() {
      // Requests are answered in order, so this one drains the others, whatever the limits say; the thread ends after it.
      closing ??= (ended === undefined ? send('close', []) : Promise.resolve()).then(() => exited.promise);
      return closing;
    },
  };
}

const none = new Uint8Array();

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.byteLength, 0);
}
