import { describe, expect, it } from 'vitest';
import { containerNumber } from '../../../core/profile/testing.ts';
import { overlayConditions } from './overlay.ts';
import { fakeCluster } from './testing/fake-cluster.ts';

const image = { name: 'docker.io/library/app', tag: 'v1' };
const hour = 60 * 60_000;
type Cluster = ReturnType<typeof fakeCluster>;

const audit = async (cluster: Cluster) => cluster.store.audit({ limit: 10 });
const ask = (cluster: Cluster, text: string): void =>
  cluster.api.annotate(cluster.name, { action: { text, actor: 'kubectl-wsp' } });
const condition = (cluster: Cluster, type: string) =>
  cluster.object()?.status.conditions?.find((one) => one.type === type);

async function sealed(): Promise<Cluster> {
  const cluster = fakeCluster(image);
  cluster.learn(1, '/a');
  await cluster.reconcile();
  await cluster.clock.advance(49 * hour);
  await cluster.reconcile();
  expect(cluster.object()?.spec.sealed).toBe(true);
  cluster.announced.length = 0;
  return cluster;
}

/** A sealed object of before, and a store that begins anew. */
async function afterLoss() {
  const lost = (await sealed()).object();
  if (lost === undefined) throw new Error('nothing was published');
  const cluster = fakeCluster(image);
  cluster.api.put(cluster.name, lost.spec);
  cluster.learn(2, '/b');
  await cluster.reconcile();
  return { cluster, lost };
}

describe('relearn', () => {
  it('moves a sealed profile into the archive, and what is learned then is published anew', async () => {
    const cluster = await sealed();
    const uid = cluster.object()?.uid;
    ask(cluster, 'relearn');
    await cluster.reconcile();
    expect(cluster.object()).toBeUndefined();
    expect(cluster.record()).toBeUndefined();
    expect(await cluster.store.archived(image)).toMatchObject([
      { reason: 'relearned', profile: { publishedUid: uid } },
    ]);
    expect(await audit(cluster)).toMatchObject([
      { action: 'relearn', actor: 'kubectl-wsp', name: cluster.name, key: `${uid}/relearn` },
    ]);
    expect(cluster.announced).toEqual(['LearningRestarted']);
    cluster.learn(2, '/b');
    await cluster.reconcile();
    expect(cluster.object()?.uid).not.toBe(uid);
    expect(cluster.object()?.spec.behavior.files).toMatchObject([{ path: '/b' }]);
  });

  it('leaves alone what was learned since, also while the cache still shows the object', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    await cluster.reconcile();
    ask(cluster, 'relearn');
    const behind = cluster.api.withImage('docker.io/library/app:v1');
    await cluster.reconcile();
    cluster.learn(2, '/b');
    cluster.api.cache = behind;
    await cluster.reconcile();
    expect(cluster.record()).toMatchObject({ snapshots: 1 });
    expect(await cluster.store.archived(image)).toHaveLength(1);
  });

  it('is carried out once, however often it fails in the middle', async () => {
    const cluster = await sealed();
    ask(cluster, 'relearn');
    const remove = cluster.api.remove.bind(cluster.api);
    cluster.api.remove = () => Promise.reject(new Error('no answer'));
    await expect(cluster.reconcile()).rejects.toThrow('no answer');
    cluster.restart();
    await expect(cluster.reconcile()).rejects.toThrow('no answer');
    cluster.api.remove = remove;
    await cluster.reconcile();
    expect(cluster.object()).toBeUndefined();
    expect(await audit(cluster)).toHaveLength(1);
    expect(await cluster.store.archived(image)).toHaveLength(1);
  });

  it('lets go of an object that is not ours, and keeps what was learned since the store was lost', async () => {
    const { cluster } = await afterLoss();
    expect(condition(cluster, 'Degraded')).toMatchObject({ status: 'True' });
    ask(cluster, 'relearn');
    await cluster.reconcile();
    await cluster.reconcile();
    expect(cluster.object()?.spec.behavior.files).toMatchObject([{ path: '/b' }]);
    expect(condition(cluster, 'Degraded')).toBeUndefined();
    expect(await cluster.store.archived(image)).toEqual([]);
    expect(await audit(cluster)).toMatchObject([{ action: 'relearn' }]);
  });
});

