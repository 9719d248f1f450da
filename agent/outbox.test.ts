import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { noLosses, type Snapshot } from '../core/activity/snapshot.ts';
import { Counters } from './counters.ts';
import { PeriodJournal } from './link/period-journal.ts';
import { Spool } from './link/spool.ts';
import { createOutbox } from './outbox.ts';

const id = 'ab'.repeat(32);
const snapshot: Snapshot = {
  formatVersion: 1,
  snapshotId: `${id}/5`,
  slotId: 's1',
  container: { id, name: '', podUid: '', podName: '', podNamespace: '' },
  from: 5,
  to: 9,
  ended: true,
  startSeen: true,
  gaps: [],
  blindSpots: [],
  events: 0,
  losses: noLosses(),
  kindsCollected: [],
  processes: [],
  files: [],
  dns: [],
  network: [],
};
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsp-outbox-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function open() {
  const counters = new Counters();
  const log = {
    debug: vi.fn<() => void>(),
    info: vi.fn<() => void>(),
    warn: vi.fn<() => void>(),
    error: vi.fn<() => void>(),
  };
  const spool = new Spool({ directory: join(directory, 'spool'), maxBytes: 1e6, counters });
  const isSpooled = (container: string, from: number): boolean => spool.has(container, from);
  const journal = new PeriodJournal({ path: join(directory, 'periods.json'), log, now: 10, isSpooled });
  const stored = vi.fn<() => void>();
  return { outbox: createOutbox({ spool, journal, counters, log, stored }), spool, journal, counters, log, stored };
}

it('keeps a snapshot, ends its period and tells the uploader', () => {
  const { outbox, stored } = open();
  outbox.periodBegan({ containerId: id, slotId: 's1', from: 5 });
  expect(outbox.isDone('s1')).toBe(false);
  expect(outbox.store(snapshot)).toBe(true);
  expect(stored).toHaveBeenCalledTimes(1);
  const successor = open();
  expect([successor.outbox.isDone('s1'), successor.journal.lost, successor.spool.names.length]).toEqual([true, [], 1]);
});

it('goes on when the disk is gone, counts what that costs and says so', () => {
  const { outbox, counters, log, stored } = open();
  rmSync(directory, { recursive: true });
  outbox.periodBegan({ containerId: id, slotId: 's1', from: 5 });
  expect(outbox.store(snapshot)).toBe(false);
  expect(stored).not.toHaveBeenCalled();
  expect(counters.toJSON()).toMatchObject({ snapshots_lost_total: 1, state_failures_total: 3 });
  expect(log.error).toHaveBeenCalledTimes(3);
  // Not begun again, or the same failure would come every half second.
  expect(outbox.isDone('s1')).toBe(true);
});
