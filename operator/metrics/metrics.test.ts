import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { noLosses } from '../../core/activity/snapshot.ts';
import { epoch, snapshotOf } from '../../core/profile/testing.ts';
import { imageOf } from '../scheduling/testing/situations.ts';
import { settingsWith, Simulation } from '../scheduling/testing/simulation.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { commitOf } from '../store/testing/records.ts';
import { metricsPage } from './docs.ts';
import { createIngestMetrics } from './ingest.ts';
import { metricPrefix, OperatorRegistry } from './registry.ts';
import { createSchedulingMetrics } from './scheduling.ts';
import { createStoreMetrics } from './store.ts';

async function values(registry: OperatorRegistry): Promise<Map<string, number>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(metricPrefix.length, space), Number(line.slice(space + 1))];
    }),
  );
}

it('shows slots, reasons and what became of grants, the same however often it is asked', async () => {
  const cluster = new Simulation(settingsWith({ snapshotPeriodMs: 30_000, maxContainersPerNode: 2 }));
  const registry = new OperatorRegistry();
  createSchedulingMetrics(registry, cluster.scheduler, cluster.clock);
  for (let n = 0; n < 3; n += 1) cluster.start(imageOf(`image-${n}`));
  await cluster.run(40);
  await registry.metrics();
  const seen = await values(registry);
  expect(seen.get('profiling_slots{node="node-a"}')).toBe(2);
  expect(seen.get('agents{state="ready"}')).toBe(1);
  expect(seen.get('profiling_grants_total{event="completed"}')).toBe(2);
  expect(seen.get('profiling_grants_total{event="granted"}')).toBe(4);
  expect(seen.get('profiling_grants_ended_total{reason="expired"}')).toBe(0);
  const containers = [...seen].filter(([name]) => name.startsWith('profiling_containers{'));
  expect(containers.reduce((sum, [, count]) => sum + count, 0)).toBe(3);
  expect(seen.get('profiling_images{reason="Watched"}')).toBe(2);
  expect(seen.get('profiling_images{reason="SlotsTaken"}')).toBe(1);
  const [, waiting] = [...seen].find(([name]) => name === 'profiling_longest_wait_seconds') ?? [];
  expect(waiting).toBeGreaterThan(5);
  expect(waiting).toBeLessThanOrEqual(40);
});

it('shows what the store holds, and says so when it cannot', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'metrics-'));
  const store = await openSqliteStore({ path: join(directory, 'operator.db') });
  const registry = new OperatorRegistry();
  createStoreMetrics(registry, store);
  await store.commitSnapshot(commitOf(1));
  const seen = await values(registry);
  expect(seen.get('store_records{table="snapshots"}')).toBe(1);
  expect(seen.get('store_bytes')).toBeGreaterThan(8_192);
  expect(seen.get('store_queue_depth')).toBeGreaterThanOrEqual(0);
  await store.close();
  await registry.metrics();
  const closed = await values(registry);
  expect(closed.get('store_usage_failures_total{kind="closed"}')).toBeGreaterThanOrEqual(1);
  expect(closed.get('store_records{table="snapshots"}')).toBe(1);
  await rm(directory, { recursive: true });
});

it('counts what became of snapshots, from zero on', async () => {
  const registry = new OperatorRegistry();
  const { onOutcome } = createIngestMetrics(registry);
  onOutcome('accepted');
  const seen = await values(registry);
  expect(seen.get('snapshots_total{result="accepted"}')).toBe(1);
  expect(seen.get('snapshots_total{result="overlap"}')).toBe(0);
});

it('adds up what accepted snapshots say of their losses', async () => {
  const registry = new OperatorRegistry();
  const { onLearned } = createIngestMetrics(registry);
  const gaps = [{ from: epoch - 2_500, to: epoch, reason: 'agent-restarted' }];
  onLearned(snapshotOf(1, { gaps, events: 70, startSeen: false, losses: { ...noLosses(), ringDrops: 3 } }));
  onLearned(snapshotOf(2, { events: 7, blindSpots: ['io_uring'], notUnderstood: 4 }));
  const seen = await values(registry);
  expect(seen.get('snapshot_events_total')).toBe(77);
  expect(seen.get('snapshot_gap_seconds_total')).toBe(2.5);
  expect(seen.get('snapshots_without_start_total')).toBe(1);
  expect(seen.get('snapshot_words_unknown_total')).toBe(4);
  expect(seen.get('snapshots_with_blind_spot_total{blind_spot="io_uring"}')).toBe(1);
  expect(seen.get('snapshots_with_blind_spot_total{blind_spot="compat-syscalls"}')).toBe(0);
  expect(seen.get('snapshot_losses_total{loss="ringDrops"}')).toBe(3);
  expect(seen.get('snapshot_losses_total{loss="mapFull"}')).toBe(0);
});

it('describes every metric, none twice, and the page in docs is this one', async () => {
  const page = await readFile(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8');
  expect(page).toBe(metricsPage());
});
