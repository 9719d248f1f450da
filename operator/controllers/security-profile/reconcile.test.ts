import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../settings.ts';
import { JumpingClock } from '../../testing/jumping-clock.ts';
import { fakeCluster } from './testing/fake-cluster.ts';

const image = { name: 'docker.io/library/app', tag: 'v1' };
const minute = 60_000;
const hour = 60 * minute;

const condition = (cluster: ReturnType<typeof fakeCluster>, type: string) =>
  cluster.object()?.status.conditions?.find((one) => one.type === type);

describe('a clock that jumps', () => {
  const year = 365 * 24 * hour;
  const jumping = () => {
    const clock = new JumpingClock(Date.parse('2030-01-01T00:00:00Z'));
    const cluster = fakeCluster(image, { clock });
    cluster.learn(1, '/a');
    const reconcileAfter = async (ms: number): Promise<string | undefined> => {
      await clock.advance(ms);
      await cluster.reconcile();
      return cluster.record()?.state;
    };
    return { clock, cluster, reconcileAfter };
  };

  it('does not end learning by a time that has not passed', async () => {
    const { clock, reconcileAfter } = jumping();
    await reconcileAfter(0);
    clock.jump(year);
    for (let minutes = 0; minutes < 60; minutes += 10) expect(await reconcileAfter(10 * minute)).toBe('learning');
    clock.jump(-year);
    expect(await reconcileAfter(46 * hour)).toBe('learning');
    expect(await reconcileAfter(hour)).toBe('stable');
  });

  it('is not when learning ended: a profile that is finished in next year could not be given up until then', async () => {
    const { clock, cluster, reconcileAfter } = jumping();
    await reconcileAfter(0);
    const before = clock.now();
    clock.jump(year);
    cluster.settings.current = { ...defaultSettings, learning: { ...defaultSettings.learning, snapshots: 1 } };
    expect(await reconcileAfter(minute)).toBe('stable');
    expect(cluster.record()?.sealedAt).toBe(before + minute);
  });

  it('ends learning once the new time has stood for an hour', async () => {
    const { clock, reconcileAfter } = jumping();
    clock.jump(year);
    expect(await reconcileAfter(0)).toBe('learning');
    expect(await reconcileAfter(hour)).toBe('stable');
  });

  it.each([-hour, -year])('ends learning in its time although set back by %i ms for a while', async (jump) => {
    const { clock, reconcileAfter } = jumping();
    clock.jump(jump);
    expect(await reconcileAfter(30 * minute)).toBe('learning');
    clock.jump(-jump);
    expect(await reconcileAfter(47 * hour)).toBe('learning');
    expect(await reconcileAfter(30 * minute)).toBe('stable');
  });
});

describe('labels of pods', () => {
  const team = (...values: string[]) => [{ key: 'team', values }];

  it.each(['learning', 'sealed'])(
    'follow what runs while the profile is %s, and stay when nothing does',
    async (state) => {
      const cluster = fakeCluster(image);
      cluster.learn(1, '/a');
      if (state === 'sealed')
        cluster.settings.current = { ...defaultSettings, learning: { ...defaultSettings.learning, snapshots: 1 } };
      await cluster.reconcile();
      const status = cluster.object()?.status;
      expect(status).not.toHaveProperty('labels');
      cluster.running.labels = team('shop');
      await cluster.reconcile();
      expect(cluster.object()?.status).toEqual({ ...status, labels: team('shop') });
      cluster.running.labels = team('pay', 'shop');
      await cluster.reconcile();
      delete cluster.running.labels;
      await cluster.reconcile();
      expect(cluster.object()?.status.labels).toEqual(team('pay', 'shop'));
      cluster.running.labels = [];
      await cluster.reconcile();
      expect(cluster.object()?.status).toEqual(status);
      expect(cluster.api.specWrites).toBe(1);
    },
  );
});

