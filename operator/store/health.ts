/** How the store is, for people: what keeps it from taking what is learned, if anything does. */
import type { Clock } from '../clock.ts';
import { StoreError, type StoreErrorKind } from './errors.ts';
import type { CommitResult, SnapshotCommit, Store } from './store.ts';

export type Health =
  | { readonly state: 'opening' | 'ready' }
  /** The message says what to do. */
  | { readonly state: 'failing'; readonly kind: StoreErrorKind; readonly message: string };

/** A volume that is full takes small things now and then: only after so long without a refusal it counts as well again. */
const quietMs = 60_000;

/** Says nothing of the store, only of a request or of the moment. */
const passing: readonly StoreErrorKind[] = ['busy', 'invalid', 'closed'];

export class StoreHealth {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #listeners = new Set<() => void>();
  #current: Health = { state: 'opening' };
  #failedAt = 0;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  get current(): Health {
    return this.#current;
  }

  /** Calls `listener` after every change; returns the way to end it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  opened(): void {
    this.#set({ state: 'ready' });
  }

  failed({ kind, message }: StoreError): void {
    this.#failedAt = this.#clock.monotonic();
    this.#set({ state: 'failing', kind, message });
  }

  /** The same store; what becomes of its commits tells how it is. */
  follow<Followed extends Pick<Store, 'commitSnapshot'>>(store: Followed): Followed {
    return {
      ...store,
      commitSnapshot: async (commit: SnapshotCommit): Promise<CommitResult> => {
        try {
          const result = await store.commitSnapshot(commit);
          if (this.#clock.monotonic() - this.#failedAt >= quietMs) this.opened();
          return result;
        } catch (error) {
          if (error instanceof StoreError && !passing.includes(error.kind)) this.failed(error);
          throw error;
        }
      },
    };
  }

  #set(next: Health): void {
    const { current } = this;
    this.#current = next;
    const same =
      next.state === 'failing'
        ? current.state === 'failing' && current.message === next.message
        : current.state === next.state;
    if (!same) for (const listener of this.#listeners) listener();
  }
}
