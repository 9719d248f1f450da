import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor, FileAccess, Snapshot } from '../activity/snapshot.ts';
import { isMakersOwn } from '../pattern/maker.ts';
import { isPattern } from '../pattern/template.ts';
import { matchesPath, pathSignature } from '../pattern/path.ts';
import { containerAt, setSize } from './container-set.ts';
import { decodeEvidence } from './decode-evidence.ts';
import { encodeEvidence } from './encode-evidence.ts';
import { emptyEvidence, type Evidence } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { memberCount } from './members.ts';
import { type BehaviourLimits, mergeEvidence } from './merge.ts';
import { keptElements, namesToPattern } from './patterns.ts';
import { containerNumber, contextOf, seenAt, snapshotOf } from './testing.ts';

const bytesOf = (evidence: Evidence): string => new TextDecoder().decode(encodeEvidence(evidence));
const evidenceOf = (snapshot: Snapshot): Evidence => evidenceOfSnapshot(snapshot, contextOf());
const unlimited: BehaviourLimits = { processes: 99, files: 999, dns: 999, network: 99, siblings: 999, shapes: 32 };
const fold = (parts: readonly Evidence[], limits = unlimited): Evidence =>
  parts.reduce((all, part) => mergeEvidence(all, part, limits), emptyEvidence);

/** Few names of few signatures, so that patterns come into being from what several containers show. */
const element = fc.oneof(
  fc.integer({ min: 1, max: 7 }).map(String),
  fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 2 }))
    .map(([one, other]) => `log-${one}.${other}.txt`),
  fc.constantFrom(
    'a1',
    'b2',
    'c3',
    '4d',
    'tmp62_qw223',
    'tmp1tz1u9ha',
    '7_vm',
    'plain',
    'a1.php',
    'b2.php',
    '{digits}',
  ),
);
const path = fc
  .tuple(fc.constantFrom('srv', 'etc', 'data'), fc.array(element, { minLength: 1, maxLength: 4 }))
  .map(([top, elements]) => `/${top}/${elements.join('/')}`);
const someSnapshot: fc.Arbitrary<Snapshot> = fc
  .record({
    container: fc.integer({ min: 1, max: 4 }),
    files: fc.array(
      fc.record({
        path,
        process: fc.nat(1),
        actors: fc.constantFrom<Actor[]>(['entrypoint'], ['interactive']),
        access: fc.constantFrom<FileAccess[]>(['read'], ['write'], ['read', 'create']),
      }),
      { maxLength: 8 },
    ),
    names: fc.array(fc.tuple(element, fc.constantFrom('example.com', 'x1.co.uk', 'redis.shop.svc.cluster.local')), {
      maxLength: 4,
    }),
  })
  .map(({ container, files, names }) =>
    snapshotOf(container, {
      processes: ['/a', '/b'].map((executable) => ({ ...seenAt(), parent: -1, executable, maxInstances: 1 })),
      files: files.map((file) => ({ ...seenAt(), ...file })),
      dns: names.map(([label, domain]) => ({ ...seenAt(), process: 0, name: `${label}.${domain}`, types: ['A'] })),
    }),
  );
const parts = fc.array(someSnapshot, { maxLength: 7 });

/** What shall come out, from the definition: all names of a signature that anybody ever had, element by element. */
function expectedPaths(snapshots: readonly Snapshot[], process: number): Set<string> {
  const taught = snapshots.flatMap(({ files }) =>
    files.filter((file) => file.process === process && file.actors.includes('entrypoint')),
  );
  const raw = new Set(taught.map((file) => file.path.replaceAll('{', '\\x7b')));
  return new Set(
    [...Map.groupBy(raw, pathSignature)].flatMap(([signature, names]) => {
      const wanted = signature.split('/');
      const varying = wanted.flatMap((part, at) => (isPattern(part) ? [at] : []));
      return names.map((name) =>
        name
          .split('/')
          .map((element, at) => {
            const all = [...new Set(names.map((one) => one.split('/')[at] ?? ''))];
            const early = varying.indexOf(at) < varying.length - keptElements;
            if (isMakersOwn(wanted[at] ?? '')) return wanted[at];
            const enough = varying.includes(at) && all.length >= (early ? 2 : namesToPattern);
            return enough ? agreed(all, wanted[at] ?? '') : element;
          })
          .join('/'),
      );
    }),
  );
}

function agreed(names: readonly string[], signature: string): string {
  return signature
    .split(/([-._])/)
    .map((part, at) => {
      const texts = new Set(names.map((name) => name.split(/([-._])/)[at]));
      return texts.size === 1 ? [...texts][0] : part;
    })
    .join('');
}