describe('publishing', () => {
  it('writes a new profile at once, with spec, status and mark', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/etc/app.conf');
    expect(await cluster.reconcile()).toEqual({ requeueAfterMs: 5 * minute });
    expect(cluster.object()).toMatchObject({
      spec: { image, behavior: { files: [{ path: '/etc/app.conf' }] } },
      status: { state: 'Learning', snapshots: 1, containers: 1, processes: 1, files: 1, observedGeneration: 1 },
    });
    expect(cluster.object()?.spec).not.toHaveProperty('sealed');
    expect(cluster.record()?.publishedUid).toBe(cluster.object()?.uid);
    expect(condition(cluster, 'Ready')).toMatchObject({ status: 'True' });
    expect(condition(cluster, 'Stable')?.message).toBe(
      '1 of 200 counted snapshots; learning ends at 2030-01-03T00:00:00Z at the latest.',
    );
    expect(condition(cluster, 'Complete')).toMatchObject({ status: 'False', reason: 'FewObservations' });
  });

  it('writes nothing when nothing changed', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    for (let turn = 0; turn < 3; turn += 1) await cluster.reconcile();
    cluster.restart();
    await cluster.clock.advance(hour);
    await cluster.reconcile();
    expect(cluster.api).toMatchObject({ specWrites: 1, statusWrites: 1 });
  });

  it('writes changes once per interval, also over a restart', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    await cluster.reconcile();
    await cluster.clock.advance(minute);
    cluster.learn(2, '/b');
    expect(await cluster.reconcile()).toEqual({ requeueAfterMs: 4 * minute });
    cluster.restart();
    expect(await cluster.reconcile()).toEqual({ requeueAfterMs: 4 * minute });
    expect(cluster.api.specWrites).toBe(1);
    await cluster.clock.advance(4 * minute);
    await cluster.reconcile();
    expect(cluster.api.specWrites).toBe(2);
    expect(cluster.object()?.status).toMatchObject({ snapshots: 2, files: 2, lastUpdated: '2030-01-01T00:05:00Z' });
  });

  it('waits at most one interval when the clock was set back', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    await cluster.clock.advance(10 * hour);
    await cluster.reconcile();
    const later = fakeCluster(image);
    later.learn(1, '/a');
    later.learn(2, '/b');
    const object = cluster.object();
    if (object !== undefined) later.api.objects.set(later.name, object);
    expect(await later.reconcile()).toEqual({ requeueAfterMs: 5 * minute });
  });

  it('keeps all profiles together within the byte rate', async () => {
    const cluster = fakeCluster(image, { burst: 1_000 });
    cluster.learn(1, '/a');
    await cluster.reconcile();
    await cluster.clock.advance(5 * minute);
    cluster.learn(2, '/b');
    await cluster.reconcile();
    cluster.learn(3, '/c');
    await cluster.clock.advance(1);
    cluster.settings.current = {
      ...defaultSettings,
      publishing: { ...cluster.settings.current.publishing, intervalMs: 1 },
    };
    const { requeueAfterMs = 0 } = await cluster.reconcile();
    expect(requeueAfterMs).toBeGreaterThan(0);
    expect(requeueAfterMs).toBeLessThan(30);
    expect(cluster.api.specWrites).toBe(2);
    await cluster.clock.advance(requeueAfterMs);
    await cluster.reconcile();
    expect(cluster.api.specWrites).toBe(3);
  });

  it('does again what failed in the middle', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    const applyStatus = cluster.api.applyStatus.bind(cluster.api);
    cluster.api.applyStatus = () => Promise.reject(new Error('no answer'));
    await expect(cluster.reconcile()).rejects.toThrow('no answer');
    cluster.api.applyStatus = applyStatus;
    await cluster.reconcile();
    expect(cluster.object()?.status.state).toBe('Learning');
    expect(cluster.record()?.publishedUid).toBe(cluster.object()?.uid);
  });
});

