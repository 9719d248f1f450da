/** Keeps the raw snapshots within their age and their bytes. What was learned from those that go stays. */
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import type { SettingsSource } from './settings-source.ts';
import { StoreError } from './store/errors.ts';
import type { Store, Trimmed } from './store/store.ts';

/** 1,000 nodes × 5 slots upload 100 kB each per half hour: 17 MB a minute, so the budget is never far behind. */
const intervalMs = 60_000;

export interface RetentionOptions {
  readonly store: Pick<Store, 'trimSnapshots'>;
  readonly settings: SettingsSource;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onTrimmed: (trimmed: Trimmed) => void;
}

/** Runs until `signal` aborts; rejects if the store fails for good. */
export async function trimPeriodically(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { log, clock } = options;
  while (!signal.aborted) {
    try {
      await trim(options, signal);
    } catch (error) {
      // A full volume has no room for the log of a deletion either: what others free will do.
      if (!(error instanceof StoreError && error.transient)) throw error;
      log.warn({ err: error }, 'raw snapshots could not be dropped now; tried again in a minute');
    }
    await clock.sleep(intervalMs, signal);
  }
}

/** In portions, so that uploads come in between. */
async function trim({ store, settings, clock, log, onTrimmed }: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { snapshotAgeMs, snapshotBytes } = settings.current.retention;
  const total = { byAge: 0, byBytes: 0 };
  for (let gone = 1; gone > 0 && !signal.aborted;) {
    const { byAge, byBytes } = await store.trimSnapshots({
      before: clock.settled() - snapshotAgeMs,
      bytes: snapshotBytes,
    });
    onTrimmed({ byAge, byBytes });
    gone = byAge + byBytes;
    total.byAge += byAge;
    total.byBytes += byBytes;
  }
  if (total.byAge + total.byBytes > 0) log.info(total, 'oldest raw snapshots dropped; what they taught stays');
}
