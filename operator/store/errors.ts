/**
 * Why a store refused. Callers decide by `kind`: `busy` and `full` pass, so the work is repeated later; `invalid` is a
 * mistake of the caller; everything else needs a person, and the message says what to do.
 */
export const storeErrorKinds = [
  /** More requests wait than the queue holds; repeat later. */
  'busy',
  /** No space left on the volume; nothing of the request was written. */
  'full',
  /** The request contradicts itself or the store; repeating it changes nothing. */
  'invalid',
  /** {@link Store.close} was called, or the store's thread ended. */
  'closed',
  /** Another process has the database open. */
  'locked',
  'read-only',
  /** Directory or file is missing or may not be opened. */
  'cannot-open',
  'corrupt',
  'not-a-database',
  /** A sound database, but of another program. */
  'foreign',
  /** Written by a newer version of this program. */
  'newer',
  'network-file-system',
  'io',
  'internal',
] as const;

export type StoreErrorKind = (typeof storeErrorKinds)[number];

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: StoreErrorKind;

  constructor(kind: StoreErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }

  /** True if the same request may succeed later without anybody's help but time's. */
  get transient(): boolean {
    return this.kind === 'busy' || this.kind === 'full';
  }
}
