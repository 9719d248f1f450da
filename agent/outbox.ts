/** Where observation puts what it has: periods into the journal, snapshots into the spool. */
import type { Counters } from './counters.ts';
import { encodeSnapshot } from './link/encode-snapshot.ts';
import type { PeriodJournal } from './link/period-journal.ts';
import type { Spool } from './link/spool.ts';
import type { Log } from './log.ts';
import type { Outbox } from './observe/profiling.ts';

export interface OutboxParts {
  readonly spool: Spool;
  readonly journal: PeriodJournal;
  readonly counters: Counters;
  readonly log: Log;
  /** Something was put into the spool. */
  readonly stored: () => void;
}

export function createOutbox({ spool, journal, counters, log, stored }: OutboxParts): Outbox {
  /** The state directory may be full or read-only: observation goes on, what it loses is counted. */
  const attempt = (what: string, act: () => void): boolean => {
    try {
      act();
      return true;
    } catch (error) {
      counters.add('state_failures_total');
      log.error({ err: error, what }, 'state directory cannot be written');
      return false;
    }
  };
  return {
    isDone: (slotId) => journal.isDone(slotId),
    periodBegan: (period) => void attempt('journal', () => journal.begin(period)),
    store: (snapshot) => {
      const { container, from, slotId } = snapshot;
      const kept = attempt('spool', () => spool.put(container.id, from, encodeSnapshot(snapshot)));
      if (kept) stored();
      else counters.add('snapshots_lost_total');
      // After the snapshot: dying in between leaves both, and then the spool is believed.
      attempt('journal', () => journal.end(slotId));
      return kept;
    },
  };
}
