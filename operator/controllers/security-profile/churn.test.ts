import { expect, it } from 'vitest';
import { publishStored } from '../../learning/evidence-bytes.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { ByteBucket } from './byte-bucket.ts';
import { profileByteRate } from './controller.ts';
import type { ProfileDependencies } from './dependencies.ts';
import { imageView } from '../../scheduling/image-view.ts';
import type { SchedulingFacts } from './scheduling.ts';
import { fakeCluster } from './testing/fake-cluster.ts';

const second = 1_000;
const minute = 60 * second;
/** What is due is looked at so often. */
const step = 5 * second;
const profiles = 400;
/** What may be written within 5 min. */
const budget = 38_000_000;

/** Of few but long names the same bytes take a tenth of the time. */
const names = { count: 120, padding: 'x'.repeat(870) } as const;

/** Real facts, and behaviours that fill 120 kB and are others every time. */
const large: ProfileDependencies['publish'] = async (bytes, facts) => {
  const publication = await publishStored(bytes, facts);
  const { snapshots } = publication.evidence;
  const dns = Array.from({ length: names.count }, (_, index) => ({
    processId: '0'.repeat(16),
    name: `host-${index}-${snapshots}.${names.padding}.example.com`,
    types: ['A'],
    commonality: 50,
  }));
  return { ...publication, behavior: { ...publication.behavior, dns } };
};

function schedulingAt(now: number, sealed: boolean): SchedulingFacts {
  const view = imageView(new Map([['profiling', (now / step) % 7]]), sealed);
  return { view, hours: { watchedMs: now, ranMs: 2 * now } };
}

it('400 profiles that learn without pause write within the budget, each gets its turn, and finished ones write nothing', async () => {
  const clock = new FakeClock(Date.parse('2030-01-01T00:00:00Z'));
  const bucket = new ByteBucket(clock, profileByteRate.bytesPerSecond, profileByteRate.burstBytes);
  const clusters = Array.from({ length: profiles }, (_, index) => ({
    number: index,
    cluster: fakeCluster({ name: `docker.io/library/app-${index}`, tag: 'v1' }, { clock, bucket, publish: large }),
    due: clock.now() + (index % 20) * second,
    container: 0,
  }));
  const written = (): number => clusters.reduce((sum, { cluster }) => sum + cluster.api.bytes, 0);

  /** Each is looked at when it asks for it; while learning, a snapshot comes every minute. */
  async function run(ms: number, learning: boolean): Promise<number> {
    const before = written();
    for (const end = clock.now() + ms; clock.now() < end; await clock.advance(step)) {
      for (const one of clusters) {
        const learns = learning && (clock.now() / step) % 12 === one.number % 12;
        if (learns) one.cluster.learn((one.container += 1), '/a');
        // What is told of scheduling is another at every look.
        one.cluster.running.scheduling = schedulingAt(clock.now(), !learning);
        if (!learns && clock.now() < one.due) continue;
        const { requeueAfterMs } = await one.cluster.reconcile();
        one.due = requeueAfterMs === undefined ? Infinity : clock.now() + requeueAfterMs;
      }
    }
    return written() - before;
  }

  const first = await run(5 * minute, true);
  const next = await run(5 * minute, true);
  expect(first).toBeLessThanOrEqual(budget);
  expect(first).toBeGreaterThan(budget / 2);
  expect(next).toBeLessThanOrEqual(budget);
  expect(clusters.filter(({ cluster }) => cluster.api.specWrites === 0)).toEqual([]);

  for (const one of clusters) {
    const { learning } = one.cluster.settings.current;
    one.cluster.settings.current = { ...one.cluster.settings.current, learning: { ...learning, snapshots: 1 } };
    one.due = clock.now();
  }
  await run(10 * minute, false);
  expect(clusters.filter(({ cluster }) => cluster.object()?.status.state !== 'Stable')).toEqual([]);
  for (const one of clusters) one.due = clock.now();
  expect(await run(minute, false)).toBe(0);
}, 180_000);
