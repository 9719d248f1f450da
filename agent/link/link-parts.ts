/** What the four conversations with the operator share. */
import type { Counters } from '../counters.ts';
import type { Log } from '../log.ts';
import { backoffMs } from './backoff.ts';
import type { Answer, OperatorConnection } from './operator-connection.ts';
import type { Wakeup } from './wakeup.ts';

export interface LinkParts {
  readonly connection: Pick<OperatorConnection, 'open' | 'call'>;
  readonly counters: Counters;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
}

/** The operator answered, but not with what was asked for. Its words are short; only their beginning is shown. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
  /** The operator has too much to do: it asks for so much time. */
  readonly retryAfterMs: number;

  constructor(path: string, { status, text, retryAfterMs = 0 }: Answer, options?: ErrorOptions) {
    super(`the operator answered ${path} with ${status}: ${text.slice(0, 200)}`, options);
    this.retryAfterMs = retryAfterMs;
  }
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
      // Spread over twice the time, so that those who were sent away together do not come back together.
      const asked = error instanceof UnexpectedAnswer ? error.retryAfterMs * (1 + random()) : 0;
      waitMs = Math.max(asked, backoffMs(failures, random));
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
