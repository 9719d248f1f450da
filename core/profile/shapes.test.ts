import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor, FileAccess, Snapshot } from '../activity/snapshot.ts';
import { matchesPath } from '../pattern/path.ts';
import { containerAt } from './container-set.ts';
import { decodeEvidence } from './decode-evidence.ts';
import { encodeEvidence } from './encode-evidence.ts';
import { emptyEvidence, type Evidence, evidenceLimits } from './evidence.ts';
import { addSnapshot, evidenceOfSnapshot } from './from-snapshot.ts';
import { generalise } from './generalise.ts';
import { type BehaviourLimits, mergeEvidence } from './merge.ts';
import { contextOf, seenAt, snapshotOf } from './testing.ts';

const bytesOf = (evidence: Evidence): string => new TextDecoder().decode(encodeEvidence(evidence));
const evidenceOf = (snapshot: Snapshot): Evidence => evidenceOfSnapshot(snapshot, contextOf());
const fold = (parts: readonly Evidence[], limits: BehaviourLimits): Evidence =>
  parts.reduce((all, part) => mergeEvidence(all, part, limits), emptyEvidence);
const pathsOf = ({ files }: Evidence): string[] => [...new Set([...files.values()].map(({ path }) => path))].sort();

const leaf = fc.oneof(
  fc.stringMatching(/^up-[ab1_]{6}\.t$/),
  fc.stringMatching(/^up-[a-c]{2}[1-3]{4,5}(?:_k)?\.t$/),
  fc.stringMatching(/^x_[ab1]{6}$/),
  fc.stringMatching(/^x-[1-5]{6}$/),
  fc.stringMatching(/^tmp[ab1_]{8}$/),
  fc.stringMatching(/^cc[aB1]{6}(?:\.s)?$/),
  fc.constantFrom('plain', 'up-abcdef.u', 'kdevtmpfsi', 'up-abcdef.t', 'up-{any6}.t'),
);
const path = fc
  .tuple(
    fc.constantFrom(
      'srv',
      'srv/tmp1tz1u9ha',
      'srv/tmpab1_cd2e',
      'srv/1',
      'srv/2',
      'srv/3/1',
      'srv/3/2/7',
      'srv/4',
      'etc',
      'srv/.ssh',
    ),
    leaf,
  )
  .map(([directory, name]) => `/${directory}/${name}`);
/** Shapes that compete for the room of one directory, and of two. */
const rival = fc.stringMatching(/^\/srv\/[xy]\/[pqrs]-(?:abcde[fg]|a1_bcd|abc_d1)$/);
/** And of directories that become one. */
const guest = fc.stringMatching(/^\/srv\/(?:x|[1-5])\/[pqr]-(?:abcde[fg]|a1_bcd|abc_d1)$/);
const numbered = fc.stringMatching(/^\/b\/[12]\/[1-5]$|^\/c\/[12]\/[12]\/[1-4]$/);

interface Extent {
  readonly most: number;
  readonly maxFiles: number;
  readonly processes: readonly number[];
}

function someSnapshots(paths: fc.Arbitrary<string>, { most, maxFiles, processes }: Extent): fc.Arbitrary<Snapshot[]> {
  const file = fc.record({
    path: paths,
    process: fc.constantFrom(...processes),
    actors: fc.constantFrom<Actor[]>(['entrypoint'], ['entrypoint'], ['entrypoint'], ['interactive']),
    access: fc.constantFrom<FileAccess[]>(['read'], ['write'], ['read', 'create']),
  });
  const snapshot = fc
    .record({ container: fc.integer({ min: 1, max: 4 }), files: fc.array(file, { maxLength: maxFiles }) })
    .map(({ container, files }) =>
      snapshotOf(container, {
        processes: ['/a', '/b'].map((executable) => ({ ...seenAt(), parent: -1, executable, maxInstances: 1 })),
        files: files.map((one) => ({ ...seenAt(), ...one })),
      }),
    );
  return fc.array(snapshot, { minLength: 2, maxLength: most });
}

function limitsOf(
  files: readonly number[],
  siblings: readonly number[],
  shapes: readonly number[],
): fc.Arbitrary<BehaviourLimits> {
  const one = (values: readonly number[]): fc.Arbitrary<number> => fc.constantFrom(...values);
  const most = { processes: fc.constant(2), dns: fc.constant(1), network: fc.constant(1) };
  return fc.record({ ...most, files: one(files), siblings: one(siblings), shapes: one(shapes) });
}

const parts = someSnapshots(fc.oneof(path, rival, rival), { most: 7, maxFiles: 12, processes: [0, 0, 0, 1] });
const limits = limitsOf([1, 3, 6, 12, 999], [1, 2, 4, 999], [2, 3, 5]);
/**
 * Everything together, and by itself what is rare in it: few names that meet again and again, so that limits are reached, or
 * that many patterns come about.
 */
const few: Extent = { most: 5, maxFiles: 12, processes: [0] };
const scarce = limitsOf([3, 6, 12], [1, 2, 4, 999], [2, 3]);
const worlds = fc.oneof(
  fc.tuple(parts, limits),
  { weight: 2, arbitrary: fc.tuple(someSnapshots(rival, few), scarce) },
  fc.tuple(someSnapshots(guest, few), scarce),
  fc.tuple(someSnapshots(fc.oneof(path, numbered), { ...few, maxFiles: 20 }), limitsOf([999], [999], [2, 3])),
);

