/** Keeps the raw snapshots within their budget. What was learned from those that go stays. */
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import type { SettingsSource } from './settings-source.ts';
import type { Store } from './store/store.ts';

/** 1,000 nodes × 5 slots upload 100 kB each per half hour: 17 MB a minute, so the budget is never far behind. */
const intervalMs = 60_000;

export interface RetentionOptions {
  readonly store: Pick<Store, 'trimSnapshots'>;
  readonly settings: SettingsSource;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Runs until `signal` aborts; rejects if the store fails. */
export async function trimPeriodically(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { store, settings, clock, log } = options;
  while (!signal.aborted) {
    const { snapshotBytes } = settings.current.retention;
    const trimmed = await store.trimSnapshots(snapshotBytes);
    if (trimmed > 0) log.info({ trimmed, snapshotBytes }, 'oldest raw snapshots dropped; what they taught stays');
    await clock.sleep(intervalMs, signal);
  }
}
