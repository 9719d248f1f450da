import { describe, expect, it } from 'vitest';
import { latestEpochMs } from '../epoch.ts';
import { decodeEvidence } from '../profile/decode-evidence.ts';
import { encodeEvidence } from '../profile/encode-evidence.ts';
import { evidenceOfSnapshot } from '../profile/from-snapshot.ts';
import { publish } from '../profile/publish.ts';
import { containerNumber, contextOf, epoch, snapshotOf } from '../profile/testing.ts';
import { snapshotSchema } from './snapshot.ts';

const problems = (changes: object): string[] =>
  snapshotSchema
    .safeParse({ ...snapshotOf(1, { to: epoch + 10 }), ...changes })
    .error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? [];
const gap = (from: number, to: number) => ({ from, to, reason: 'agent-restarted' });

it('takes gaps before the period and within it, and none that ends after it or before it begins', () => {
  expect(problems({ gaps: [gap(epoch - 9, epoch - 1), gap(epoch - 1, epoch + 10)] })).toEqual([]);
  expect(problems({ gaps: [gap(epoch, epoch)] })).toEqual(['gaps.0 must end after it begins']);
  expect(problems({ gaps: [gap(epoch, epoch + 11)] })).toEqual(['gaps.0.to lies after the end of the period']);
  expect(problems({ gaps: Array.from({ length: 101 }, () => gap(epoch, epoch + 1)) })).toHaveLength(1);
});

it('is read from neighbours one version apart: without what is new, and with what is not known', () => {
  const { events: _, blindSpots: __, ...older } = snapshotOf(1);
  expect(snapshotSchema.parse({ ...older, later: true })).toEqual(snapshotOf(1));
});

it('leaves out the words that only a newer agent knows, and counts them', () => {
  const seen = { actors: ['entrypoint'], phases: ['run'], first: epoch, last: epoch };
  const process = { ...seen, parent: -1, executable: '/app', maxInstances: 1 };
  const endpoint = { ...seen, process: 0, direction: 'connect', protocol: 'tcp', address: '10.0.0.1', port: 80 };
  const newer = {
    ...snapshotOf(1),
    blindSpots: ['io_uring', 'ebpf'],
    kindsCollected: ['process', 'memory'],
    processes: [{ ...process, actors: ['debugger'], phases: ['shutdown'] }],
    files: [
      { ...seen, process: 0, path: '/both', access: ['map', 'read'] },
      { ...seen, process: 0, path: '/new', access: ['map'] },
    ],
    dns: [{ ...seen, process: 0, name: 'a.example', types: ['A'], actors: ['debugger', 'exec'] }],
    network: [endpoint, { ...endpoint, direction: 'sniff' }, { ...endpoint, protocol: 'quic', port: 81 }],
  };
  const read = snapshotSchema.parse(newer);
  expect(read).toMatchObject({
    blindSpots: ['io_uring', 'other'],
    kindsCollected: ['process'],
    processes: [{ actors: [], phases: ['run'] }],
    files: [{ path: '/both', access: ['read'] }],
    dns: [{ actors: ['exec'] }],
    network: [{ port: 80 }, { port: 81, protocol: 'other' }],
    notUnderstood: 9,
  });
  expect(read.files).toHaveLength(1);
  expect(read.network).toHaveLength(2);
  expect(problems({ files: [{ ...seen, process: 0, path: '/x', access: [] }] }).join()).toContain('files.0.access ');
  expect(problems({ blindSpots: Array<string>(33).fill('x') })).toHaveLength(1);
});

it('reads again what it has read', () => {
  const snapshot = snapshotSchema.parse({ ...snapshotOf(1), blindSpots: ['left-cgroup', 'other'] });
  expect(snapshotSchema.parse(snapshot)).toEqual(snapshot);
  expect(snapshot).not.toHaveProperty('notUnderstood');
});

describe('times', () => {
  const seen = { actors: ['entrypoint'], phases: ['run'], first: epoch, last: epoch };
  const process = { ...seen, parent: -1, executable: '/app', maxInstances: 1 };
  const hostile = [-1, -0.5, null, '1767225600000', 1e17, 8.64e15 + 1, 253_402_300_800_000, Number.MAX_VALUE];

  /** Where a snapshot may carry a time, with this one in the place. */
  const places = (time: unknown): Readonly<Record<string, object>> => ({
    from: { from: time, snapshotId: `${containerNumber(1)}/${String(time)}` },
    to: { to: time },
    'gaps.0.from': { gaps: [{ from: time, to: epoch, reason: 'x' }] },
    'gaps.0.to': { gaps: [{ from: 0, to: time, reason: 'x' }] },
    'processes.0.first': { processes: [{ ...process, first: time }] },
    'processes.0.last': { processes: [{ ...process, last: time }] },
    'files.0.last': {
      processes: [process],
      files: [{ ...seen, last: time, process: 0, path: '/x', access: ['read'] }],
    },
    'dns.0.first': { processes: [process], dns: [{ ...seen, first: time, process: 0, name: 'a', types: ['A'] }] },
  });

  it.each(hostile)('such as %j are refused wherever they stand, with the place and what is wanted', (time) => {
    for (const [place, changes] of Object.entries(places(time))) {
      expect(problems(changes).join('\n')).toContain(`${place} must be milliseconds since 1970`);
    }
  });

  it('may have a fraction where the kernel gives one, and none where a period is named by them', () => {
    for (const [place, changes] of Object.entries(places(epoch - 0.5))) {
      const named = place === 'from' || place === 'to';
      expect(problems(changes).some((text) => text.includes('whole milliseconds'))).toBe(named);
    }
  });

  it('that are taken can be stored, read again and written as dates', () => {
    const last = latestEpochMs;
    const edge = snapshotSchema.parse({
      ...snapshotOf(1, { from: last - 1, to: last }),
      gaps: [{ from: 0.25, to: last, reason: 'x' }],
      processes: [{ ...process, first: 0.5, last }],
    });
    const evidence = evidenceOfSnapshot(edge, contextOf({ notBefore: edge.from, notAfter: edge.to }));
    const read = decodeEvidence(encodeEvidence(evidence));
    expect(publish(read, { lostPeriods: 0 }).evidence).toMatchObject({ lastSeen: '9999-12-31T23:59:59.999Z' });
  });
});
