import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesPath } from '../pattern/path.ts';
import { emptyEvidence, type Evidence } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { anyNames, generalise } from './generalise.ts';
import { mergeEvidence } from './merge.ts';
import { contextOf, seenAt, snapshotOf } from './testing.ts';

function reads(paths: readonly string[], names: readonly string[] = []): Evidence {
  const snapshot = snapshotOf(1, {
    processes: [{ ...seenAt(), parent: -1, executable: '/app', maxInstances: 1 }],
    files: paths.map((path) => ({ ...seenAt(), process: 0, path, access: ['read'] })),
    dns: names.map((name) => ({ ...seenAt(), process: 0, name, types: ['A'] })),
  });
  return mergeEvidence(emptyEvidence, evidenceOfSnapshot(snapshot, contextOf()));
}
const pathsOf = (evidence: Evidence): string[] => [...evidence.files.values()].map(({ path }) => path).sort();
const namesOf = (evidence: Evidence): string[] => [...evidence.dns.values()].map(({ name }) => name).sort();

const random = ['Xa3kQ9', 'b7Zq1P', '9dKe2w', 'u1Vb8x'];
/** Separators in them make that no two have the same signature. */
const many = Array.from({ length: anyNames }, (_, index) => {
  const word = String.fromCharCode(97 + (index % 8), 97 + (index >> 3));
  return `${word}_7x${index}`;
});

describe('generalised names', () => {
  it('without digits belong to a template of their place that stands for them', () => {
    const paths = [...random, 'QwErTy', 'passwords', 'xmrig'].map((name) => `/tmp/tmp.${name}`);
    expect(pathsOf(generalise(reads(paths)))).toEqual(['/tmp/tmp.passwords', '/tmp/tmp.xmrig', '/tmp/tmp.{mixed6}']);
  });

  it('are of one shape where their generator uses the sign at which names fall into parts', () => {
    const mixed = ['1te2kza3', 'a1b2c3d4', '9z8y7x6w', 'q1w2e3r4'].map((name) => `/tmp/upload-${name}.part`);
    const others = ['829_j0wy', 'x_xnangh', 'abcdefgh'].map((name) => `/tmp/upload-${name}.part`);
    expect(pathsOf(generalise(reads([...mixed, ...others])))).toEqual(['/tmp/upload-{any8}.part']);
    expect(pathsOf(generalise(reads([...mixed, '/tmp/upload-12345678.part'])))).toEqual(['/tmp/upload-{mixed8}.part']);
    expect(pathsOf(generalise(reads([...mixed, '/tmp/upload-my_notes.part'])))).toEqual([
      '/tmp/upload-my_notes.part',
      '/tmp/upload-{mixed8}.part',
    ]);
    expect(pathsOf(generalise(reads(others)))).toEqual(others.sort());
    expect(pathsOf(generalise(reads([...mixed, '/tmp/upload-829_j0wy.so', '/tmp/other-829_j0wy.part'])))).toHaveLength(
      3,
    );
  });

  it('are arbitrary where there are very many, by extension', () => {
    const paths = [...many.map((name) => `/tmp/${name}`), '/tmp/plain', '/tmp/evil.so', '/tmp/.env', '/srv/a_7b1'];
    expect(pathsOf(generalise(reads(paths)))).toEqual(['/srv/a_7b1', '/tmp/.env', '/tmp/evil.so', '/tmp/{any}']);
    expect(pathsOf(generalise(reads(paths.slice(1))))).toContain('/tmp/plain');
  });

  it('make places one, and what lies in them with them', () => {
    const paths = [...random, 'QwErTy'].flatMap((name) => [`/tmp/${name}/a`, `/tmp/${name}/b`]);
    expect(pathsOf(generalise(reads(paths)))).toEqual(['/tmp/{mixed6}/a', '/tmp/{mixed6}/b']);
  });

  it('are found below thousands of directories', () => {
    const place = `/srv${'/a'.repeat(8_000)}`;
    const paths = [...random, 'QwErTy'].map((name) => `${place}/${name}/x`);
    expect(pathsOf(generalise(reads([...paths, `${place}/z`])))).toEqual([`${place}/z`, `${place}/{mixed6}/x`]);
  });

  it('never touch what is registered, nor where names are kept', () => {
    const names = [
      ...many.map((name) => `${name.replaceAll('_', '-')}.cdn.example.com`),
      'a1.evil.com',
      'cdn.examp1e.com',
    ];
    const evidence = generalise(
      reads(
        many.map((name) => `/root/.ssh/${name}`),
        names,
      ),
      4,
    );
    expect(namesOf(evidence)).toEqual(['a1.evil.com', 'cdn.examp1e.com', '{any}.cdn.example.com']);
    expect(pathsOf(evidence)).toHaveLength(anyNames);
  });

  it('stand for all that they were made of, the coarser the fewer they are', () => {
    const element = fc.oneof(
      fc.constantFrom(...random, 'QwErTy', 'plain', 'a.log', 'b1.log', 'c_2.log', 'd.1', '{uuid}'),
      fc.integer({ min: 1, max: 30 }).map((number) => `${number}_x${number}`),
    );
    const path = fc.array(element, { minLength: 1, maxLength: 3 }).map((elements) => `/srv/${elements.join('/')}`);
    fc.assert(
      fc.property(fc.array(path, { maxLength: 40 }), fc.integer({ min: 2, max: 9 }), (paths, few) => {
        const evidence = reads(paths);
        const shown = pathsOf(generalise(evidence, few));
        for (const raw of paths) expect(shown.some((pattern) => matchesPath(pattern, raw))).toBe(true);
        expect(shown.length).toBeLessThanOrEqual(pathsOf(generalise(evidence, few + 3)).length);
        expect(pathsOf(generalise(generalise(evidence, few), few)).every((one) => shown.includes(one))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