describe('the store was lost', () => {
  it('sealed objects serve until somebody removes them, then what was learned meanwhile takes their place', async () => {
    const { cluster, lost } = await afterLoss();
    await cluster.clock.advance(49 * hour);
    await cluster.reconcile();
    await cluster.reconcile();
    // Learned and finished again, and still what was there before is what serves.
    expect(cluster.record()?.state).toBe('stable');
    expect(cluster.object()?.spec).toEqual(lost.spec);
    expect(cluster.object()?.status.state).toBe('Stable');
    expect(condition(cluster, 'Degraded')).toMatchObject({ status: 'True', reason: 'NotLearned' });
    cluster.api.objects.clear();
    await cluster.reconcile();
    expect(cluster.object()?.spec).toMatchObject({ sealed: true, behavior: { files: [{ path: '/b' }] } });
    expect(condition(cluster, 'Degraded')).toBeUndefined();
    expect(await cluster.store.archived(image)).toEqual([]);
  });
});

describe('forget', () => {
  it('removes object, profile, quarantine and archive, and notes who asked for it', async () => {
    const cluster = await sealed();
    ask(cluster, 'relearn');
    await cluster.reconcile();
    cluster.learn(2, '/b');
    await cluster.reconcile();
    await cluster.store.quarantine(image, { containerId: containerNumber(2), since: 0 }, 'shop');
    ask(cluster, 'forget');
    await cluster.reconcile();
    expect([cluster.object(), cluster.record()]).toEqual([undefined, undefined]);
    expect(await cluster.store.archived(image)).toEqual([]);
    expect(await cluster.store.quarantined(image)).toEqual([]);
    expect(await audit(cluster)).toMatchObject([{ action: 'forget', actor: 'kubectl-wsp' }, { action: 'relearn' }]);
    expect(cluster.announced).toContain('ProfileForgotten');
  });
});

describe('deletion', () => {
  it('keeps the old profile in the archive, and notes that somebody did it', async () => {
    const cluster = await sealed();
    const uid = cluster.object()?.uid;
    cluster.api.objects.clear();
    await cluster.reconcile();
    expect(await cluster.store.archived(image)).toMatchObject([{ reason: 'relearned' }]);
    expect(await audit(cluster)).toMatchObject([{ action: 'delete', actor: 'unknown', key: `${uid}/delete` }]);
  });
});

describe('an archived profile', () => {
  it('takes its object with it, also if the operator ended in between', async () => {
    const cluster = await sealed();
    await cluster.store.archive(image, 'collected', cluster.clock.now());
    cluster.restart();
    await cluster.reconcile();
    expect(cluster.object()).toBeUndefined();
    expect(await audit(cluster)).toEqual([]);
    await cluster.store.restore(image, cluster.clock.now());
    await cluster.reconcile();
    expect(cluster.object()).toMatchObject({ spec: { sealed: true }, status: { state: 'Stable' } });
    expect(cluster.announced).toEqual([]);
  });

  it('that comes back before its object is gone takes it over', async () => {
    const cluster = await sealed();
    const uid = cluster.object()?.uid;
    await cluster.store.archive(image, 'collected', cluster.clock.now());
    await cluster.store.restore(image, cluster.clock.now());
    await cluster.reconcile();
    expect(cluster.object()?.uid).toBe(uid);
    expect(cluster.record()?.publishedUid).toBe(uid);
    expect(condition(cluster, 'Degraded')).toBeUndefined();
  });
});