describe('names of one shape', () => {
  it('are a closure, also beyond the limits: order, split and repetition never show', () => {
    fc.assert(
      fc.property(worlds, fc.nat(5), ([snapshots, tight], cut) => {
        const evidences = snapshots.map(evidenceOf);
        const all = fold(evidences, tight);
        const bytes = bytesOf(all);
        expect(bytesOf(fold(evidences.toReversed(), tight))).toBe(bytes);
        const [early, late] = [fold(evidences.slice(0, cut), tight), fold(evidences.slice(cut), tight)];
        expect(bytesOf(fold([early, late], tight))).toBe(bytes);
        expect(bytesOf(fold([early, late, early, late], tight))).toBe(bytes);
        expect(bytesOf(mergeEvidence(all, late, tight))).toBe(bytes);
        expect(bytesOf(decodeEvidence(encodeEvidence(all)))).toBe(bytes);
      }),
      { numRuns: 800 },
    );
  });

  it('take a snapshot that is added as they take its evidence, whatever is known by then', () => {
    fc.assert(
      fc.property(parts, limits, (snapshots, tight) => {
        const added = snapshots.reduce(
          (all, snapshot) => addSnapshot(all, snapshot, contextOf(), tight),
          emptyEvidence,
        );
        expect(bytesOf(added)).toBe(bytesOf(fold(snapshots.map(evidenceOf), tight)));
      }),
      { numRuns: 300 },
    );
  });

  it('are not what a file is called that has the name of a pattern', () => {
    const pattern = '/srv/job-{digits}';
    const opened = (...names: readonly string[]): Snapshot =>
      snapshotOf(1, {
        processes: [{ ...seenAt(), parent: -1, executable: '/app', maxInstances: 1 }],
        files: names.map((name) => ({ ...seenAt(), process: 0, path: name, access: ['read'] })),
      });
    const known = evidenceOf(opened('/srv/job-1', '/srv/job-2', '/srv/job-3', '/srv/job-4'));
    expect(pathsOf(known)).toEqual([pattern]);
    const after = addSnapshot(known, opened(pattern), contextOf());
    expect(pathsOf(after)).toEqual(['/srv/job-\\x7bdigits}', pattern]);
  });

  it('stand for every name that was seen, with the container that showed it', () => {
    fc.assert(
      fc.property(parts, (snapshots) => {
        const all = fold(snapshots.map(evidenceOf), { ...evidenceLimits, shapes: 2 });
        for (const { container, files } of snapshots) {
          const bit = containerAt(all.containers.findIndex(({ id }) => id === container.id));
          for (const file of files) {
            const raw = file.path.replaceAll('{', '\\x7b');
            const matching = [...all.files.values()].filter(
              (one) => matchesPath(one.path, raw) && file.access.includes(one.access) && (one.containers & bit) !== 0n,
            );
            expect(matching.length).toBeGreaterThan(0);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('become a pattern at the last signature that it takes, which takes nothing else', () => {
    const uses = (names: readonly string[]): Evidence =>
      fold(
        [
          evidenceOf(
            snapshotOf(1, {
              processes: [{ ...seenAt(), parent: -1, executable: '/app', maxInstances: 1 }],
              files: names.map((name) => ({ ...seenAt(), process: 0, path: name, access: ['write'] })),
            }),
          ),
        ],
        evidenceLimits,
      );
    const word = (index: number): string =>
      `q${String.fromCharCode(97 + (index % 26), 97 + Math.floor(index / 26))}xwzkj`;
    const names = Array.from({ length: evidenceLimits.shapes }, (_, index) => `/tmp/upload-${word(index)}.part`);
    const others = [
      '/tmp/kdevtmpfsi',
      '/tmp/upload-xmrig.part',
      '/tmp/upload-qaaxwzkj.so',
      '/tmp/.upload-qaaxwzkj.part',
    ];
    expect(pathsOf(uses(names.slice(1)))).toEqual(names.slice(1).sort());
    expect(pathsOf(uses([...names, ...others]))).toEqual([...others, '/tmp/upload-{any8}.part'].sort());
    const kept = names.map((name) => name.replace('/tmp', '/root/.ssh'));
    expect(pathsOf(uses(kept))).toEqual(kept.sort());
  });

  it('are few files of 200,000 of a generator that uses letters, digits and _', { timeout: 120_000 }, () => {
    const letters = 'abcdefghijklmnopqrstuvwxyz0123456789_';
    let state = 1;
    const random = (): string => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return letters.charAt(Math.floor((state / 2 ** 32) * letters.length));
    };
    let evidence = emptyEvidence;
    for (let period = 0; period < 40; period += 1) {
      const files = Array.from({ length: 5_000 }, () => ({
        ...seenAt(),
        process: 0,
        path: `/tmp/upload-${Array.from({ length: 8 }, random).join('')}.part`,
        access: ['write' as const],
      }));
      const processes = [{ ...seenAt(), parent: -1, executable: '/app', maxInstances: 1 }];
      evidence = mergeEvidence(evidence, evidenceOf(snapshotOf(1, { processes, files })));
    }
    const patterns = ['any8', 'digits', 'numbered'].map((rule) => `/tmp/upload-{${rule}}.part`);
    expect(pathsOf(evidence)).toEqual(patterns);
    expect(pathsOf(generalise(evidence))).toEqual(pathsOf(evidence));
    expect(evidence.omitted.files).toEqual([]);
  });
});