describe('sealing', () => {
  it('seals after enough snapshots, at once and for good', async () => {
    const cluster = fakeCluster(image);
    cluster.settings.current = { ...defaultSettings, learning: { ...defaultSettings.learning, snapshots: 3 } };
    cluster.learn(1, '/a');
    await cluster.reconcile();
    cluster.learn(2, '/a');
    cluster.learn(3, '/a');
    expect(await cluster.reconcile()).toEqual({});
    expect(cluster.record()).toMatchObject({ state: 'stable' });
    expect(cluster.object()).toMatchObject({ spec: { sealed: true }, status: { state: 'Stable', commonality: 100 } });
    expect(condition(cluster, 'Stable')).toMatchObject({ status: 'True', reason: 'Sealed' });
    expect(condition(cluster, 'Complete')).toMatchObject({ status: 'True' });
    await cluster.reconcile();
    cluster.restart();
    await cluster.reconcile();
    expect(cluster.api.specWrites).toBe(2);
    expect(cluster.announced).toEqual(['ProfileSealed']);
  });

  it('seals when the time is up, at the moment that it asked for', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    const start = cluster.clock.now();
    await cluster.reconcile();
    await cluster.clock.advance(48 * hour - 7);
    expect(await cluster.reconcile()).toEqual({ requeueAfterMs: 7 });
    expect(cluster.record()?.state).toBe('learning');
    await cluster.clock.advance(7);
    await cluster.reconcile();
    expect(cluster.object()?.spec.sealed).toBe(true);
    expect(cluster.record()?.sealedAt).toBe(start + 48 * hour);
  });
});

