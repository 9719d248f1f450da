import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor, Phase } from '../activity/snapshot.ts';
import { type ComparedProfile, type Difference, diffProfiles, hasCome, type ProfileDiff } from './diff.ts';
import type { Change } from './diff-circumstances.ts';
import { relevanceRank } from './diff-relevance.ts';
import { emptyEvidence, type Evidence } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { mergeEvidence } from './merge.ts';
import type { PublishedBehavior, PublishedProcess } from './publication.ts';
import { publish } from './publish.ts';
import { contextOf, seenAt, snapshotOf, someSnapshotEvidence } from './testing.ts';

const published = (parts: readonly Evidence[]): ComparedProfile =>
  publish(
    parts.reduce((all, part) => mergeEvidence(all, part), emptyEvidence),
    { lostPeriods: 0 },
  );
const someProfile = fc.array(someSnapshotEvidence, { minLength: 1, maxLength: 5 }).map(published);
const threshold = fc.integer({ min: 0, max: 100 });

function mirrored({ threshold: points, differences, caveats }: ProfileDiff): ProfileDiff {
  const opposite = { new: 'gone', gone: 'new', changed: 'changed' } as const;
  const turned = <Item>({ gained, lost }: Change<Item>): Change<Item> => ({ gained: lost, lost: gained });
  const turn = ({ before, after, actors, phases, ...rest }: Difference): Difference => ({
    ...rest,
    change: opposite[rest.change],
    gained: rest.lost,
    lost: rest.gained,
    ...(after !== undefined && { before: after }),
    ...(before !== undefined && { after: before }),
    ...(actors !== undefined && { actors: turned(actors) }),
    ...(phases !== undefined && { phases: turned(phases) }),
  });
  const sides = { before: 'after', after: 'before' } as const;
  return {
    threshold: points,
    differences: differences.map(turn),
    caveats: caveats.map((caveat) => ({ ...caveat, side: sides[caveat.side] })),
  };
}

/** Without order: what is new comes first on both sides. */
const asSet = ({ differences, caveats }: ProfileDiff): Set<string> =>
  new Set([...differences, ...caveats].map((one) => JSON.stringify(one, sortedKeys)));

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}

const empty: PublishedBehavior = { processes: [], files: [], dns: [], network: [] };
const process = (id: string, executable: string, changes: Partial<PublishedProcess> = {}): PublishedProcess => ({
  id,
  executable,
  maxInstances: 1,
  actors: ['entrypoint'],
  phases: ['run'],
  commonality: 100,
  ...changes,
});
const nginx = process('a0', '/usr/sbin/nginx');
const conf = { processId: 'a0', path: '/etc/nginx/nginx.conf', access: ['read'], commonality: 100 } as const;
const profile = (changes: Partial<PublishedBehavior>): ComparedProfile => ({ behavior: { ...empty, ...changes } });
const briefly = (diff: ProfileDiff): string[] =>
  diff.differences.map((one) => {
    const { change, kind, relevance } = one;
    const what = 'path' in one ? one.path : 'name' in one ? one.name : 'executable' in one ? one.executable : one.peer;
    return `${change} ${kind} ${what ?? ''} (${relevance})`;
  });

