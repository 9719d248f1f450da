import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileAccess, Snapshot } from '../activity/snapshot.ts';
import { type ComparedProfile, type Difference, diffProfiles } from './diff.ts';
import { emptyEvidence, type Evidence } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { generalise } from './generalise.ts';
import { mergeEvidence } from './merge.ts';
import type { PublishedBehavior } from './publication.ts';
import { type Candidate, candidates } from './publication-rows.ts';
import { contextOf, seenAt, snapshotOf } from './testing.ts';

const nginx = {
  id: 'a0',
  executable: '/usr/sbin/nginx',
  maxInstances: 1,
  actors: ['entrypoint'],
  phases: ['run'],
} as const;
const profile = (changes: Partial<PublishedBehavior>): ComparedProfile => ({
  behavior: { processes: [], files: [], dns: [], network: [], ...changes },
});

describe('the difference of profiles with patterns', () => {
  const file = (path: string, commonality = 100, access: 'read' | 'write' = 'read') =>
    ({ processId: 'a0', path, access: [access], commonality }) as const;
  const files = (...list: PublishedBehavior['files']): ComparedProfile => profile({ processes: [nginx], files: list });
  const pattern = files(file('/data/base/{digits}/{digits}', 90));

  it('takes a name that a pattern of the other stands for as known, whichever learned more', () => {
    const names = files(file('/data/base/5/1259', 40), file('/data/base/5/2619', 30));
    expect(diffProfiles(pattern, names).differences).toEqual([]);
    expect(diffProfiles(names, pattern).differences).toEqual([]);
    expect(diffProfiles(files(file('/data/base/5/{digits}')), pattern).differences).toEqual([]);
  });

  it('sees what is done to such a name and was not done to any', () => {
    const written = files(file('/data/base/5/1259'), file('/data/base/5/2619', 30, 'write'));
    expect(diffProfiles(pattern, written).differences).toMatchObject([
      {
        change: 'changed',
        path: '/data/base/{digits}/{digits}',
        gained: ['write'],
        after: { read: null, write: null },
      },
    ]);
  });

  it('sees it too where the pattern is listed beside the name, before or after it', () => {
    const [known, name] = [file('/data/base/{digits}/{digits}'), file('/data/base/5/1259', 10, 'write')];
    for (const young of [files(known, name), files(name, known)]) {
      expect(diffProfiles(pattern, young).differences).toMatchObject([{ change: 'changed', gained: ['write'] }]);
    }
  });

  it('ends at the same pattern on both sides, where each has one that is wider than what the other has', () => {
    const one = files(file('/data/base/5/12'), file('/data/base/{digits}/{digits}'));
    const other = files(file('/data/base/5/{digits}'));
    expect(diffProfiles(one, other).differences).toEqual([]);
    expect(diffProfiles(other, one).differences).toEqual([]);
  });

  it('takes random names of a shape for those that the other saw before it had enough of them', () => {
    const names = files(file('/tmp/up-abcdefgh.part'), file('/tmp/up-a1_bc2d3.part'), file('/tmp/up-{mixed8}.part'));
    const shape = files(file('/tmp/up-{any8}.part'));
    expect(diffProfiles(names, shape).differences).toEqual([]);
    expect(diffProfiles(shape, names).differences).toEqual([]);
    const others = files(file('/tmp/up-xmrig.part'), file('/tmp/up-abcdefgh.so'), file('/tmp/up-{any8}.part'));
    expect(diffProfiles(names, others).differences.map(({ change }) => change)).toEqual(['new', 'new']);
  });

  it('takes a name that the pattern does not stand for as new', () => {
    const others = files(file('/data/base/5/x.php'), file('/data/base'), file('/data2/base/5/1'));
    expect(diffProfiles(pattern, others).differences.map(({ change }) => change)).toEqual([
      'new',
      'new',
      'new',
      'gone',
    ]);
    const shadow = files(file('/etc/{digits}'));
    expect(diffProfiles(shadow, files(file('/etc/7'))).differences).toHaveLength(2);
  });

  it('does the same with names of hosts, below what somebody registered', () => {
    const asks = (...names: string[]): ComparedProfile =>
      profile({ processes: [nginx], dns: names.map((name) => ({ processId: 'a0', name, types: ['A'] })) });
    const known = asks('shard-{digits}.example.com');
    expect(diffProfiles(known, asks('shard-7.example.com')).differences).toEqual([]);
    expect(diffProfiles(known, asks('shard-7.examp1e.com')).differences).toHaveLength(2);
  });

  it('takes names for one that the same program makes up on both sides, and tells what else it does to them', () => {
    const [one, other] = [files(file('/dev/shm/pg.4224')), files(file('/dev/shm/pg.1027'))];
    expect(diffProfiles(one, other).differences).toEqual([]);
    const written = files(file('/dev/shm/pg.1027'), file('/dev/shm/pg.1028', 50, 'write'));
    expect(diffProfiles(one, written).differences).toMatchObject([
      { change: 'changed', path: '/dev/shm/pg.{digits}', gained: ['write'] },
    ]);
    const both = files(file('/dev/shm/pg.4224'), file('/dev/shm/pg.1027'));
    expect(diffProfiles(one, both).differences).toMatchObject([{ change: 'new', path: '/dev/shm/pg.1027' }]);
    expect(diffProfiles(files(file('/etc/pg.1')), files(file('/etc/pg.2'))).differences).toHaveLength(2);
  });

  it('takes an address within a wider block of the other as known, and tells a port that is none of it', () => {
    const talks = (...list: readonly [string, number][]): ComparedProfile =>
      profile({
        processes: [nginx],
        network: list.map(([block, port]) => {
          return { processId: 'a0', direction: 'connect', protocol: 'tcp', peer: `external ${block}`, port };
        }),
      });
    const wide = talks(['104.16.0.0/16', 443]);
    const narrow = talks(['104.16.3.0/24', 443], ['104.16.9.0/24', 443]);
    expect(diffProfiles(wide, narrow).differences).toEqual([]);
    expect(diffProfiles(narrow, wide).differences).toEqual([]);
    expect(diffProfiles(wide, talks(['104.17.3.0/24', 443])).differences).toHaveLength(2);
    expect(diffProfiles(wide, talks(['104.16.3.0/24', 443], ['104.16.3.0/24', 22])).differences).toMatchObject([
      { change: 'changed', peer: 'external 104.16.0.0/16', gained: ['22'] },
    ]);
  });

  it('changes nothing of a profile that is compared with itself', () => {
    const both = files(file('/data/base/{digits}/{digits}', 90), file('/data/base/5/1259', 10));
    expect(diffProfiles(both, both).differences).toEqual([]);
  });

  const directory = fc.constantFrom('/srv', '/srv/1', '/srv/2', '/srv/3/1', '/srv/ab1', '/tmp', '/etc', '/srv/.ssh');
  const leaf = fc.oneof(
    fc.stringMatching(/^up-[ab1_]{6}\.t$/),
    fc.stringMatching(/^[ab12]{1,4}(?:[-_.][ab1]{1,3})?(?:\.log)?$/),
    fc.stringMatching(/^x_[a-c1-3]{6}$/),
  );
  const path = fc.tuple(directory, leaf).map((parts) => parts.join('/'));
  const name = fc.stringMatching(/^[ab1]{1,3}(?:-[1-3]{1,2})?$/).map((label) => `${label}.db.example.com`);
  const snapshot: fc.Arbitrary<Snapshot> = fc
    .record({
      container: fc.integer({ min: 1, max: 3 }),
      files: fc.array(fc.tuple(path, fc.constantFrom<FileAccess[]>(['read'], ['write'])), { maxLength: 30 }),
      names: fc.array(name, { maxLength: 12 }),
    })
    .map(({ container, files, names }) =>
      snapshotOf(container, {
        processes: [{ ...seenAt(), parent: -1, executable: '/app', maxInstances: 1 }],
        files: files.map(([one, access]) => ({ ...seenAt(), process: 0, path: one, access })),
        dns: names.map((one) => ({ ...seenAt(), process: 0, name: one, types: ['A'] })),
      }),
    );
  const evidence = fc
    .array(snapshot, { minLength: 1, maxLength: 4 })
    .map((all) =>
      all.reduce((known, one) => mergeEvidence(known, evidenceOfSnapshot(one, contextOf()), limits), emptyEvidence),
    );
  const limits = { processes: 9, files: 999, dns: 999, network: 9, siblings: 999, shapes: 3 };
  const rows = <Row>(list: readonly Candidate<Row>[]): Row[] => list.map(({ row }) => row);
  const listed = (known: Evidence): ComparedProfile => {
    const { processes, files, dns, network } = candidates(known, new Map());
    return profile({ processes: rows(processes), files: rows(files), dns: rows(dns), network: rows(network) });
  };
  const ofChange = (
    before: ComparedProfile,
    after: ComparedProfile,
    ...changes: Difference['change'][]
  ): Difference[] => diffProfiles(before, after).differences.filter(({ change }) => changes.includes(change));

  it('finds nothing new or gone between a profile and what is generalised of it, however coarse', () => {
    fc.assert(
      fc.property(evidence, fc.constantFrom(64, 16, 4, 2), fc.constantFrom(64, 16, 4, 2), (known, many, few) => {
        const [fine, coarse, other] = [known, generalise(known, many), generalise(known, few)].map(listed);
        if (fine === undefined || coarse === undefined || other === undefined) throw new Error('three were made');
        expect(ofChange(fine, coarse, 'new', 'gone')).toEqual([]);
        expect(ofChange(coarse, fine, 'new', 'gone')).toEqual([]);
        expect(ofChange(coarse, other, 'new', 'gone')).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('finds nothing gone where more was learned, at whatever stage names became patterns', () => {
    fc.assert(
      fc.property(evidence, evidence, (known, more) => {
        const all = listed(generalise(mergeEvidence(known, more, limits)));
        expect(ofChange(listed(generalise(known)), all, 'gone')).toEqual([]);
        expect(ofChange(listed(known), all, 'gone')).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
