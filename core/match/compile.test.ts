import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Recording } from '../activity/testing/recording.ts';
import { containerAt } from '../profile/container-set.ts';
import { type Behaviour, type Evidence, evidenceLimits, keyOf, lineageId } from '../profile/evidence.ts';
import { mergeEvidence } from '../profile/merge.ts';
import { someSnapshotEvidence } from '../profile/testing.ts';
import { openProfile } from './compiled-profile.ts';
import { compiledDigest, compiledLimits } from './compiled-format.ts';
import { compileProfile, compilerRevision } from './compile.ts';
import { encodeSet } from './fingerprint-set.ts';
import { evidenceOf, secret } from './testing.ts';

const compile = (evidence: Evidence): Uint8Array => compileProfile(evidence, { secret });
const small = compile(evidenceOf(new Recording().exec(1, '/bin/sh').open(1, '/a').dns(1, 'a.example').events));

function reasonOf(bytes: Uint8Array): string {
  const opened = openProfile(bytes);
  return opened.ok ? '' : opened.reason;
}

function changed(at: number, ...values: readonly number[]): Uint8Array {
  const bytes = small.slice();
  bytes.set(values, at);
  return bytes;
}

const repeated = (value: number, length: number): number[] => Array.from({ length }, () => value);

describe('a compiled profile', () => {
  it('has equal bytes whatever the order in which snapshots came, and whoever showed the same', () => {
    fc.assert(
      fc.property(fc.array(someSnapshotEvidence, { minLength: 1, maxLength: 4 }), (parts) => {
        const united = (all: readonly Evidence[]): Evidence => all.reduce((left, right) => mergeEvidence(left, right));
        expect(compile(united(parts.toReversed()))).toEqual(compile(united(parts)));
      }),
    );
    const by = (container: number): Evidence => evidenceOf(new Recording().exec(1, '/a').events, { container });
    expect(compile(mergeEvidence(by(1), by(2)))).toEqual(compile(by(3)));
  });

  it('has other bytes only with another revision of the compiler', () => {
    const recording = new Recording().exec(1, '/usr/bin/app').open(1, '/etc/app.conf').dns(1, 'db.example.com');
    const names = Array.from({ length: 40 }, (_, index) => `/var/cache/entry-${index}`);
    const { events } = names.reduce((all, path) => all.open(1, path), recording);
    // Where this digest changes, the revision has to grow, or agents keep what the compiler before made.
    expect([compilerRevision, compiledDigest(compile(evidenceOf(events)))]).toEqual([
      2,
      'sha256:1417bc8a55e2fa98cc7fc22ee3acb9a28a824ba50638f36e5d1fce434104cbee',
    ]);
  });

  it('has other fingerprints under another secret, and for another content', () => {
    const fingerprints = (evidence: Evidence, with_ = secret): string =>
      compileProfile(evidence, { secret: with_ }).subarray(36).join();
    const evidence = evidenceOf(new Recording().exec(1, '/a').events);
    expect(fingerprints(evidence, new Uint8Array(16))).not.toBe(fingerprints(evidence));
    expect(() => compileProfile(evidence, { secret: secret.subarray(1) })).toThrow('at least 16 bytes');
  });

  it('stays within its bytes, with nothing left out, at every limit of evidence', () => {
    const bytes = compile(full());
    expect(bytes.length).toBeLessThanOrEqual(compiledLimits.bytes);
    expect(bytes.slice(20, 36)).toEqual(new Uint8Array(16));
    const opened = openProfile(bytes);
    const place = opened.ok ? opened.profile.place(undefined, { executable: '/bin/7' }) : undefined;
    expect(place?.match).toEqual({ verdict: 'known' });
  });

  it('stays within its bytes with as many fingerprints as it may have', () => {
    let seed = 1;
    const random = (): number => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0);
    const many = Array.from({ length: compiledLimits.fingerprints }, () => ({ high: random(), low: random() }));
    expect(encodeSet(many).bytes.length + 36).toBeLessThanOrEqual(compiledLimits.bytes);
  });

  it('is opened from wherever it lies in a larger buffer', () => {
    const within = new Uint8Array(small.length + 3);
    within.set(small, 3);
    expect(openProfile(within.subarray(3)).ok).toBe(true);
  });
});

