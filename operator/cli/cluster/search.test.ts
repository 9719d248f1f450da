import { describe, expect, it } from 'vitest';
import { sampleProfile } from '../../../test/integration/sample-profile.ts';
import { parseProfile } from '../input/profile-document.ts';
import { matcherOf, type Search, termTest } from './search.ts';

const base = sampleProfile('db');
const of = { processId: '0000000000000000' };
const profile = parseProfile(
  {
    ...base,
    spec: {
      ...base.spec,
      behavior: {
        ...base.spec.behavior,
        files: ['/etc/passwd', '/data/base/{digits}/{digits}'].map((path) => ({
          ...of,
          path,
          access: ['read'],
        })),
        dns: ['shard-{digits}.db.example.com', 'pool.example.com'].map((name) => ({ ...of, name, types: ['A'] })),
      },
    },
  },
  'db',
);
const found = (search: Search, within = profile): readonly string[] | undefined => {
  const match = matcherOf(search)(within);
  return match.kind === 'found' ? match.what : undefined;
};

describe('a search', () => {
  it('takes a term as a part of the text, in any case, and one with a star as a pattern of the whole', () => {
    expect(['Nginx', 'gin', 'x-'].map((term) => termTest(term)('my-nginx'))).toEqual([true, true, false]);
    expect(['*nginx', 'nginx*', '**'].map((term) => termTest(term)('my-nginx'))).toEqual([true, false, true]);
    expect(['/a/*', '/a/**'].map((term) => termTest(term)('/a/b/c'))).toEqual([false, true]);
  });

  it('finds a file by its path, by a part of it, and by the pattern that stands for it', () => {
    expect(found({ file: 'passwd' })).toEqual(['/etc/passwd']);
    expect(found({ file: '/data/base/5/1259' })).toEqual(['/data/base/{digits}/{digits}']);
    expect(found({ file: '/data/base/5/x' })).toBeUndefined();
  });

  it('finds a name by a part of it, and by the pattern that stands for it, of the same domain only', () => {
    expect(found({ dns: 'pool' })).toEqual(['pool.example.com']);
    expect(found({ dns: 'Shard-17.db.Example.com' })).toEqual(['shard-{digits}.db.example.com']);
    const others = [
      'shard-17.db.example.org',
      'shard-17.example.com',
      'shard-x.db.example.com',
      'a.shard-17.db.example.com',
    ];
    expect(others.map((dns) => found({ dns }))).toEqual(others.map(() => undefined));
  });

  it('finds a namespace by all of its name', () => {
    const workloads = ['devices/Pod/dev', 'x/dev/y'];
    const evidence = { ...profile.spec.evidence, workloads };
    const finds = (namespace: string) => found({ namespace }, { ...profile, spec: { ...profile.spec, evidence } });
    expect(['devices', 'dev', 'device', 'x', 'y'].map(finds)).toEqual([[], undefined, undefined, [], undefined]);
  });

  it('is unsure where the object leaves out some of each kind in which it finds nothing', () => {
    const evidence = { workloads: [], omitted: { processes: 0, files: 9, dns: 1, network: 0 } };
    const cut = { ...profile, spec: { ...profile.spec, evidence } };
    const match = (search: Search) => matcherOf(search)(cut);
    expect(match({ file: '/srv/x' })).toEqual({ kind: 'unsure', omits: ['files'] });
    expect(match({ process: 'nginx', file: '/srv/x', dns: 'y' })).toEqual({ kind: 'unsure', omits: ['files', 'dns'] });
    expect(match({ file: 'passwd' })).toEqual({ kind: 'found', what: ['/etc/passwd'] });
    expect(match({ process: 'perl', file: '/srv/x' })).toEqual({ kind: 'none' });
    expect(match({ image: 'redis', file: '/srv/x' })).toEqual({ kind: 'none' });
    expect(matcherOf({ file: '/srv/x' })(profile)).toEqual({ kind: 'none' });
  });

  it('is unsure where the object names not all workloads, of a namespace only if not each needs to be named', () => {
    const match = (search: Search, workloads: readonly string[], workloadsOmitted = 1) => {
      const evidence = { workloads: [...workloads], workloadsOmitted };
      return matcherOf(search)({ ...profile, spec: { ...profile.spec, evidence } });
    };
    const apart = ['a/Pod/1', 'b/Pod/1'];
    const found = { kind: 'found', what: [] };
    expect(match({ namespace: 'z' }, apart)).toEqual({ kind: 'unsure', omits: ['namespaces'] });
    expect(match({ namespace: 'z' }, [...apart, 'b/Pod/2'])).toEqual({ kind: 'none' });
    expect(match({ namespace: 'z' }, apart, 0)).toEqual({ kind: 'none' });
    expect(match({ namespace: 'b' }, apart)).toEqual(found);
    expect(match({ workload: 'b/Pod/3' }, [...apart, 'b/Pod/2'])).toEqual({ kind: 'unsure', omits: ['workloads'] });
    expect(match({ workload: 'b/Pod/3' }, apart, 0)).toEqual({ kind: 'none' });
    expect(match({ namespace: 'z', file: 'passwd' }, apart)).toEqual({ kind: 'unsure', omits: ['namespaces'] });
    expect(match({ namespace: 'z', file: '/none' }, apart)).toEqual({ kind: 'none' });
    expect(match({ namespace: 'z', image: 'redis' }, apart)).toEqual({ kind: 'none' });
  });

  it('finds labels of pods by key and value, which may be a pattern', () => {
    const labels = [
      { key: 'team', values: ['pay', 'shop'] },
      { key: 'env', values: ['prod-eu'] },
    ];
    const labelled = { ...profile, status: { ...profile.status, labels } };
    const finds = (...label: string[]): boolean => found({ label }, labelled) !== undefined;
    expect([['team'], ['team=shop'], ['team=pay', 'env=prod-*']].map((all) => finds(...all))).toEqual([
      true,
      true,
      true,
    ]);
    expect([['owner'], ['team=sho'], ['team=pay', 'env=test'], ['=pay']].map((all) => finds(...all))).toEqual(
      Array.from({ length: 4 }, () => false),
    );
    expect(found({ label: ['team'] })).toBeUndefined();
  });

  it('wants all conditions', () => {
    expect(found({ image: 'nginx', process: 'nginx', file: 'passwd' })).toEqual(['/usr/sbin/nginx', '/etc/passwd']);
    expect(found({ image: 'nginx', process: 'sh' })).toBeUndefined();
    expect(found({ image: 'nginx', tag: '1.26' })).toBeUndefined();
    expect(found({})).toEqual([]);
  });
});
