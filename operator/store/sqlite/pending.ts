import { StoreError } from '../errors.ts';

interface Waiting {
  readonly bytes: number;
  resolve(value: unknown): void;
  reject(error: StoreError): void;
}

export interface PendingLimits {
  /** Requests in flight. 256 at 5 ms each are more than a second of work: whoever comes then is better told to come later. */
  readonly requests: number;
  /** Bytes in flight. 64 MiB: sixty commits with 1 MiB of snapshot and evidence each. */
  readonly bytes: number;
}

export const defaultPendingLimits: PendingLimits = { requests: 256, bytes: 64 * 1024 * 1024 };

export interface PendingCounts {
  readonly requests: number;
  readonly bytes: number;
  /** Requests turned away because the queue was full, since the start. */
  readonly refused: number;
}

/** Requests that the store's thread has not answered yet: bounded in number and in bytes. */
export function pendingRequests(limits: PendingLimits) {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let heldBytes = 0;
  let refused = 0;

  function take(id: number): Waiting | undefined {
    const request = waiting.get(id);
    if (request === undefined) return undefined;
    waiting.delete(id);
    heldBytes -= request.bytes;
    return request;
  }

  return {
    /** Throws a StoreError of kind `busy` if the queue is full; a single large request always fits into an empty one. */
    admit(bytes: number): void {
      const fits = waiting.size < limits.requests && (heldBytes + bytes <= limits.bytes || waiting.size === 0);
      if (fits) return;
      refused += 1;
      throw new StoreError('busy', `store: ${waiting.size} requests with ${heldBytes} bytes are waiting; repeat later`);
    },

    /** Puts a request into the queue and returns its number. */
    add(request: Waiting): number {
      lastId += 1;
      heldBytes += request.bytes;
      waiting.set(lastId, request);
      return lastId;
    },

    resolve: (id: number, value: unknown): void => take(id)?.resolve(value),
    reject: (id: number, error: StoreError): void => take(id)?.reject(error),

    rejectAll(error: StoreError): void {
      for (const id of waiting.keys()) take(id)?.reject(error);
    },

    counts: (): PendingCounts => ({ requests: waiting.size, bytes: heldBytes, refused }),
  };
}
