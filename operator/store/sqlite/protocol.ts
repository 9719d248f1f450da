/** What the main thread and the store's thread say to each other. */
import type { StoreErrorKind } from '../errors.ts';
import type { Store } from '../store.ts';

export type Method = keyof Store;

/** The store as its thread sees it: the same methods, synchronous. */
export type SyncStore = { readonly [M in Method]: (...args: Parameters<Store[M]>) => Awaited<ReturnType<Store[M]>> };

export type Result<M extends Method> = Awaited<ReturnType<Store[M]>>;

export type Request<M extends Method = Method> = {
  readonly [K in M]: { readonly id: number; readonly method: K; readonly args: Parameters<Store[K]> };
}[M];

/** Errors lose their class between threads, so they travel as data. */
export interface Failure {
  readonly kind: StoreErrorKind;
  readonly message: string;
}

export type Reply =
  | { readonly type: 'opened'; readonly created: boolean; readonly migrated: readonly number[] }
  | { readonly type: 'refused'; readonly failure: Failure }
  | { readonly type: 'value'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly failure: Failure };

/** Given to the thread at its start. */
export interface ThreadOptions {
  readonly path: string;
  readonly lockTimeoutMs: number;
}
