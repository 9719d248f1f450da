import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalNames, type ClusterNames, questionForms, searchList } from './dns-names.ts';

const names = (questions: readonly string[], namespace = 'shop', cluster: ClusterNames = {}): string[] =>
  [...new Set(canonicalNames(questions, searchList(namespace, cluster)).values())].sort();

describe('canonical DNS names', () => {
  it.each([
    {
      asked: 'a service of the own namespace, plainly',
      questions: ['redis.shop.svc.cluster.local'],
      shown: ['redis'],
    },
    {
      asked: 'the same with its namespace',
      questions: ['redis.shop.shop.svc.cluster.local', 'redis.shop.svc.cluster.local'],
      shown: ['redis'],
    },
    {
      asked: 'the same with its full name',
      questions: [
        'redis.shop.svc.cluster.local.shop.svc.cluster.local',
        'redis.shop.svc.cluster.local.svc.cluster.local',
        'redis.shop.svc.cluster.local.cluster.local',
        'redis.shop.svc.cluster.local',
      ],
      shown: ['redis'],
    },
    {
      asked: 'the same with a trailing dot and in capitals',
      questions: ['REDIS.shop.svc.cluster.local.'],
      shown: ['redis'],
    },
    {
      asked: 'the same before it existed, and again later',
      questions: ['redis.shop.svc.cluster.local', 'redis.svc.cluster.local', 'redis.cluster.local', 'redis'],
      shown: ['redis'],
    },
    {
      asked: 'a service elsewhere',
      questions: ['db.data.shop.svc.cluster.local', 'db.data.svc.cluster.local'],
      shown: ['db.data.svc.cluster.local'],
    },
    {
      asked: 'a pod of a headless service',
      questions: ['redis-0.redis.shop.svc.cluster.local'],
      shown: ['redis-0.redis.shop.svc.cluster.local'],
    },
    {
      asked: 'a name outside the cluster',
      questions: [
        'example.com.shop.svc.cluster.local',
        'example.com.svc.cluster.local',
        'example.com.cluster.local',
        'example.com',
      ],
      shown: ['example.com'],
    },
    {
      asked: 'a name below another name that was asked, outside the cluster: nothing is hidden',
      questions: ['example.com', 'example.com.secret.evil.test', 'example.com.cluster.local.evil.test'],
      shown: ['example.com', 'example.com.cluster.local.evil.test', 'example.com.secret.evil.test'],
    },
    {
      asked: 'reverse lookups and the root',
      questions: ['4.0.0.10.in-addr.arpa', '5.0.0.10.in-addr.arpa.', '.'],
      shown: ['*.in-addr.arpa', '.'],
    },
    {
      asked: 'names that are nothing but a suffix',
      questions: ['.svc.cluster.local', 'svc.cluster.local', 'shop.svc.cluster.local'],
      shown: ['.svc.cluster.local', 'shop.svc.cluster.local', 'svc.cluster.local'],
    },
  ])('$asked', ({ questions, shown }) => {
    expect(names(questions)).toEqual(shown.toSorted());
    expect(names(questions.toReversed())).toEqual(shown.toSorted());
  });

  it('are the same for one image in two namespaces', () => {
    expect(names(['redis.dev.svc.cluster.local'], 'dev')).toEqual(names(['redis.prod.svc.cluster.local'], 'prod'));
  });

  it('need the walk to be whole only where it was answered late', () => {
    expect(names(['example.com.shop.svc.cluster.local', 'example.com'])).toEqual(['example.com']);
    expect(names(['example.com.shop.svc.cluster.local'])).toEqual(['example.com.shop.svc.cluster.local']);
  });
});

describe('with other search domains', () => {
  /** What a resolver asks for a name that only the last of all answers. */
  const walk = (name: string, cluster: ClusterNames): string[] => [
    ...searchList('shop', cluster).map((suffix) => `${name}${suffix}`),
    name,
  ];
  const amazon: ClusterNames = { searchDomains: ['eu-west-1.compute.internal'] };
  const google: ClusterNames = {
    searchDomains: ['europe-west1-b.c.shop.internal', 'c.shop.internal', 'google.internal'],
  };
  const own: ClusterNames = { clusterDomain: 'k8s.corp', searchDomains: ['corp'] };

  it.each([amazon, google, own])('a name outside is one: %j', (cluster) => {
    const questions = walk('api.stripe.com', cluster);
    expect(names(questions, 'shop', cluster)).toEqual(['api.stripe.com']);
    expect(names(questions.toReversed(), 'shop', cluster)).toEqual(['api.stripe.com']);
  });

  it('a name of the network of nodes keeps its domain', () => {
    const all = walk('ip-10-0-0-7', amazon);
    expect(names(all.slice(0, 4), 'shop', amazon)).toEqual(['ip-10-0-0-7.eu-west-1.compute.internal']);
    expect(names(['db.c.shop.internal'], 'shop', google)).toEqual(['db.c.shop.internal']);
  });

  it('services have the short names of the own domain, and no other', () => {
    expect(names(['redis.shop.svc.k8s.corp'], 'shop', own)).toEqual(['redis']);
    expect(names(['redis.shop.svc.cluster.local'], 'shop', own)).toEqual(['redis.shop.svc.cluster.local']);
  });

  it('what nobody named is not left out', () => {
    const questions = ['api.stripe.com', 'api.stripe.com.us-east-2.compute.internal', 'api.stripe.com.evil.test'];
    expect(names(questions, 'shop', amazon)).toEqual(questions.toSorted());
  });

  it('a domain that is there twice leaves nothing out', () => {
    expect(names(['x.cluster.local'], 'shop', { searchDomains: ['cluster.local', 'cluster.local'] })).toEqual([
      'x.cluster.local',
    ]);
  });

  it('domains that lie in each other leave no name without one that stays', () => {
    const nested = { searchDomains: ['a', 'a.a'] };
    expect(names(['x.a', 'x.a.a'], 'shop', nested)).toEqual(['x.a']);
    expect([...questionForms('x.a', searchList('shop', nested))]).toHaveLength(512);
  });

  const label = fc.constantFrom('a', 'b', 'svc');
  const domain = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
  const cluster = fc.record({ clusterDomain: domain, searchDomains: fc.array(domain, { maxLength: 8 }) });
  const questions = fc.array(
    fc
      .tuple(fc.constantFrom('x', 'y'), fc.array(label, { maxLength: 6 }))
      .map(([first, rest]) => [first, ...rest].join('.')),
    { minLength: 1, maxLength: 12 },
  );

  it('of all questions with one beginning one stays, whatever the domains and the order', () => {
    fc.assert(
      fc.property(cluster, questions, (domains, asked) => {
        const kept = names(asked, 'b', domains);
        const beginnings = (all: readonly string[]) => new Set(all.map((name) => name.split('.')[0]));
        expect(beginnings(kept)).toEqual(beginnings(asked));
        expect(names(asked.toReversed(), 'b', domains)).toEqual(kept);
      }),
    );
  });

  it('each question may be the name that is kept for it, and they come to an end', () => {
    fc.assert(
      fc.property(cluster, questions, (domains, asked) => {
        const search = searchList('b', domains);
        for (const [question, name] of canonicalNames(asked, search)) {
          const forms = [...questionForms(question, search)];
          expect(forms[0]).toBe(name);
          expect(forms.length).toBeLessThanOrEqual(512);
        }
      }),
    );
  });
});
