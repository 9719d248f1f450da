import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementsOverlap } from '../pattern/overlap.ts';
import { matchesPath } from '../pattern/path.ts';
import { someTemplate } from '../pattern/testing.ts';
import { type ComparedProfile, type Difference, diffProfiles } from './diff.ts';
import { behavioursOf, type ComparedBehaviour } from './diff-behaviours.ts';
import { type FoldedOverlaps, foldOverlaps } from './diff-overlaps.ts';
import { byText } from './evidence.ts';
import type { PublishedBehavior } from './publication.ts';

const server = {
  id: 'a0',
  executable: '/usr/sbin/server',
  maxInstances: 1,
  actors: ['entrypoint'],
  phases: ['run'],
} as const;
const other = { ...server, id: 'b1', executable: '/usr/bin/other' } as const;

type File = PublishedBehavior['files'][number];

const file = (path: string, access: File['access'] = ['read'], processId = 'a0'): File => {
  return { processId, path, access, commonality: 100 };
};
const profile = (changes: Partial<PublishedBehavior>): ComparedProfile => ({
  behavior: { processes: [server, other], files: [], dns: [], network: [], ...changes },
});
const files = (...list: readonly File[]): ComparedProfile => profile({ files: list });

describe('patterns that overlap', () => {
  const [old, young] = [file('/srv/{mixed8}.log'), file('/srv/ab{digits}.log')];

  it('are one behaviour that is called two ways, by the first of them', () => {
    const expected = {
      change: 'changed',
      path: '/srv/ab{digits}.log',
      overlapping: { before: ['/srv/{mixed8}.log'], after: ['/srv/ab{digits}.log'] },
      gained: [],
      lost: [],
    };
    expect(diffProfiles(files(old), files(young)).differences).toMatchObject([expected]);
    const { before, after } = expected.overlapping;
    expect(diffProfiles(files(young), files(old)).differences).toMatchObject([
      { ...expected, overlapping: { before: after, after: before } },
    ]);
  });

  it('say what is done to them that was not', () => {
    const written = file('/srv/ab{digits}.log', ['read', 'write']);
    expect(diffProfiles(files(old), files(written)).differences).toMatchObject([
      { change: 'changed', relevance: 'write', gained: ['write'], overlapping: {} },
    ]);
  });

  it('are one where they overlap in a row', () => {
    const third = file('/srv/{mixed3}{digits}.log');
    const found = diffProfiles(files(old, file('/srv/cd{digits}.log')), files(young, file('/srv/{mixed7}.log'), third));
    expect(found.differences.filter(({ overlapping }) => overlapping)).toMatchObject([
      { overlapping: { before: ['/srv/{mixed8}.log'], after: ['/srv/ab{digits}.log'] } },
      { overlapping: { before: ['/srv/cd{digits}.log'], after: ['/srv/{mixed7}.log'] } },
    ]);
    const one = diffProfiles(files(old, file('/srv/{mixed7}.log')), files(young));
    expect(one.differences).toMatchObject([
      { overlapping: { before: ['/srv/{mixed7}.log', '/srv/{mixed8}.log'], after: ['/srv/ab{digits}.log'] } },
    ]);
  });

  it('are not one of two processes, nor where they have no name in common', () => {
    const changes = (one: ComparedProfile, two: ComparedProfile): string[] =>
      diffProfiles(one, two).differences.map(({ change }) => change);
    expect(changes(files(old), files({ ...young, processId: 'b1' }))).toEqual(['new', 'gone']);
    expect(changes(files(old), files(file('/srv/abc{digits}.txt')))).toEqual(['new', 'gone']);
    expect(changes(files(old), files(file('/var/ab{digits}.log')))).toEqual(['new', 'gone']);
    expect(changes(files(old), files(file('/srv/kdevtmpf.php')))).toEqual(['new', 'gone']);
  });

  it('are found among thousands of one directory', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => file(`/srv/{digits}-x${index}-{digits}`));
    const others = Array.from({ length: 1_000 }, (_, index) => file(`/srv/{mixed9}-x${index}-{digits}`));
    const { differences, caveats } = diffProfiles(files(...many), files(...others));
    expect(differences).toHaveLength(1_000);
    expect(differences.every(({ overlapping }) => overlapping)).toBe(true);
    expect(caveats).toEqual([]);
  });

  it('are looked for within bounds, and it is said of how many not', () => {
    const alike = (kind: string, length: number): readonly File[] =>
      Array.from({ length: 1_500 }, (_, index) => file(`/srv/{${kind}}-{mixed${length + index}}.log`));
    const { caveats } = diffProfiles(files(...alike('digits', 1)), files(...alike('mixed8', 2_001)));
    expect(caveats).toMatchObject([
      { side: 'before', kind: 'file', reason: 'too-many-patterns' },
      { side: 'after', kind: 'file', reason: 'too-many-patterns' },
    ]);
  });

  it('are found among names of hosts', () => {
    const asks = (name: string): ComparedProfile => profile({ dns: [{ processId: 'a0', name, types: ['A'] }] });
    expect(
      diffProfiles(asks('{mixed6}.db.example.com'), asks('node{digits}.db.example.com')).differences,
    ).toMatchObject([{ change: 'changed', name: 'node{digits}.db.example.com', overlapping: {} }]);
    expect(diffProfiles(asks('{mixed6}.db.example.com'), asks('node{digits}.db.examp1e.com')).differences).toHaveLength(
      2,
    );
  });
});

