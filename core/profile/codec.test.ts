import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { snapshotLimits, snapshotSchema } from '../activity/snapshot.ts';
import { decodeEvidence, EvidenceFormatError } from './decode-evidence.ts';
import { encodeEvidence } from './encode-evidence.ts';
import { emptyEvidence } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { contextOf, seenAt, snapshotOf } from './testing.ts';

const evidence = evidenceOfSnapshot(
  snapshotOf(1, {
    processes: [
      { ...seenAt(), parent: -1, executable: '/a', maxInstances: 1 },
      { ...seenAt(), parent: 0, executable: '/b', maxInstances: 1, script: '/s' },
    ],
    blindSpots: ['io_uring'],
    syscalls: ['read', 'openat'],
    capabilities: ['CAP_CHOWN'],
    files: [{ ...seenAt(), process: 1, path: '/ä "quoted"', access: ['read'] }],
  }),
  contextOf(),
);
const text = new TextDecoder().decode(encodeEvidence(evidence));
const decodeText = (changed: string): unknown => decodeEvidence(new TextEncoder().encode(changed));

function outcome(changed: string): unknown {
  try {
    decodeText(changed);
    return 'read';
  } catch (error) {
    return error instanceof EvidenceFormatError ? 'refused' : error;
  }
}

describe('evidence in the store', () => {
  it('comes back as it was', () => {
    expect(decodeEvidence(encodeEvidence(evidence))).toEqual(evidence);
    expect(decodeEvidence(encodeEvidence(emptyEvidence))).toEqual(emptyEvidence);
  });

  it('comes back with the longest names that there are, as patterns and escaped', () => {
    const long = (length: number, make: (at: number, turn: number) => string): string[] =>
      [1, 2, 3, 4].map((turn) => Array.from({ length }, (_, at) => make(at, turn)).join(''));
    const digits = (separator: string) => (at: number, turn: number) => `${separator}${(at * turn + turn) % 10}`;
    const half = snapshotLimits.pathLength / 2 - 4;
    const paths = [...long(half, digits('/')), ...long(half, digits('-')), '{'.repeat(half)].map((path) => `/d${path}`);
    const names = [...long(snapshotLimits.nameLength / 2, digits('.')), '{'.repeat(snapshotLimits.nameLength)];
    const snapshot = snapshotSchema.parse(
      snapshotOf(1, {
        processes: [{ ...seenAt(), parent: -1, executable: '/a', maxInstances: 1 }],
        files: paths.map((path) => ({ ...seenAt(), process: 0, path, access: ['read'] })),
        dns: names.map((name) => ({ ...seenAt(), process: 0, name, types: ['A'] })),
      }),
    );
    const found = evidenceOfSnapshot(snapshot, contextOf());
    expect([...found.files.values()].some(({ path }) => path.length > snapshotLimits.pathLength)).toBe(true);
    expect(decodeEvidence(encodeEvidence(found))).toEqual(found);
  });

  it('is read as it was written before snapshots counted their events', () => {
    const older = text.replace(/("snapshots":\[\[[^\]]*),0\]/, '$1]');
    expect(older).not.toBe(text);
    expect(decodeText(older)).toEqual(evidence);
  });

  it('is read as it was written before there were system calls and capabilities', () => {
    const older = text.replace(/"syscalls":.*(?="omitted")/, '');
    expect(older).not.toBe(text);
    expect(decodeText(older)).toEqual({ ...evidence, syscalls: new Map(), capabilities: new Map() });
  });

  it('is read and written as before there were blind spots where a container used none', () => {
    const older = text.replace('"sha256:aa",1]', '"sha256:aa"]');
    expect(older).not.toBe(text);
    const read = decodeEvidence(new TextEncoder().encode(older));
    expect(read.containers).toMatchObject([{ blindSpots: 0 }]);
    expect(new TextDecoder().decode(encodeEvidence(read))).toBe(older);
  });

  it.each([
    ['nothing', '', /not JSON/],
    ['half of it', text.slice(0, text.length / 2), /not JSON/],
    ['another format', text.replace('"formatVersion":2', '"formatVersion":1'), /has format 1, this version reads 2/],
    ['a foreign object', '{"formatVersion":2}', /damaged at "containers"/],
    ['an unknown blind spot', text.replace('"sha256:aa",1]', '"sha256:aa",64]'), /damaged at "containers.0.6"/],
    ['an unknown container', text.replaceAll('"1"]', '"2"]'), /names a container that is not in the table/],
    ['no container', text.replaceAll('"1:1"]', '"0"]'), /damaged at "processes.0/],
    ['a child before its parent', text.replace('[0,{"executable":"/b"', '[7,{"executable":"/b"'), /before its parent/],
    [
      'a time without a date',
      text.replace(/("snapshots":\[\[0,)\d+/, '$19000000000000000'),
      /damaged at "snapshots.0.1"/,
    ],
    ['an entry twice', text.replace(/"files":\[(\[.*?\])\]/, '"files":[$1,$1]'), /"files": holds one entry twice/],
    [
      'a container twice',
      text.replace(/"containers":\[(\[.*?\])\]/, '"containers":[$1,$1]'),
      /"containers.1": repeats/,
    ],
  ])('refuses %s and says where', (_, changed, message) => {
    expect(changed).not.toBe(text);
    expect(() => decodeText(changed)).toThrow(EvidenceFormatError);
    expect(() => decodeText(changed)).toThrow(message);
  });

  it('never throws anything else, whatever is damaged', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 3 }), (at, noise) => {
        expect(['read', 'refused']).toContain(outcome(text.slice(0, at) + noise + text.slice(at + noise.length)));
      }),
      { numRuns: 300 },
    );
  });
});
