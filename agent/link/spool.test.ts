import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noLosses, snapshotLimits, snapshotSchema, type Snapshot } from '../../core/activity/snapshot.ts';
import { Counters } from '../counters.ts';
import { encodeSnapshot } from './encode-snapshot.ts';
import { PeriodJournal } from './period-journal.ts';
import { Spool } from './spool.ts';

const id = (digit: string): string => digit.repeat(64);
let directory: string;
let counters: Counters;

const spool = (maxBytes = 1_000): Spool => new Spool({ directory, maxBytes, counters });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsp-spool-'));
  counters = new Counters();
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('the spool', () => {
  it('keeps snapshots, oldest first, across a restart, and none that was not finished', () => {
    const first = spool();
    first.put(id('b'), 2_000, Buffer.from('second'));
    first.put(id('a'), 1_000, Buffer.from('first'));
    writeFileSync(join(directory, '.unfinished-x'), 'half');
    writeFileSync(join(directory, 'something-else'), 'not ours');
    const second = spool();
    expect(second.names.map((name) => second.read(name)?.toString())).toEqual(['first', 'second']);
    expect(second.bytes).toBe(11);
    expect(second.has(id('a'), 1_000)).toBe(true);
    expect(readdirSync(directory)).not.toContain('.unfinished-x');
    second.remove(second.names[0] ?? '');
    expect(spool().names).toHaveLength(1);
  });

  it('gives up the oldest when it is full, and counts them', () => {
    const full = spool(250);
    for (let from = 1; from <= 5; from += 1) full.put(id('a'), from, Buffer.alloc(100));
    expect(full.names).toHaveLength(2);
    expect(full.has(id('a'), 5)).toBe(true);
    expect(counters.toJSON()).toEqual({ spool_evictions_total: 3 });
    expect(spool(150).names).toHaveLength(1);
  });

  it('counts a snapshot once that is written twice', () => {
    const twice = spool();
    twice.put(id('a'), 1, Buffer.alloc(100));
    twice.put(id('a'), 1, Buffer.alloc(60));
    expect([twice.bytes, twice.names.length]).toEqual([60, 1]);
  });

  it('notices a file that somebody removed', () => {
    const robbed = spool();
    robbed.put(id('a'), 1, Buffer.alloc(100));
    rmSync(join(directory, robbed.names[0] ?? ''));
    expect(robbed.read(robbed.names[0] ?? '')).toBeUndefined();
    expect(robbed.bytes).toBe(0);
  });
});

describe('the journal of periods', () => {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const journal = (now: number, spooled = ''): PeriodJournal =>
    new PeriodJournal({
      path: join(directory, 'periods.json'),
      log: silent,
      now,
      isSpooled: (container, from) => `${container} ${from}` === spooled,
    });
  const period = { containerId: id('a'), slotId: 's1', from: 5 };

  it('reports a period that a crash cut short, until the operator has taken note', () => {
    journal(1).begin(period);
    expect(journal(10).lost).toEqual([{ ...period, to: 10 }]);
    const after = journal(20);
    expect(after.lost).toEqual([{ ...period, to: 10 }]);
    after.acknowledge(after.lost);
    expect(journal(30).lost).toEqual([]);
  });

  it('does not take a period for lost that has ended, and does not begin it again', () => {
    const before = journal(1);
    before.begin(period);
    before.end('s1');
    const after = journal(10);
    expect([after.lost, after.isDone('s1'), after.isDone('s2')]).toEqual([[], true, false]);
  });

  it('knows by the spool that the agent died between the snapshot and the journal', () => {
    journal(1).begin(period);
    const after = journal(10, `${id('a')} 5`);
    expect([after.lost, after.isDone('s1')]).toEqual([[], true]);
  });

  it('begins anew when it is damaged', () => {
    writeFileSync(join(directory, 'periods.json'), '{"active":');
    expect(journal(1).lost).toEqual([]);
  });
});

describe('encodeSnapshot', () => {
  const seen = { actors: ['exec' as const], phases: ['run' as const], first: 1, last: 2 };
  const snapshot = (paths: readonly string[]): Snapshot => ({
    formatVersion: 1,
    snapshotId: `${id('a')}/1`,
    slotId: 's',
    container: { id: id('a'), name: '', podUid: '', podName: '', podNamespace: '' },
    from: 1,
    to: 2,
    ended: false,
    startSeen: false,
    gaps: [],
    blindSpots: [],
    events: 0,
    losses: noLosses(),
    kindsCollected: ['file'],
    processes: [{ ...seen, parent: -1, executable: '/x', maxInstances: 1 }],
    files: paths.map((path) => ({ ...seen, process: 0, path, access: ['read' as const] })),
    dns: [],
    network: [],
  });
  const decode = (bytes: Buffer): Snapshot => snapshotSchema.parse(JSON.parse(zstdDecompressSync(bytes).toString()));

  it('is read back as it was', () => {
    const one = snapshot(['/a', '/ä\\x1b']);
    expect(decode(encodeSnapshot(one))).toEqual(one);
  });

  it('leaves out files, counted, when a container has filled it with noise', () => {
    const paths = Array.from({ length: 9_000 }, () => `/${randomBytes(100).toString('base64url')}`);
    const bytes = encodeSnapshot(snapshot(paths));
    expect(bytes.length).toBeLessThanOrEqual(snapshotLimits.compressedBytes);
    const { files, losses } = decode(bytes);
    expect(files.length).toBeGreaterThan(1_000);
    expect(files.length + losses.treeFull).toBe(9_000);
  });

  it('says so when nothing is left to leave out', () => {
    expect(() => encodeSnapshot(snapshot(['/a']), { jsonBytes: 10, compressedBytes: 10 })).toThrow(/without any file/);
  });
});