describe('the Internet', () => {
  const talks = (...list: readonly [string, number][]): ComparedProfile =>
    profile({
      network: list.map(([block, port]) => {
        return { processId: 'a0', direction: 'connect', protocol: 'tcp', peer: `external ${block}`, port };
      }),
    });
  const few = talks(['104.16.0.0/16', 443], ['203.0.113.0/24', 443], ['198.51.100.0/24', 22], ['10.0.0.0/24', 443]);
  const all = talks(['0.0.0.0/0', 443], ['10.0.0.0/24', 443]);

  it('is news of whom was talked to on that port', () => {
    expect(diffProfiles(few, all).differences).toMatchObject([
      {
        change: 'changed',
        relevance: 'outbound',
        peer: 'external 0.0.0.0/0',
        overlapping: {
          before: ['external 104.16.0.0/16', 'external 203.0.113.0/24'],
          after: ['external 0.0.0.0/0'],
        },
      },
      { change: 'gone', peer: 'external 198.51.100.0/24' },
    ]);
    expect(diffProfiles(all, few).differences).toMatchObject([
      { change: 'changed', overlapping: { before: ['external 0.0.0.0/0'] } },
      { change: 'new', peer: 'external 198.51.100.0/24' },
    ]);
  });

  it('is none where both talk to it', () => {
    expect(diffProfiles(all, all).differences).toEqual([]);
    const more = talks(['0.0.0.0/0', 443], ['10.0.0.0/24', 443], ['203.0.113.0/24', 4444]);
    expect(diffProfiles(all, more).differences).toMatchObject([{ change: 'new', peer: 'external 203.0.113.0/24' }]);
  });

  it('of one container says nothing of whom others talk to', () => {
    const network = few.behavior.network.filter(({ port }) => port === 443);
    const wide = {
      processId: 'a0',
      direction: 'connect',
      protocol: 'tcp',
      peer: 'external 0.0.0.0/0',
      port: 443,
    } as const;
    const beside = profile({ network: [...network, { ...wide, oneContainer: true }] });
    expect(diffProfiles(profile({ network }), beside).differences).toMatchObject([
      { change: 'new', relevance: 'outbound', peer: 'external 0.0.0.0/0 of one container' },
    ]);
    expect(diffProfiles(beside, all).differences).toContainEqual(
      expect.objectContaining({ change: 'gone', peer: 'external 0.0.0.0/0 of one container' }),
    );
  });
});

const element = fc.constantFrom(
  'ab',
  'ab12',
  'cd12',
  'abcd',
  '7',
  '12',
  '{digits}',
  'ab{digits}',
  'cd{digits}',
  '{mixed3}',
  '{mixed4}',
  '{any}',
  'ab-{digits}',
  'ab-7',
  'ab-{mixed4}',
);
const path = fc.array(element, { minLength: 1, maxLength: 2 }).map((elements) => `/srv/${elements.join('/')}`);
const endpoint = fc.record({
  processId: fc.constant('a0'),
  direction: fc.constant('connect' as const),
  protocol: fc.constant('tcp' as const),
  peer: fc.constantFrom(
    'external 0.0.0.0/0',
    'external ::/0',
    'external 20.1.0.0/16',
    'external 20.1.7.0/24',
    'external 20.2.7.0/24',
    'external 10.0.0.0/24',
    'node',
  ),
  port: fc.constantFrom(80, 443),
  commonality: fc.constantFrom(50, 100),
});
const some = fc
  .uniqueArray(
    fc.record({
      processId: fc.constantFrom('a0', 'b1'),
      path,
      access: fc.constantFrom<File['access']>(['read'], ['write'], ['read', 'write']),
      commonality: fc.constantFrom(50, 100),
    }),
    { maxLength: 8, selector: ({ processId, path: name }) => `${processId} ${name}` },
  )
  .chain((list) =>
    fc.uniqueArray(endpoint, { maxLength: 6, selector: ({ peer, port }) => `${peer} ${port}` }).map((network) => {
      return profile({ files: list, network });
    }),
  );

const mirrored = (one: Difference): unknown => {
  const changes = { new: 'gone', gone: 'new', changed: 'changed' } as const;
  const { before, after, gained, lost, shifted, overlapping } = one;
  return {
    ...one,
    change: changes[one.change],
    before: after,
    after: before,
    gained: lost,
    lost: gained,
    shifted,
    overlapping: overlapping && { before: overlapping.after, after: overlapping.before },
  };
};
const inOrder = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([left], [right]) => byText(left, right)))
    : value;
