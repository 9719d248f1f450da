/** What the three conversations with the operator share. */
import type { Counters } from '../counters.ts';
import type { Log } from '../log.ts';
import { backoffMs } from './backoff.ts';
import type { OperatorConnection } from './operator-connection.ts';
import type { Wakeup } from './wakeup.ts';

export interface LinkParts {
  readonly connection: Pick<OperatorConnection, 'open' | 'call'>;
  readonly counters: Counters;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
}

/** The operator answered, but not with what was asked for. Its words are short; only their beginning is shown. */
export function unexpected(path: string, status: number, text: string): Error {
  return new Error(`the operator answered ${path} with ${status}: ${text.slice(0, 200)}`);
}

/**
 * Tries `once` again and again until `signal` is aborted; `once` returns how long to wait after success. A failure is
 * logged and counted as `operator_failures_total{call}`, and the waits in between grow.
 */
export async function persevere(
  call: string,
  { counters, log, random }: LinkParts,
  once: () => Promise<number>,
  { wakeup, signal }: { readonly wakeup: Wakeup; readonly signal: AbortSignal },
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    let waitMs: number;
    try {
      // One after another is the meaning of it.
      waitMs = await once();
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      waitMs = backoffMs(failures, random);
      counters.add(`operator_failures_total{call="${call}"}`);
      log.warn({ err: error, call, retryInMs: Math.round(waitMs) }, 'operator not reached');
    }
    // A wake-up is for news, not for hurry: after a failure only time helps.
    await (failures > 0 ? sleep(waitMs, signal) : wakeup.wait(waitMs, signal));
  }
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
  });
}