describe('bytes that are no compiled profile', () => {
  it.each<readonly [string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'ends within its header (byte 0 of 0)'],
    ['another file', changed(0, 0x7b), 'does not begin with WSPM (byte 0'],
    ['another version', changed(4, 9), 'has format 9, this version reads 1 (byte 4'],
    ['impossible buckets', changed(5, 255), 'has 2^255 buckets (byte 36'],
    ['reserved bytes in use', changed(7, 1), 'has a byte set that must be zero (byte 7'],
    ['too many fingerprints for its length', changed(16, 255, 255, 255, 255), 'bytes for 4294967295 fingerprints'],
    ['a byte too many', new Uint8Array([...small, 0]), 'must have'],
    ['a byte too few', small.subarray(0, -1), 'must have'],
    ['buckets that hold more', changed(36, ...repeated(1, 16)), 'has more than its'],
    ['buckets that hold less', changed(36, ...repeated(0, 16)), 'in buckets'],
    ['one bucket out of order', changed(36, small[16] ?? 0, ...repeated(0, 15), 255, 255, 255, 255), 'order'],
    ['too many bytes', new Uint8Array(compiledLimits.bytes + 1), 'is larger than 400000 bytes'],
  ])('give a reason: %s', (_, bytes, reason) => {
    expect(reasonOf(bytes)).toContain(reason);
  });

  it('never crash, whatever is changed in them', () => {
    const places = fc.array(fc.record({ at: fc.nat(small.length - 1), value: fc.nat(255) }), { maxLength: 6 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), places, fc.nat(small.length), (any, changes, length) => {
        const bytes = small.slice(0, length);
        for (const { at, value } of changes) if (at < length) bytes[at] = value;
        for (const hostile of [any, bytes]) {
          const opened = openProfile(hostile);
          const place = opened.ok ? opened.profile.place(undefined, { executable: '/bin/sh' }) : undefined;
          if (opened.ok && place)
            opened.profile.match(place, { kind: 'file', path: '/a', access: 1, truncated: false });
        }
      }),
    );
  });
});

/** As much of every kind as evidence may have. */
function full(): Evidence {
  const seen: Behaviour = { actors: 1, phases: 1, first: 0, last: 0, containers: containerAt(0), periods: undefined };
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
  const processes = numbers(evidenceLimits.processes).map((index) => {
    const identity = { executable: `/bin/${index}` };
    return { ...identity, id: lineageId(undefined, identity), depth: 0, maxInstances: 1, ...seen };
  });
  const idOf = (index: number): string => processes[index % processes.length]?.id ?? '';
  const keyed = <Entry>(entries: readonly Entry[], key: (entry: Entry) => string): Map<string, Entry> =>
    new Map(entries.map((entry) => [key(entry), entry]));
  const start = evidenceOf(new Recording().exec(1, '/bin/0').events);
  return {
    ...start,
    processes: keyed(processes, keyOf.process),
    files: keyed(
      numbers(evidenceLimits.files).map((index) => ({
        processId: idOf(index),
        path: `/var/lib/app/${index}`,
        signature: `/var/lib/app/${index}`,
        shape: `/var/lib/app/${index}`,
        access: 'read' as const,
        ...seen,
      })),
      keyOf.file,
    ),
    dns: keyed(
      numbers(evidenceLimits.dns).map((index) => ({
        processId: idOf(index),
        name: `${index}.example`,
        signature: `${index}.example`,
        shape: `${index}.example`,
        types: [],
        ...seen,
      })),
      keyOf.dns,
    ),
    network: keyed(
      numbers(evidenceLimits.network).map((index) => ({
        processId: idOf(index),
        direction: 'accept' as const,
        protocol: 'tcp' as const,
        peer: 'node',
        port: 1 + index,
        ...seen,
      })),
      keyOf.network,
    ),
  };
}