describe('the difference of two profiles', () => {
  it('is empty between a profile and itself', () => {
    fc.assert(
      fc.property(someProfile, threshold, (one, points) => {
        expect(diffProfiles(one, one, points).differences).toEqual([]);
      }),
    );
  });

  it('is the same from the other side, with new and gone changed round', () => {
    fc.assert(
      fc.property(someProfile, someProfile, threshold, (one, other, points) => {
        const there = diffProfiles(one, other, points);
        expect(asSet(diffProfiles(other, one, points))).toEqual(asSet(mirrored(there)));
      }),
    );
  });

  it('leads from one profile to the other: what is new or kept is what the other holds', () => {
    const keys = ({ behavior }: ComparedProfile): number =>
      new Set(behavior.files.map(({ processId, path }) => `${processId} ${path}`)).size;
    fc.assert(
      fc.property(someProfile, someProfile, (one, other) => {
        const files = diffProfiles(one, other).differences.filter(({ kind }) => kind === 'file');
        const count = (change: string): number => files.filter((file) => file.change === change).length;
        expect(keys(one) - count('gone') + count('new')).toBe(keys(other));
      }),
    );
  });

  it('comes in the order of relevance within what came, what changed and what went', () => {
    const stage = (one: Difference): number => (one.change === 'gone' ? 2 : hasCome(one) ? 0 : 1);
    fc.assert(
      fc.property(someProfile, someProfile, (one, other) => {
        const ranks = diffProfiles(one, other).differences.map(
          (difference) => stage(difference) * 100 + relevanceRank(difference.relevance),
        );
        expect(ranks).toEqual(ranks.toSorted((left, right) => left - right));
      }),
    );
  });

  it('puts what an intruder would add before what a release usually adds', () => {
    const before = profile({ processes: [nginx], files: [conf] });
    const after = profile({
      processes: [
        nginx,
        process('b1', '/bin/sh', { parentId: 'a0', commonality: 10 }),
        process('c2', '/usr/sbin/helper', { parentId: 'a0' }),
        process('d3', '/dev/shm/x', { parentId: 'b1', commonality: 10 }),
      ],
      files: [
        conf,
        { processId: 'a0', path: '/usr/share/zoneinfo/UTC', access: ['read'], commonality: 100 },
        { processId: 'a0', path: '/root/.ssh/authorized_keys', access: ['create', 'write'], commonality: 10 },
        { processId: 'a0', path: '/etc/shadow', access: ['read'], commonality: 10 },
      ],
      dns: [{ processId: 'a0', name: 'pool.example.com', types: ['A'], commonality: 10 }],
      network: [
        { processId: 'a0', direction: 'connect', protocol: 'tcp', peer: 'external 203.0.113.0/24', port: 443 },
        { processId: 'a0', direction: 'connect', protocol: 'tcp', peer: 'service shop/redis', port: 6379 },
      ],
    });
    expect(briefly(diffProfiles(before, after))).toEqual([
      'new process /dev/shm/x (dropped-program)',
      'new process /bin/sh (shell)',
      'new process /usr/sbin/helper (program)',
      'new file /root/.ssh/authorized_keys (sensitive-write)',
      'new file /etc/shadow (secret-read)',
      'new network external 203.0.113.0/24 (outbound)',
      'new network service shop/redis (cluster-outbound)',
      'new dns pool.example.com (name)',
      'new file /usr/share/zoneinfo/UTC (read)',
    ]);
  });

  it('sees a new way of a known behaviour, and judges it by that way', () => {
    const [was] = diffProfiles(
      profile({ processes: [nginx], files: [conf] }),
      profile({ processes: [nginx], files: [conf, { ...conf, access: ['write'], commonality: 30 }] }),
    ).differences;
    expect(was).toMatchObject({
      change: 'changed',
      relevance: 'sensitive-write',
      before: { read: 100 },
      after: { read: 100, write: 30 },
      gained: ['write'],
      lost: [],
      shifted: [],
    });
  });

  it('sees other ports of one peer as a change of one behaviour', () => {
    const endpoint = { processId: 'a0', direction: 'connect', protocol: 'tcp', peer: 'service shop/db' } as const;
    const [was] = diffProfiles(
      profile({ processes: [nginx], network: [{ ...endpoint, port: 5432, commonality: 100 }] }),
      profile({ processes: [nginx], network: [{ ...endpoint, port: 6432, commonality: 100 }] }),
    ).differences;
    expect(was).toMatchObject({ change: 'changed', gained: ['6432'], lost: ['5432'] });
  });

  it('counts a change of commonality from the threshold on', () => {
    const at = (commonality: number): ComparedProfile => profile({ processes: [{ ...nginx, commonality }] });
    expect(diffProfiles(at(100), at(81)).differences).toEqual([]);
    expect(diffProfiles(at(100), at(80)).differences).toMatchObject([{ change: 'changed', shifted: ['entrypoint'] }]);
    expect(diffProfiles(at(100), at(99), 1).differences).toHaveLength(1);
  });

  it('marks what came with its process, so that it can be told apart', () => {
    const diff = diffProfiles(profile({}), profile({ processes: [nginx], files: [conf] }));
    expect(diff.differences.map(({ kind, withProcess }) => [kind, withProcess])).toEqual([
      ['process', undefined],
      ['file', true],
    ]);
  });

  it('knows a process by its lineage, whatever a manifest calls it', () => {
    const named = (root: string, child: string): ComparedProfile =>
      profile({ processes: [process(root, '/a'), process(child, '/b', { parentId: root })] });
    expect(diffProfiles(named('01', '02'), named('f1', 'f2')).differences).toEqual([]);
    const elsewhere = profile({ processes: [process('01', '/a'), process('02', '/b')] });
    expect(diffProfiles(named('01', '02'), elsewhere).differences).toHaveLength(2);
  });

  describe('of who does something, and when', () => {
    const read = (...actors: Actor[]) =>
      profile({
        processes: [process('a0', '/bin/sh', { actors: ['entrypoint', 'exec'] })],
        files: [{ ...conf, actors }],
      });

    it('sees that somebody else does it, and judges it by what that is', () => {
      const [was] = diffProfiles(read('entrypoint'), read('entrypoint', 'exec')).differences;
      expect(was).toMatchObject({
        change: 'changed',
        relevance: 'read',
        gained: [],
        actors: { gained: [{ way: 'read', actor: 'exec' }], lost: [] },
      });
      expect(was).not.toHaveProperty('withProcess');
      const shadow = { ...conf, path: '/etc/shadow' };
      const [worse, first, ...rest] = diffProfiles(
        profile({ processes: [nginx], files: [shadow, { ...conf, commonality: 50 }] }),
        profile({ processes: [nginx], files: [{ ...shadow, actors: ['interactive'] }, conf] }),
      ).differences;
      expect(worse).toMatchObject({ relevance: 'secret-read', actors: { lost: [{ actor: 'entrypoint' }] } });
      expect([first?.shifted, rest]).toEqual([['read'], []]);
    });

    it('takes the actors of a file for those of its process where it has none of its own, way by way', () => {
      const both = profile({ processes: [nginx], files: [conf, { ...conf, access: ['write'], actors: ['exec'] }] });
      const young = profile({ processes: [nginx], files: [{ ...conf, access: ['read', 'write'] }] });
      expect(diffProfiles(both, young).differences).toMatchObject([
        { actors: { gained: [{ way: 'write', actor: 'entrypoint' }], lost: [{ way: 'write', actor: 'exec' }] } },
      ]);
      expect(
        diffProfiles(profile({ files: [conf] }), profile({ files: [{ ...conf, actors: ['exec'] }] })).differences,
      ).toEqual([]);
    });

    it('marks what changed only because somebody else begins the process', () => {
      const by = (...actors: Actor[]) => profile({ processes: [{ ...nginx, actors }], files: [conf] });
      expect(
        diffProfiles(by('entrypoint'), by('entrypoint', 'exec')).differences.map(({ kind, withProcess }) => [
          kind,
          withProcess,
        ]),
      ).toEqual([
        ['process', undefined],
        ['file', true],
      ]);
    });

    it('takes nobody for new whom an agent could not know, or who is known since', () => {
      expect(diffProfiles(read('entrypoint'), read('entrypoint', 'unknown')).differences).toEqual([]);
      expect(diffProfiles(read('unknown'), read('entrypoint')).differences).toEqual([]);
      expect(diffProfiles(read('unknown'), read('exec')).differences).toHaveLength(1);
    });

    it('says it of names that are one pattern', () => {
      const file = (path: string, actors: Actor[]) => ({ ...conf, path, actors });
      const old = profile({ processes: [nginx], files: [file('/data/{digits}', ['entrypoint'])] });
      const young = profile({
        processes: [nginx],
        files: [file('/data/1', ['exec']), file('/data/2', ['entrypoint'])],
      });
      expect(diffProfiles(old, young).differences).toMatchObject([
        { path: '/data/{digits}', actors: { gained: [{ way: 'read', actor: 'exec' }], lost: [] } },
      ]);
    });

    it('sees that what ran at the start alone now runs later, if such was seen at all', () => {
      const shell = (...phases: Phase[]) => process('b1', '/bin/sh', { phases });
      const [before, after] = [
        profile({ processes: [nginx, shell('start')] }),
        profile({ processes: [nginx, shell('run')] }),
      ];
      expect(diffProfiles(before, after).differences).toMatchObject([
        { change: 'changed', executable: '/bin/sh', relevance: 'shell', phases: { gained: ['run'], lost: [] } },
      ]);
      expect(diffProfiles(profile({ processes: [shell('start')] }), after).differences).toMatchObject([
        { change: 'new' },
      ]);
      const always = profile({ processes: [nginx, shell('start', 'run')] });
      expect(diffProfiles(after, always).differences).toEqual([]);
    });
  });

  it('says which ways past the agent the containers went', () => {
    const completeness = { blindSpots: [{ name: 'io_uring', containers: 2 }] } as const;
    expect(diffProfiles(profile({}), { ...profile({}), evidence: { completeness } }).caveats).toEqual([
      { side: 'after', reason: 'blind-spot', name: 'io_uring', containers: 2 },
    ]);
  });

  it('says nothing of kinds that one side did not watch, and that it does not', () => {
    const evidence = { completeness: { kindsCollected: ['process'] as const } };
    const diff = diffProfiles(
      { ...profile({ processes: [nginx] }), evidence },
      profile({ processes: [nginx], files: [conf], syscalls: ['read'] }),
    );
    expect(diff.differences).toEqual([]);
    expect(diff.caveats).toContainEqual({ side: 'before', kind: 'file', reason: 'not-watched' });
    expect(diff.caveats).toContainEqual({ side: 'before', kind: 'syscall', reason: 'not-watched' });
  });

  it('says that what was left out of an object may only seem new or gone', () => {
    const omitted = { processes: 0, files: 7, dns: 0, network: 0 };
    const diff = diffProfiles({ ...profile({}), evidence: { omitted } }, profile({}));
    expect(diff.caveats).toEqual([{ side: 'before', kind: 'file', reason: 'omitted', count: 7 }]);
  });

  it('takes manifests that make no sense: parents in a circle, names of the language', () => {
    const odd = profile({
      processes: [process('01', '/a', { parentId: '02' }), process('02', '/b', { parentId: '01' })],
      files: [{ ...conf, processId: 'ff' }],
      dns: [{ processId: '01', name: '__proto__', types: ['__proto__'] }],
    });
    expect(diffProfiles(odd, odd).differences).toEqual([]);
    expect(diffProfiles(profile({}), odd).differences).toHaveLength(4);
  });

  it('takes a lineage of thousands', () => {
    const deep = Array.from({ length: 4_000 }, (_, index) =>
      process(`${index}`, '/bin/x', index === 0 ? {} : { parentId: `${index - 1}` }),
    );
    const diff = diffProfiles(profile({}), profile({ processes: deep }));
    expect(diff.differences).toHaveLength(4_000);
    expect(Math.max(...diff.differences.map(({ lineage }) => lineage.length))).toBe(16);
  });

  it('compares publications of the same evidence in another image as equal', () => {
    const one = snapshotOf(1, { processes: [{ ...seenAt(), parent: -1, executable: '/bin/a', maxInstances: 1 }] });
    const two = { ...one, container: { ...one.container, podName: 'other' } };
    const of = (snapshot: typeof one): ComparedProfile => published([evidenceOfSnapshot(snapshot, contextOf())]);
    expect(diffProfiles(of(one), of(two)).differences).toEqual([]);
  });
});