describe('patterns of evidence', () => {
  it('are what the definition says, whatever the order and the split', () => {
    fc.assert(
      fc.property(parts, fc.nat(7), (snapshots, cut) => {
        const evidences = snapshots.map(evidenceOf);
        const all = fold(evidences);
        const bytes = bytesOf(all);
        expect(bytesOf(fold(evidences.toReversed()))).toBe(bytes);
        expect(bytesOf(mergeEvidence(fold(evidences.slice(0, cut)), fold(evidences.slice(cut)), unlimited))).toBe(
          bytes,
        );
        expect(bytesOf(mergeEvidence(all, fold(evidences.slice(cut)), unlimited))).toBe(bytes);
        for (const [process, executable] of ['/a', '/b'].entries()) {
          const id = [...all.processes.values()].find((one) => one.executable === executable)?.id;
          const files = [...all.files].filter(([key, file]) => file.processId === id && !key.startsWith('~'));
          expect(new Set(files.map(([, file]) => file.path))).toEqual(expectedPaths(snapshots, process));
        }
      }),
      { numRuns: 400 },
    );
  });

  it('survive the store between any two merges', () => {
    fc.assert(
      fc.property(parts, (snapshots) => {
        const evidences = snapshots.map(evidenceOf);
        const stored = evidences.reduce(
          (all, part) => decodeEvidence(encodeEvidence(mergeEvidence(all, part))),
          emptyEvidence,
        );
        expect(bytesOf(stored)).toBe(bytesOf(evidences.reduce((all, part) => mergeEvidence(all, part), emptyEvidence)));
      }),
    );
  });

  it('keep the same beyond the limits in every order and split', () => {
    const limits = fc.record({
      processes: fc.constant(2),
      files: fc.integer({ min: 1, max: 6 }),
      dns: fc.integer({ min: 1, max: 3 }),
      network: fc.constant(1),
      siblings: fc.integer({ min: 1, max: 3 }),
      shapes: fc.constantFrom(2, 3, 32),
    });
    fc.assert(
      fc.property(parts, fc.nat(7), limits, (snapshots, cut, tight) => {
        const evidences = snapshots.map(evidenceOf);
        const bytes = bytesOf(fold(evidences, tight));
        expect(bytesOf(fold(evidences.toReversed(), tight))).toBe(bytes);
        const halves = [fold(evidences.slice(0, cut), tight), fold(evidences.slice(cut), tight)];
        expect(bytesOf(fold(halves, tight))).toBe(bytes);
        expect(bytesOf(fold([...halves, ...halves], tight))).toBe(bytes);
        const groups = new Set(
          [...fold(evidences, tight).files.values()].map((file) => file.processId + file.signature),
        );
        expect(groups.size).toBeLessThanOrEqual(2 * tight.files);
      }),
      { numRuns: 400 },
    );
  });

  it('stand for every name that was seen, with the container that showed it', () => {
    fc.assert(
      fc.property(parts, (snapshots) => {
        const all = fold(snapshots.map(evidenceOf));
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
    );
  });

  it('absorb for good, and know what they were made of', () => {
    const reads = (container: number, ...paths: string[]): Evidence =>
      evidenceOf(
        snapshotOf(container, {
          processes: [{ ...seenAt(), parent: -1, executable: '/postgres', maxInstances: 1 }],
          files: paths.map((one) => ({ ...seenAt(), process: 0, path: one, access: ['read'] })),
        }),
      );
    const three = fold([reads(1, '/base/5/1', '/base/5/2'), reads(2, '/base/5/3')]);
    expect([...three.files.values()].map((file) => file.path)).toEqual(['/base/5/1', '/base/5/2', '/base/5/3']);
    const four = fold([three, reads(3, '/base/5/4')]);
    expect([...four.files.values()]).toMatchObject([{ path: '/base/5/{digits}', containers: 0b111n }]);
    const later = fold([four, reads(4, '/base/6/1', '/base/7/1'), reads(5, '/base/8/9')]);
    expect([...later.files.values()].map((file) => file.path)).toEqual(['/base/{digits}/{digits}']);
    const [file] = later.files.values();
    expect(file?.members && memberCount(file.members)).toBe(7);
    expect(file?.members?.examples).toHaveLength(3);
    expect(setSize(file?.containers ?? 0n)).toBe(5);
    expect(later.containers.at(-1)?.id).toBe(containerNumber(5));
  });
});
