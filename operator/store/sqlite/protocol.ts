/** What the main thread and the store's thread say to each other. */
import type { StoreErrorKind } from '../errors.ts';
import type { Store } from '../store.ts';
import type { Opened } from './open.ts';

export type Method = keyof Store;

/** The store as its thread sees it: the same methods, synchronous. */
export type SyncStore = { readonly [M in Method]: (...args: Parameters<Store[M]>) => Awaited<ReturnType<Store[M]>> };

export type Result<M extends Method> = Awaited<ReturnType<Store[M]>>;

export type Request<M extends Method = Method> = {
  readonly [K in M]: { readonly id: number; readonly method: K; readonly args: Parameters<Store[K]> };
}[M];

/** Not of every store, and not done within a moment: others are answered meanwhile. */
export interface BackupRequest {
  readonly id: number;
  readonly method: 'backup';
  readonly args: readonly [to: string];
}

/** Errors lose their class between threads, so they travel as data. */
export interface Failure {
  readonly kind: StoreErrorKind;
  readonly message: string;
}

/** How it was opened. */
export type OpenedFacts = Omit<Opened, 'database'>;

export type Reply =
  | ({ readonly type: 'opened' } & OpenedFacts)
  | { readonly type: 'refused'; readonly failure: Failure }
  | { readonly type: 'value'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly failure: Failure };

/** Given to the thread at its start. */
export interface ThreadOptions {
  readonly path: string;
  readonly lockTimeoutMs: number;
}