describe('quarantine', () => {
  const mark = { containerId: containerNumber(1), since: 0 };

  it('is left out while learning, and published after a release', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/evil');
    cluster.learn(2, '/good');
    await cluster.reconcile();
    await cluster.store.quarantine(image, mark, 'shop');
    await cluster.clock.advance(hour);
    await cluster.reconcile();
    expect(cluster.object()?.spec.behavior.files).toMatchObject([{ path: '/good' }]);
    expect(cluster.object()?.status.quarantined).toBe(1);
    expect(condition(cluster, 'Quarantined')).toMatchObject({ status: 'True', reason: 'Detections' });
    expect(condition(cluster, 'Ready')).toMatchObject({ status: 'True' });
    ask(cluster, 'release');
    await cluster.reconcile();
    expect(cluster.object()).not.toHaveProperty('action');
    await cluster.clock.advance(hour);
    await cluster.reconcile();
    expect(cluster.object()?.spec.behavior.files).toMatchObject([{ path: '/evil' }, { path: '/good' }]);
    expect(cluster.object()?.status).not.toHaveProperty('quarantined');
    expect(await audit(cluster)).toMatchObject([{ action: 'release', note: '1 marks' }]);
  });

  it('is released once: what a rule matched since stays, also while the cache still shows the annotation', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    await cluster.reconcile();
    await cluster.store.quarantine(image, mark, 'shop');
    ask(cluster, 'release');
    const behind = cluster.api.withImage('docker.io/library/app:v1');
    await cluster.reconcile();
    expect(await cluster.store.quarantined(image)).toEqual([]);
    await cluster.store.quarantine(image, mark, 'shop');
    cluster.api.cache = behind;
    await cluster.reconcile();
    expect(await cluster.store.quarantined(image)).toEqual([mark]);
    expect(await audit(cluster)).toHaveLength(1);
  });

  it('never becomes part of what is sealed, and a release says what it takes', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/evil');
    cluster.learn(2, '/good');
    await cluster.store.quarantine(image, mark, 'shop');
    await cluster.reconcile();
    await cluster.clock.advance(49 * hour);
    await cluster.reconcile();
    const spec = cluster.object()?.spec;
    expect(spec).toMatchObject({ sealed: true, behavior: { files: [{ path: '/good' }] } });
    await cluster.reconcile();
    expect(cluster.object()?.status).toMatchObject({ quarantined: 1 });
    ask(cluster, 'release');
    await cluster.reconcile();
    await cluster.reconcile();
    expect(cluster.object()?.spec).toEqual(spec);
    expect(cluster.object()?.status).not.toHaveProperty('quarantined');
    expect(condition(cluster, 'Degraded')).toBeUndefined();
    expect(await audit(cluster)).toMatchObject([{ note: expect.stringContaining('relearn to publish') as unknown }]);
  });
});

it('says that there is no such action, and goes on', async () => {
  const cluster = fakeCluster(image);
  cluster.learn(1, '/a');
  await cluster.reconcile();
  ask(cluster, 'explode');
  cluster.learn(2, '/b');
  await cluster.clock.advance(hour);
  await cluster.reconcile();
  expect(cluster.announced).toEqual(['ActionUnknown']);
  expect(cluster.object()?.status.snapshots).toBe(2);
});

it('carries nothing out on a second object of the image, and says so', async () => {
  const cluster = await sealed();
  const { spec } = cluster.object() ?? {};
  if (spec === undefined) throw new Error('nothing was published');
  cluster.api.put('mine', spec);
  cluster.api.annotate('mine', { action: { text: 'forget', actor: 'kubectl' } });
  await cluster.reconcile();
  expect(cluster.announced).toEqual(['ActionRefused']);
  expect(cluster.record()).toBeDefined();
});

it('tells other builds of a sealed profile in its status alone', async () => {
  const cluster = await sealed();
  const writes = cluster.api.specWrites;
  expect(condition(cluster, 'DigestsAgree')).toMatchObject({ status: 'True', reason: 'AllLearned' });
  const since = Date.parse('2030-02-01T00:00:00Z');
  const digests = Array.from({ length: 8 }, (_, n) => ({ digest: `sha256:${String(n).repeat(64)}`, since }));
  cluster.running.otherBuilds = { digests };
  await cluster.reconcile();
  const told = condition(cluster, 'DigestsAgree');
  expect(told).toMatchObject({ status: 'False', reason: 'NewDigest' });
  expect(told?.message).toMatch(/sha256:0{64} since 2030-02-01T00:00:00Z, .*, and 6 more\.$/);
  expect(condition(cluster, 'Ready')).toMatchObject({ status: 'True' });
  cluster.running.otherBuilds = { digests: [] };
  await cluster.reconcile();
  expect(condition(cluster, 'DigestsAgree')).toMatchObject({ status: 'True' });
  expect(cluster.api.specWrites).toBe(writes);
});

