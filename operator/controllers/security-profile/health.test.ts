/** What tools that wait for objects make of ours: they shall never wait for days, nor for what nobody needs to mend. */
import { describe, expect, it } from 'vitest';
import type { SecurityProfileStatus } from '../../../crds/security-profile.ts';
import { containerNumber } from '../../../core/profile/testing.ts';
import { fakeCluster } from './testing/fake-cluster.ts';

const image = { name: 'docker.io/library/app', tag: 'v1' };
const hour = 60 * 60_000;
type Cluster = ReturnType<typeof fakeCluster>;

interface Shown {
  readonly generation: number;
  readonly status: SecurityProfileStatus;
}

/**
 * The rules of kstatus for kinds that it does not know, by which Flux, kpt and others wait: the status must be of the latest
 * generation; Reconciling and Stalled say what their names say; at last Ready, if there is one, must be True. Argo CD has no
 * health of its own for such kinds.
 */
function health({ generation, status }: Shown): 'InProgress' | 'Failed' | 'Current' {
  const { observedGeneration, conditions = [] } = status;
  const is = (type: string, value: string): boolean =>
    conditions.some((condition) => condition.type === type && condition.status === value);
  if (observedGeneration !== undefined && observedGeneration !== generation) return 'InProgress';
  if (is('Reconciling', 'True')) return 'InProgress';
  if (is('Stalled', 'True')) return 'Failed';
  return is('Ready', 'False') || is('Ready', 'Unknown') ? 'InProgress' : 'Current';
}

/** A profile of two containers of which nothing else is told. */
async function learning(): Promise<Cluster> {
  const cluster = fakeCluster(image);
  cluster.learn(1, '/a');
  cluster.learn(2, '/b');
  await cluster.reconcile();
  return cluster;
}

async function sealed(): Promise<Cluster> {
  const cluster = await learning();
  await cluster.clock.advance(49 * hour);
  await cluster.reconcile();
  return cluster;
}

/** What was published, in a cluster whose store knows nothing of it. */
async function lost(before: Cluster): Promise<Cluster> {
  const cluster = fakeCluster(image);
  const object = before.object();
  if (object !== undefined) cluster.api.objects.set(cluster.name, object);
  await cluster.reconcile();
  return cluster;
}

const states: Readonly<Record<string, readonly [type: string, status: string, made: () => Promise<Cluster>]>> = {
  learning: ['Stable', 'False', learning],
  'incomplete, as every young profile is': ['Complete', 'False', learning],
  'changed since': [
    'Stable',
    'False',
    async () => {
      const cluster = await learning();
      cluster.learn(3, '/c');
      await cluster.clock.advance(hour);
      await cluster.reconcile();
      return cluster;
    },
  ],
  'edited and restored': [
    'Stable',
    'False',
    async () => {
      const cluster = await learning();
      const { spec } = cluster.object() ?? {};
      if (spec !== undefined) cluster.api.put(cluster.name, { ...spec, behavior: { ...spec.behavior, files: [] } });
      await cluster.reconcile();
      return cluster;
    },
  ],
  sealed: ['Stable', 'True', sealed],
  'sealed, with another build under its tag': [
    'DigestsAgree',
    'False',
    async () => {
      const cluster = await sealed();
      cluster.running.otherBuilds = { digests: [{ digest: 'sha256:bb', since: 0 }] };
      await cluster.reconcile();
      return cluster;
    },
  ],
  'with quarantined behaviour': [
    'Quarantined',
    'True',
    async () => {
      const cluster = await learning();
      await cluster.store.quarantine(image, { containerId: containerNumber(1), since: 0 }, 'shop');
      await cluster.clock.advance(hour);
      await cluster.reconcile();
      return cluster;
    },
  ],
  'sealed by hand': [
    'Degraded',
    'True',
    async () => {
      const cluster = await learning();
      const { spec } = cluster.object() ?? {};
      cluster.learn(3, '/c');
      if (spec !== undefined) cluster.api.put(cluster.name, { ...spec, sealed: true });
      await cluster.reconcile();
      return cluster;
    },
  ],
  'sealed, and the store was lost': ['Degraded', 'True', async () => lost(await sealed())],
  'learning, and the store was lost': ['Degraded', 'True', async () => lost(await learning())],
};

describe('a profile is as it shall be for whoever waits for it', () => {
  it.each(Object.entries(states))('%s', async (_, [type, status, made]) => {
    const object = (await made()).object();
    if (object === undefined) throw new Error('nothing was published');
    expect(object.status.conditions).toContainEqual(expect.objectContaining({ type, status }));
    expect(object.status.conditions?.every((one) => one.observedGeneration === object.generation)).toBe(true);
    expect(health(object)).toBe('Current');
  });

  it('a second object for the same image', async () => {
    const cluster = await learning();
    const { spec } = cluster.object() ?? {};
    if (spec !== undefined) cluster.api.put('mine', spec);
    await cluster.reconcile();
    const mine = cluster.api.objects.get('mine');
    expect(mine?.status.conditions).toContainEqual(expect.objectContaining({ type: 'Duplicate', status: 'True' }));
    expect(mine && health(mine)).toBe('Current');
  });

  it('not yet, while the status is of what was before', async () => {
    const cluster = await learning();
    const object = cluster.object();
    expect(object && health({ ...object, generation: object.generation + 1 })).toBe('InProgress');
  });
});
