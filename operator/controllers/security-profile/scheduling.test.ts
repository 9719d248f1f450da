import { beforeEach, describe, expect, it } from 'vitest';
import type { SecurityProfileStatus } from '../../../crds/security-profile.ts';
import { imageView } from '../../scheduling/image-view.ts';
import type { ReasonCode } from '../../scheduling/reason.ts';
import { schedulingOf } from './scheduling.ts';
import { fakeCluster } from './testing/fake-cluster.ts';

const nginx = { name: 'docker.io/library/nginx', tag: '1.27' };
const hour = 3_600_000;
const interval = 300_000;

let cluster: ReturnType<typeof fakeCluster>;

function runs(counts: readonly (readonly [ReasonCode, number])[], watchedHours: number, ranHours: number): void {
  const hours = { watchedMs: watchedHours * hour, ranMs: ranHours * hour };
  cluster.running.scheduling = { view: imageView(new Map(counts), false), hours };
}

const scheduling = (): SecurityProfileStatus['scheduling'] => cluster.object()?.status.scheduling;

beforeEach(async () => {
  cluster = fakeCluster(nginx);
  runs(
    [
      ['profiling', 1],
      ['node-full', 2],
    ],
    1.99,
    12.349,
  );
  cluster.learn(1, '/a');
  await cluster.reconcile();
});

describe('the status of a profile', () => {
  it('says who is watched, who waits, and the time in hours and for people, rounded down', () => {
    expect(scheduling()).toEqual({
      hoursWatched: '1.9',
      hoursRun: '12.3',
      watched: '1.9h of 12.3h',
      watching: 1,
      waiting: 2,
      reason: 'Watched',
      message: '1 container is watched now; 2 wait for a slot.',
    });
  });

  it('follows a change of the reason though nothing is learned, once per interval, and asks to be looked at', async () => {
    runs([['node-full', 3]], 2, 14);
    expect(await cluster.reconcile()).toEqual({ requeueAfterMs: interval });
    expect(scheduling()?.reason).toBe('Watched');
    await cluster.clock.advance(interval);
    const { specWrites, statusWrites } = cluster.api;
    expect(await cluster.reconcile()).toEqual({ requeueAfterMs: interval });
    expect(scheduling()).toMatchObject({ reason: 'SlotsTaken', watching: 0, waiting: 3, hoursRun: '14.0' });
    runs([['agent-unreachable', 3]], 2, 15);
    expect((await cluster.reconcile()).requeueAfterMs).toBe(interval);
    expect(scheduling()?.reason).toBe('SlotsTaken');
    expect([cluster.api.specWrites, cluster.api.statusWrites]).toEqual([specWrites, statusWrites + 1]);
  });

  it('tells seconds and minutes while there is no hour yet', () => {
    const view = imageView(new Map(), false);
    const watched = (watchedMs: number, ranMs: number) => schedulingOf({ view, hours: { watchedMs, ranMs } }).watched;
    expect(watched(0, 59_999)).toBe('0s of 59s');
    expect(watched(5 * 60_000, hour - 1)).toBe('5m of 59m');
    expect(watched(hour, 100 * hour)).toBe('1.0h of 100.0h');
    expect(schedulingOf({ view })).not.toHaveProperty('watched');
  });

  it('is not written for minutes alone', async () => {
    const { bytes } = cluster.api;
    for (let minutes = 1; minutes < 60; minutes += 1) {
      runs(
        [
          ['profiling', 1],
          ['node-full', 2],
        ],
        minutes / 60,
        minutes / 30,
      );
      await cluster.clock.advance(60_000);
      await cluster.reconcile();
    }
    expect(cluster.api.bytes).toBe(bytes);
  });

  it('is not written for hours alone', async () => {
    const { bytes } = cluster.api;
    for (let hours = 2; hours < 9; hours += 1) {
      runs(
        [
          ['profiling', 1],
          ['node-full', 2],
        ],
        hours,
        hours * 9,
      );
      await cluster.clock.advance(hour);
      await cluster.reconcile();
    }
    expect(cluster.api.bytes).toBe(bytes);
  });

  it('waits while the bytes of all are spent', async () => {
    const poor = fakeCluster(nginx, { burst: 1_000 });
    poor.learn(1, '/a');
    await poor.reconcile();
    await poor.clock.advance(interval);
    poor.running.scheduling = { view: imageView(new Map([['disabled', 1]]), false) };
    const { bucket } = poor;
    bucket.spend(200 * 1024);
    const { statusWrites } = poor.api;
    expect((await poor.reconcile()).requeueAfterMs).toBeLessThan(interval);
    expect(poor.api.statusWrites).toBe(statusWrites);
    await poor.clock.advance(10_000);
    await poor.reconcile();
    expect(poor.object()?.status.scheduling?.reason).toBe('Disabled');
  });

  it('keeps the hours of its sealing, whatever still runs, and writes nothing more', async () => {
    const { learning } = cluster.settings.current;
    cluster.settings.current = { ...cluster.settings.current, learning: { ...learning, snapshots: 1 } };
    cluster.running.scheduling = {
      view: imageView(new Map([['profiling', 1]]), true),
      hours: { watchedMs: 3 * hour, ranMs: 4 * hour },
    };
    await cluster.reconcile();
    const sealed = { reason: 'Sealed', watching: 0, waiting: 0, hoursWatched: '3.0', hoursRun: '4.0' };
    expect(scheduling()).toMatchObject(sealed);
    const { bytes } = cluster.api;
    for (const counts of [[['stable', 5]], [['disabled', 5]], []] as const) {
      cluster.running.scheduling = {
        view: imageView(new Map(counts), true),
        hours: { watchedMs: 9 * hour, ranMs: 99 * hour },
      };
      await cluster.clock.advance(hour);
      expect(await cluster.reconcile()).toEqual({});
      cluster.restart();
      expect(await cluster.reconcile()).toEqual({});
    }
    expect(scheduling()).toMatchObject(sealed);
    expect(cluster.api.bytes).toBe(bytes);
  });
});
