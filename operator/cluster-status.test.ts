import { expect, it } from 'vitest';
import { statusSource, type StatusOptions } from './cluster-status.ts';
import { timestamp } from './controllers/conditions.ts';
import type { ProfileObject } from './controllers/security-profile/profile-object.ts';
import { clusterStatus } from './server/api/status.ts';
import { imageOf } from './scheduling/testing/situations.ts';
import { agentReport, Simulation } from './scheduling/testing/simulation.ts';
import { StoreError } from './store/errors.ts';
import { memoryStore } from './store/testing/memory-store.ts';

function sourceOf(cluster: Simulation, fields: Partial<StatusOptions> = {}) {
  return statusSource({
    scheduler: cluster.scheduler,
    known: { all: () => [] },
    hours: () => ({ watchedMs: 1_500, ranMs: 60_000 }),
    objects: () => [],
    store: memoryStore().store,
    health: { current: { state: 'ready' } },
    settings: { problems: [] },
    clock: cluster.clock,
    ...fields,
  });
}

const object = (number: number, type: string, status: 'True' | 'False'): ProfileObject => ({
  name: `app-${String(number).padStart(2, '0')}`,
  uid: 'u',
  generation: 1,
  image: imageOf('app'),
  sealed: false,
  specDigest: '',
  bytes: 0,
  keep: false,
  status: { conditions: [{ type, status, reason: 'R', message: 'm', lastTransitionTime: timestamp(0) }] },
});

it('holds at most 200 agents, those in trouble first, and 50 concerns, and counts the rest', async () => {
  const cluster = new Simulation();
  for (let n = 0; n < 230; n += 1) {
    const state = n === 229 ? 'unsupported' : 'ready';
    const capture = { state, variant: 'raw', reason: 'r'.repeat(1_024) } as const;
    const counters = { ring_drops_total: 2.5, decode_errors_total: Number.MAX_VALUE, events_total: 7 };
    cluster.scheduler.report(`node-${n}`, agentReport({ capture, counters }));
  }
  const objects = Array.from({ length: 60 }, (_, n) => object(n, 'Degraded', 'True'));
  const fine = [object(70, 'Ready', 'True'), object(71, 'Complete', 'False')];
  const source = sourceOf(cluster, { objects: () => [...fine, ...objects], settings: { problems: ['x must be y'] } });
  const status = clusterStatus.parse(await source.status());
  expect(status.agents).toMatchObject({ ready: 229, notReady: 1, omitted: 30 });
  expect(status.agents.items[0]).toMatchObject({ node: 'node-229', state: 'not-ready' });
  expect(status.agents.items[1]?.lostRecords).toBe(Number.MAX_SAFE_INTEGER);
  expect(status.concerns.omitted).toBe(11);
  expect(status.concerns.items.slice(0, 2)).toMatchObject([{ kind: 'WorkloadSecurityConfig' }, { name: 'app-00' }]);
  expect(status.concerns.items).toHaveLength(50);
  expect(JSON.stringify(status).length).toBeLessThan(400_000);
});

it('holds at most 512 KiB of what agents say, however it has to be written', async () => {
  const cluster = new Simulation();
  const capture = { state: 'unsupported', variant: '\u0001'.repeat(64), reason: '\ud800'.repeat(1_024) } as const;
  for (let n = 0; n < 150; n += 1) cluster.scheduler.report(`node-${n}`, agentReport({ capture }));
  const status = await sourceOf(cluster).status();
  expect(status.agents.items.length + status.agents.omitted).toBe(150);
  expect(status.agents.items.length).toBeGreaterThan(50);
  expect(JSON.stringify(status).length).toBeLessThan(560_000);
});

it('says that the store does not answer, and goes on', async () => {
  const usage = () => Promise.reject(new StoreError('closed', 'store: closed'));
  const { store } = await sourceOf(new Simulation(), { store: { usage } }).status();
  expect(store).toEqual({ state: 'failing', message: 'store: closed' });
});
