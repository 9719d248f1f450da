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
const someSnapshot: fc.Arbitrary<Snapshot> = fc
  .record({
    container: fc.integer({ min: 1, max: 4 }),
    files: fc.array(
      fc.record({
        path: fc.oneof(path, rival, rival),
        process: fc.constantFrom(0, 0, 0, 1),
        actors: fc.constantFrom<Actor[]>(['entrypoint'], ['entrypoint'], ['entrypoint'], ['interactive']),
        access: fc.constantFrom<FileAccess[]>(['read'], ['write'], ['read', 'create']),
      }),
      { maxLength: 12 },
    ),
  })
  .map(({ container, files }) =>
    snapshotOf(container, {
      processes: ['/a', '/b'].map((executable) => ({ ...seenAt(), parent: -1, executable, maxInstances: 1 })),
      files: files.map((file) => ({ ...seenAt(), ...file })),
    }),
  );
const parts = fc.array(someSnapshot, { maxLength: 7 });
const limits = fc.record({
  processes: fc.constant(2),
  files: fc.constantFrom(1, 3, 6, 12, 999),
  dns: fc.constant(1),
  network: fc.constant(1),
  siblings: fc.constantFrom(1, 2, 4, 999),
  shapes: fc.constantFrom(2, 3, 5),
});

describe('names of one shape', () => {
  it('are a closure, also beyond the limits: order, split and repetition never show', () => {
    fc.assert(
      fc.property(parts, fc.nat(7), limits, (snapshots, cut, tight) => {
        const evidences = snapshots.map(evidenceOf);
        const all = fold(evidences, tight);
        const bytes = bytesOf(all);
        expect(bytesOf(fold(evidences.toReversed(), tight))).toBe(bytes);
        const halves = [fold(evidences.slice(0, cut), tight), fold(evidences.slice(cut), tight)];
        expect(bytesOf(fold(halves, tight))).toBe(bytes);
        expect(bytesOf(fold([...halves, ...halves], tight))).toBe(bytes);
        expect(bytesOf(mergeEvidence(all, fold(evidences.slice(cut), tight), tight))).toBe(bytes);
        expect(bytesOf(decodeEvidence(encodeEvidence(all)))).toBe(bytes);
      }),
      { numRuns: 1_500 },
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
