import { describe, expect, it } from 'vitest';
import { sampleProfile } from '../../../test/integration/sample-profile.ts';
import { parseProfile } from '../input/profile-document.ts';
import { matcherOf, type Search, termTest } from './search.ts';

const base = sampleProfile('db');
const profile = parseProfile(
  {
    ...base,
    spec: {
      ...base.spec,
      behavior: {
        ...base.spec.behavior,
        files: ['/etc/passwd', '/data/base/{digits}/{digits}'].map((path) => ({
          processId: '0000000000000000',
          path,
          access: ['read'],
        })),
      },
    },
  },
  'db',
);
const found = (search: Search): readonly string[] | undefined => matcherOf(search)(profile);

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

  it('finds labels of pods by key and value, which may be a pattern', () => {
    const labels = [
      { key: 'team', values: ['pay', 'shop'] },
      { key: 'env', values: ['prod-eu'] },
    ];
    const labelled = { ...profile, status: { ...profile.status, labels } };
    const finds = (...label: string[]): boolean => matcherOf({ label })(labelled) !== undefined;
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
