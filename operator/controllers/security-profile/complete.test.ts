import { expect, it } from 'vitest';
import { noLosses } from '../../../core/activity/snapshot.ts';
import type { PublishedEvidence } from '../../../core/profile/publication.ts';
import { publishStored } from '../../learning/evidence-bytes.ts';
import { lostPeriod } from '../../store/testing/records.ts';
import { completeCondition } from './complete.ts';
import { fakeCluster } from './testing/fake-cluster.ts';

type Completeness = PublishedEvidence['completeness'];

function conditionOf(changes: Partial<Completeness>, containers = 3): readonly [string, string, string] {
  const completeness: Completeness = {
    losses: noLosses(),
    events: 1_000_000,
    lostPerMillion: 0,
    startsSeen: 1,
    gaps: 0,
    gapSeconds: 0,
    watchedSeconds: 1_800_000,
    lostPeriods: 0,
    kindsCollected: [],
    ...changes,
  };
  const { status, reason, message } = completeCondition({
    snapshots: containers,
    containers,
    nodes: 1,
    workloads: [],
    digests: [],
    completeness,
    omitted: { processes: 0, files: 0, dns: 0, network: 0 },
    setAside: { processes: 0, files: 0, dns: 0, network: 0 },
    contentDigest: '',
  });
  return [status, reason, message];
}

const drops = (ringDrops: number, recursionMisses = 0) => ({ ...noLosses(), ringDrops, recursionMisses });

it.each<[string, Partial<Completeness>, readonly [string, string, string]]>([
  ['nothing lost', {}, ['True', 'Complete', 'Nothing that happened is known to be missing.']],
  [
    'less than 0.1 % lost',
    { losses: drops(999), lostPerMillion: 999 },
    ['True', 'Complete', '999 records lost beside 1000000 read, 0.0999 % on the average of the containers.'],
  ],
  [
    '0.1 % lost',
    { losses: drops(1, 2), lostPerMillion: 1_000 },
    [
      'False',
      'EventsLost',
      '3 records lost beside 1000000 read, 0.1 % on the average of the containers, 2 of them at most, being counted for whole nodes; below 0.1 % is enough.',
    ],
  ],
  [
    'a short absence of the agent',
    { gaps: 1, gapSeconds: 1_799 },
    ['True', 'Complete', 'the agent was down for 1799 s in 1 gap, beside 1800000 s watched.'],
  ],
  [
    'a long one',
    { gaps: 2, gapSeconds: 2_000 },
    ['False', 'AgentDown', 'the agent was down for 2000 s in 2 gaps, beside 1800000 s watched; below 0.1 % is enough.'],
  ],
  ['periods that were cut short', { lostPeriods: 2 }, ['False', 'PeriodsLost', '2 whole periods not watched.']],
  [
    'one way past the agent',
    { blindSpots: [{ name: 'io_uring', containers: 1 }] },
    ['False', 'BlindSpots', '1 container went past the agent by io_uring.'],
  ],
  [
    'two ways past the agent',
    {
      blindSpots: [
        { name: 'io_uring', containers: 2 },
        { name: 'compat-syscalls', containers: 1 },
      ],
    },
    ['False', 'BlindSpots', '2 containers went past the agent by io_uring, 1 container by compat-syscalls.'],
  ],
])('%s', (_, changes, expected) => {
  expect(conditionOf(changes)).toEqual(expected);
});

it('names every fault, the gravest first', () => {
  const [, reason, message] = conditionOf({ startsSeen: 0, lostPerMillion: 1_000_000, losses: drops(1) }, 1);
  expect(reason).toBe('FewObservations');
  expect(message).toMatch(/^only 1 container and 1 snapshot.*; no container was watched.*; 1 record lost/);
});

it('is told in one number as well: records and whole periods that were lost', async () => {
  const image = { name: 'docker.io/library/app', tag: 'v1' };
  const cluster = fakeCluster(image, {
    publish: async (bytes, facts) => {
      const publication = await publishStored(bytes, facts);
      const { evidence } = publication;
      const completeness = { ...evidence.completeness, losses: drops(3, 40) };
      return { ...publication, evidence: { ...evidence, completeness } };
    },
  });
  cluster.learn(1, '/a');
  for (const from of [0, 60_000]) await cluster.store.recordLostPeriod(lostPeriod({ image, from }));
  await cluster.reconcile();
  expect(cluster.object()?.status.lost).toBe(45);
});
