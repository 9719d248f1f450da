/**
 * When the reader of the ring sleeps and who wakes it. A wakeup costs whoever causes it some 40 us, a sixth of starting a
 * program: so the reader rests a moment between two turns, in which nobody wakes it, and a storm of execs finds it resting
 * or reading. The first one after a silence wakes it at once.
 */
import { setTimeout } from 'node:timers/promises';
import { closeFd, epollOf, epollWaitAsync } from './bpf/libc.ts';

/** Below what user space may take to end a process (5 ms), and 30 turns for each fill of the ring at 200,000 records a second. */
const restMs = 3;

export interface ReaderWait {
  /** Resolves when there is something to read, or after `timeoutMs`, or soon after `close`. */
  wait(timeoutMs: number): Promise<void>;
  close(): void;
}

export interface ReaderWaitOptions {
  readonly ringFd: number;
  /** One word, shared with the programs: 1 while nobody reads and the next important record has to wake us. */
  readonly readerWaiting: Int32Array;
  /** Something waits to be read. */
  readonly pending: () => boolean;
}

export function createReaderWait({ ringFd, readerWaiting, pending }: ReaderWaitOptions): ReaderWait {
  const epoll = epollOf(ringFd);
  let endedAt = Number.NEGATIVE_INFINITY;
  let waiting: Promise<void> | undefined;
  let closed = false;

  const sleep = async (timeoutMs: number): Promise<void> => {
    const rest = restMs - (performance.now() - endedAt);
    if (rest > 0) await setTimeout(Math.ceil(rest));
    if (closed || pending()) return;
    // Before the poll: a record that comes in between is seen by the poll itself.
    Atomics.store(readerWaiting, 0, 1);
    await epollWaitAsync(epoll, timeoutMs);
    // After the end its memory is unmapped.
    if (!closed) Atomics.store(readerWaiting, 0, 0);
  };

  return {
    wait: async (timeoutMs) => {
      waiting ??= sleep(timeoutMs);
      await waiting;
      waiting = undefined;
      endedAt = performance.now();
    },
    close: () => {
      closed = true;
      // A thread in epoll_wait still uses the descriptor.
      void (waiting ?? Promise.resolve()).then(() => closeFd(epoll));
    },
  };
}