describe('what others do', () => {
  it('learns anew what was deleted, also while the operator was away', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    await cluster.reconcile();
    cluster.api.objects.clear();
    cluster.restart();
    await cluster.reconcile();
    expect(cluster.record()).toBeUndefined();
    expect(cluster.object()).toBeUndefined();
    expect(cluster.announced).toEqual(['LearningRestarted']);
    cluster.learn(2, '/b');
    await cluster.reconcile();
    expect(cluster.object()?.spec.behavior.files).toMatchObject([{ path: '/b' }]);
  });

  it('does not take a slow cache for a deletion', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    await cluster.reconcile();
    cluster.api.cache = [];
    cluster.learn(2, '/b');
    await cluster.reconcile();
    expect(cluster.record()?.snapshots).toBe(2);
  });

  it('does not bring back what was deleted while the cache still shows it', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    await cluster.reconcile();
    cluster.api.cache = cluster.api.withImage('docker.io/library/app:v1');
    cluster.api.objects.clear();
    await cluster.clock.advance(hour);
    cluster.learn(2, '/b');
    await expect(cluster.reconcile()).rejects.toMatchObject({ name: 'ConflictError' });
    cluster.api.cache = undefined;
    await cluster.reconcile();
    expect(cluster.record()).toBeUndefined();
  });

  it('takes an edit back at once', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    await cluster.reconcile();
    const before = cluster.object();
    if (before === undefined) throw new Error('nothing was published');
    cluster.api.put(cluster.name, { ...before.spec, behavior: { ...before.spec.behavior, files: [] } });
    await cluster.reconcile();
    expect(cluster.object()?.spec).toEqual(before.spec);
    expect(cluster.object()?.status.observedGeneration).toBe(3);
    expect(cluster.announced).toEqual(['ProfileRestored']);
  });

  it('takes back the edits of somebody who writes again and again once per interval, and at once when it seals', async () => {
    const cluster = fakeCluster(image);
    const { intervalMs } = cluster.settings.current.publishing;
    cluster.learn(1, '/a');
    await cluster.reconcile();
    const learned = cluster.object()?.spec;
    if (learned === undefined) throw new Error('nothing was published');
    const forge = () => {
      cluster.api.put(cluster.name, { ...learned, behavior: { ...learned.behavior, capabilities: ['CAP_SYS_ADMIN'] } });
      return cluster.reconcile();
    };
    const start = cluster.clock.now();
    await forge();
    expect(cluster.object()?.spec).toEqual(learned);
    for (let edits = 0; edits < 100; edits += 1) {
      const { requeueAfterMs = 0 } = await forge();
      if (edits % 2 === 1) await cluster.clock.advance(Math.ceil(requeueAfterMs / 2));
    }
    const intervals = (cluster.clock.now() - start) / intervalMs;
    expect(cluster.announced.length).toBeGreaterThan(1);
    expect(cluster.announced.length).toBeLessThanOrEqual(1 + intervals);
    expect(cluster.api.specWrites).toBe(1 + cluster.announced.length);
    await forge();
    cluster.settings.current = { ...defaultSettings, learning: { ...defaultSettings.learning, snapshots: 1 } };
    await cluster.reconcile();
    expect(cluster.object()?.spec).toEqual({ ...learned, sealed: true });
  });

  it('does not write for ever what the API server alters, and says so until it is stored as it was learned', async () => {
    const cluster = fakeCluster(image);
    cluster.api.alter = (spec) => ({ ...spec, behavior: { ...spec.behavior, syscalls: ['ptrace'] } });
    cluster.learn(1, '/a');
    for (let times = 0; times < 10; times += 1) {
      await cluster.reconcile();
      await cluster.clock.advance(hour);
    }
    expect(cluster.api.specWrites).toBe(1);
    expect(cluster.announced).toEqual([]);
    expect(condition(cluster, 'Ready')).toMatchObject({ status: 'False', reason: 'SpecAltered' });
    cluster.api.alter = (spec) => spec;
    cluster.learn(2, '/b');
    await cluster.reconcile();
    expect(cluster.object()?.spec.behavior.syscalls).toBeUndefined();
    expect(condition(cluster, 'Ready')).toMatchObject({ status: 'True' });
  });

  it('keeps a profile that somebody sealed, and says so', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    await cluster.reconcile();
    const before = cluster.object();
    if (before === undefined) throw new Error('nothing was published');
    cluster.api.put(cluster.name, { ...before.spec, sealed: true });
    cluster.learn(2, '/b');
    await cluster.reconcile();
    expect(condition(cluster, 'Degraded')).toMatchObject({ status: 'True', reason: 'NotLearned' });
    expect(condition(cluster, 'Ready')).toMatchObject({ status: 'True' });
    expect(cluster.object()?.status.state).toBe('Stable');
    expect(cluster.record()?.state).toBe('stable');
    await cluster.reconcile();
    expect(condition(cluster, 'Degraded')).toMatchObject({ status: 'True' });
    expect(cluster.object()?.spec.behavior.files).toEqual(before.spec.behavior.files);
  });

  it('learns on under a sealed object that came from elsewhere, until it is time', async () => {
    const cluster = fakeCluster(image);
    const other = fakeCluster(image);
    other.learn(1, '/a');
    await other.reconcile();
    const foreign = other.object();
    if (foreign === undefined) throw new Error('nothing was published');
    cluster.api.put(cluster.name, { ...foreign.spec, sealed: true });
    cluster.learn(2, '/b');
    await cluster.reconcile();
    expect(cluster.record()?.state).toBe('learning');
    expect(condition(cluster, 'Degraded')).toMatchObject({ status: 'True', reason: 'NotLearned' });
    await cluster.clock.advance(49 * hour);
    await cluster.reconcile();
    expect(cluster.record()?.state).toBe('stable');
    expect(condition(cluster, 'Degraded')).toMatchObject({ status: 'True' });
  });

  it('keeps an object of which the store knows nothing, until something is learned', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    await cluster.reconcile();
    await cluster.store.forget(image);
    await cluster.reconcile();
    expect(condition(cluster, 'Degraded')).toMatchObject({ status: 'True' });
    expect(condition(cluster, 'Ready')).toMatchObject({ status: 'True' });
    cluster.learn(2, '/b');
    await cluster.clock.advance(hour);
    await cluster.reconcile();
    expect(cluster.object()?.spec.behavior.files).toMatchObject([{ path: '/b' }]);
    expect(condition(cluster, 'Degraded')).toBeUndefined();
  });

  it('marks another object with the same image as a duplicate', async () => {
    const cluster = fakeCluster(image);
    cluster.learn(1, '/a');
    await cluster.reconcile();
    const spec = cluster.object()?.spec;
    if (spec === undefined) throw new Error('nothing was published');
    cluster.api.put('mine', spec);
    await cluster.reconcile();
    const writes = cluster.api.statusWrites;
    await cluster.reconcile();
    expect(cluster.api.statusWrites).toBe(writes);
    expect(cluster.api.objects.get('mine')?.status.conditions).toMatchObject([
      { type: 'Ready', status: 'True', reason: 'Duplicate' },
      {
        type: 'Duplicate',
        status: 'True',
        message: `The profile of this image is ${cluster.name}; nothing uses this object. Delete it.`,
      },
    ]);
    expect(condition(cluster, 'Duplicate')).toBeUndefined();
  });
});
