/**
 * Opens the store, and as long as that fails says why and tries again: a pod that stays up can be looked at and be given
 * another database, one that crashes again and again cannot. Nothing is ever begun anew in place of what cannot be read.
 */
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import { StoreError } from './store/errors.ts';
import type { StoreHealth } from './store/health.ts';

/** Each attempt reads the whole file: soon again for what a person is just mending, and less often when nobody is. */
const firstDelayMs = 10_000;
const longestDelayMs = 120_000;

export interface OpenStoreOptions<Opened> {
  readonly open: () => Promise<Opened>;
  readonly health: StoreHealth;
  readonly clock: Clock;
  readonly log: Logger;
}

/** @returns undefined if `signal` aborts first. @throws what is no StoreError */
export async function openStore<Opened>(
  { open, health, clock, log }: OpenStoreOptions<Opened>,
  signal: AbortSignal,
): Promise<Opened | undefined> {
  for (let delayMs = firstDelayMs; !signal.aborted; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    try {
      const opened = await open();
      health.opened();
      return opened;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      health.failed(error);
      log.error({ kind: error.kind, retryInMs: delayMs }, `store cannot be opened: ${error.message}`);
    }
    await clock.sleep(delayMs, signal);
  }
  return undefined;
}