const sorted = (list: readonly unknown[]): string[] => list.map((one) => JSON.stringify(one, inOrder)).sort();

describe('patterns that are compared by a glance first', () => {
  const patterns = {
    isWide: () => true,
    placeOf: ({ subject }: ComparedBehaviour) => (subject.kind === 'file' ? `${subject.path.split('/').length}` : ''),
    elementsOf: ({ subject }: ComparedBehaviour) => (subject.kind === 'file' ? subject.path.split('/') : []),
  };
  const sideOf = (paths: readonly string[]): ReadonlyMap<string, ComparedBehaviour> =>
    behavioursOf({ ...files(...paths.map((path) => file(path))).behavior, processes: [] });
  const somePaths = fc.uniqueArray(
    fc.array(someTemplate, { minLength: 1, maxLength: 2 }).map((elements) => `/srv/${elements.join('/')}`),
    { maxLength: 12 },
  );
  const fold = (old: readonly string[], young: readonly string[], units?: number): FoldedOverlaps =>
    foldOverlaps(sideOf(old), sideOf(young), patterns, units);
  /** Pairs of names of both sides that became one, or belong to one that did. */
  const groupsOf = (folded: ReadonlyMap<string, ComparedBehaviour>): string[][] =>
    [...folded.values()].flatMap(({ names }) => (names === undefined ? [] : [[...names]]));

  it('become one as if each were compared with each', () => {
    fc.assert(
      fc.property(somePaths, somePaths, (old, young) => {
        const [mine, theirs] = [old.filter((one) => !young.includes(one)), young.filter((one) => !old.includes(one))];
        const overlap = (one: string, other: string): boolean => {
          const [left, right] = [one.split('/'), other.split('/')];
          return left.length === right.length && left.every((each, at) => elementsOverlap(each, right[at] ?? ''));
        };
        const groups: Set<string>[] = [];
        for (const one of mine) {
          const others = theirs.filter((other) => overlap(one, other)).map((other) => `after ${other}`);
          const joined = groups.filter((group) => others.some((other) => group.has(other)));
          for (const group of joined) groups.splice(groups.indexOf(group), 1);
          if (others.length > 0)
            groups.push(new Set([`before ${one}`, ...others, ...joined.flatMap((all) => [...all])]));
        }
        const { before, after, uncompared } = fold(old, young);
        const sides = { before: groupsOf(before), after: groupsOf(after) };
        for (const side of ['before', 'after'] as const) {
          const expected = groups.map((group) =>
            [...group].filter((name) => name.startsWith(side)).map((name) => name.slice(side.length + 1)),
          );
          expect(sorted(sides[side])).toEqual(sorted(expected.map((names) => names.sort(byText))));
        }
        expect([...uncompared.before, ...uncompared.after]).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('are the same of either side, however little may be spent', () => {
    fc.assert(
      fc.property(somePaths, somePaths, fc.nat(5_000), (old, young, units) => {
        const [there, back] = [fold(old, young, units), fold(young, old, units)];
        expect(sorted(groupsOf(back.before))).toEqual(sorted(groupsOf(there.after)));
        expect(back.uncompared).toEqual({ before: there.uncompared.after, after: there.uncompared.before });
        const alone = old.filter((one) => !young.includes(one));
        expect(there.uncompared.before.size).toBeLessThanOrEqual(alone.length);
      }),
      { numRuns: 500 },
    );
  });

  it('are none without anything to spend, and that is said of all that could overlap', () => {
    const { before, uncompared } = fold(['/srv/{mixed8}.log', '/x'], ['/srv/ab{digits}.log'], 0);
    expect(groupsOf(before)).toEqual([]);
    expect([...uncompared.before.values(), ...uncompared.after.values()]).toEqual(['file', 'file']);
  });
});

describe('a difference', () => {
  it('is none of a profile and itself', () => {
    fc.assert(
      fc.property(some, (one) => {
        expect(diffProfiles(one, one).differences).toEqual([]);
      }),
    );
  });

  it('is the same the other way round, with new and gone and before and after changed', () => {
    fc.assert(
      fc.property(some, some, (one, two) => {
        const there = diffProfiles(one, two).differences;
        const back = diffProfiles(two, one).differences.map(mirrored);
        expect(sorted(back)).toEqual(sorted(there));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is never that something came which a pattern of the other stands for', () => {
    fc.assert(
      fc.property(some, some, (one, two) => {
        for (const difference of diffProfiles(one, two).differences) {
          if (difference.kind !== 'file' || difference.change === 'changed') continue;
          const { behavior } = difference.change === 'new' ? one : two;
          const owner = behavior.processes.find(({ executable }) => executable === difference.lineage[0]);
          const known = behavior.files.filter(({ processId }) => processId === owner?.id);
          expect(known.some((entry) => matchesPath(entry.path, difference.path))).toBe(false);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
