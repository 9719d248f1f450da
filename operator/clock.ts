/** Time as a dependency: everything in the operator that waits or measures takes a Clock, so that tests own the time. */
import { settledTime } from './settled-time.ts';

export interface Clock {
  /** Milliseconds since the epoch; may jump when the host's clock is set. For records and messages. */
  now(): number;
  /** As `now`, but a jump counts only when it has stood for an hour. For decisions that cannot be taken back. */
  settled(): number;
  /** Milliseconds since an arbitrary start; never jumps. For durations and deadlines. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `run` once after `ms`; the returned function cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** setTimeout turns longer delays into 1 ms. */
const longestTimeoutMs = 2 ** 31 - 1;

export function sleepWith(after: Clock['after'], ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = after(ms, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

const after: Clock['after'] = (ms, run) => {
  const timer = setTimeout(run, Math.min(Math.max(ms, 0), longestTimeoutMs));
  return () => clearTimeout(timer);
};

const host = { now: () => Date.now(), monotonic: () => performance.now() };

export const systemClock: Clock = {
  ...host,
  settled: settledTime(host),
  sleep: (ms, signal) => sleepWith(after, ms, signal),
  after,
};
