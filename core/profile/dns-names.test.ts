import { describe, expect, it } from 'vitest';
import { canonicalNames, searchList } from './dns-names.ts';

const names = (questions: readonly string[], namespace = 'shop'): string[] =>
  [...new Set(canonicalNames(questions, searchList(namespace)).values())].sort();

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