it('tells why a profile stays although other builds run, and what to do, however long the names', async () => {
  const cluster = await sealed();
  const digests = Array.from({ length: 8 }, (_, n) => ({ digest: `sha256:${String(n).repeat(64)}`, since: 0 }));
  const namespaces = Array.from({ length: 8 }, (_, n) => `${'n'.repeat(62)}${n}`);
  cluster.running.otherBuilds = { digests, held: { why: 'others', moved: namespaces, teachers: namespaces } };
  await cluster.reconcile();
  const [first, second] = namespaces;
  expect(condition(cluster, 'DigestsAgree')?.message).toMatch(
    new RegExp(`they run in ${first}, ${second}, and 6 more, .* taught by ${first}, .* relearn ${cluster.name}$`),
  );
  cluster.running.otherBuilds = { digests, held: { why: 'recent', until: Date.parse('2030-03-01T00:00:00Z') } };
  await cluster.reconcile();
  expect(condition(cluster, 'DigestsAgree')?.message).toMatch(/not before 2030-03-01T00:00:00Z\. .* relearn /);
});

it('does not claim to know which builds are others when too many taught a profile', () => {
  const record = { name: 'x', state: 'stable' as const, digests: Array.from({ length: 64 }, (_, n) => `sha256:${n}`) };
  const [agree] = overlayConditions({ record, otherBuilds: { digests: [] }, quarantined: 0, marks: [] });
  expect(agree).toMatchObject({ type: 'DigestsAgree', status: 'Unknown', reason: 'TooManyBuilds' });
});

it('says that all of a namespace, or of the image, is quarantined, also where nothing is held back by it yet', async () => {
  const cluster = fakeCluster(image);
  for (let n = 0; n < 1_024; n += 1) {
    await cluster.store.quarantine(image, { containerId: containerNumber(1_000 + n), since: 0 }, 'tenant');
  }
  await cluster.store.quarantine(image, { containerId: containerNumber(1), since: 0 }, 'other');
  cluster.learn(2, '/a');
  await cluster.reconcile();
  const told = () => condition(cluster, 'Quarantined');
  expect(told()).toMatchObject({ status: 'True', reason: 'TooManyDetections' });
  expect(told()?.message).toMatch(/any container of tenant taught is known\. 0 behaviours .* profile release app-v1-/);
  expect(cluster.object()?.spec.behavior.files).toHaveLength(1);
  for (let n = 0; n < 1_024; n += 1) {
    await cluster.store.quarantine(image, { containerId: containerNumber(5_000 + n), since: 0 }, `namespace-${n}`);
  }
  await cluster.clock.advance(hour);
  await cluster.reconcile();
  expect(told()?.message).toContain('any container of the image taught is known');
  expect(cluster.object()?.spec.behavior.files).toEqual([]);
  expect(cluster.object()?.status.quarantined).toBe(2);
  ask(cluster, 'release');
  await cluster.reconcile();
  await cluster.clock.advance(hour);
  await cluster.reconcile();
  expect(told()).toBeUndefined();
  expect(cluster.object()?.spec.behavior.files).toHaveLength(1);
});

it('says whose snapshots are refused, also when nothing else changes, and no more when learning begins anew', async () => {
  const cluster = fakeCluster(image);
  cluster.learn(1, '/a');
  await cluster.reconcile();
  const since = cluster.clock.now();
  cluster.running.refusals = Array.from({ length: 9 }, (_, n) => ({ namespace: `tenant-${n}`, of: 'bytes', since }));
  await cluster.reconcile();
  const told = () => condition(cluster, 'ShareTaken');
  expect(told()).toMatchObject({ status: 'True', reason: 'NamespaceTaughtItsShare' });
  expect(told()?.message).toMatch(/tenant-0 \(bytes, since 2030-.*, and 5 more\. .* profile relearn app-v1-/);
  const writes = cluster.api.statusWrites;
  await cluster.reconcile();
  expect(cluster.api.statusWrites).toBe(writes);
  cluster.learn(2, '/b');
  await cluster.clock.advance(hour);
  await cluster.reconcile();
  expect(told()).toMatchObject({ status: 'True' });
  cluster.running.refusals = [];
  await cluster.reconcile();
  expect(told()).toBeUndefined();
});
