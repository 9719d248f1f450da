import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { imageText } from '../../core/image.ts';
import { reasonCodes } from './reason.ts';
import { agentReport, settingsWith, Simulation } from './testing/simulation.ts';
import { imageOf } from './testing/situations.ts';

const images = ['fresh', 'finished', 'taught', 'excluded', 'own'] as const;
const container = fc.record({ image: fc.constantFrom(...images), node: fc.constantFrom('node-a', 'node-b', 'mute') });

function clusterOf(containers: readonly { image: (typeof images)[number]; node: string }[], enabled: boolean) {
  const exclude = [{ image: 'registry.example.com/excluded:*' }];
  const cluster = new Simulation(settingsWith({ maxContainersPerNode: 1, enabled, exclude, snapshotPeriodMs: 30_000 }));
  cluster.profiles.set(imageText(imageOf('finished')), { state: 'stable', snapshots: 9, containers: 9 });
  cluster.refused.add('registry.example.com/taught shop');
  const ids = containers.map(({ image, node }) => {
    const pod = { uid: 'u', namespace: 'workload-security', name: 'operator-0', partOf: 'workload-security' };
    return cluster.start(imageOf(image), node, image === 'own' ? { pod } : {});
  });
  return { cluster, ids };
}

it('every container has exactly one reason, whatever its image, its node and the settings', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(container, { maxLength: 12 }),
      fc.boolean(),
      fc.nat(50),
      async (all, enabled, seconds) => {
        const { cluster, ids } = clusterOf(all, enabled);
        // Of one node the API server tells, and no agent ever does.
        const reporting = cluster.nodes().filter((node) => node !== 'mute');
        for (const node of reporting) cluster.report(node);
        await cluster.clock.advance(seconds * 1_000);
        const shown = cluster.scheduler.nodes().flatMap((node) => cluster.scheduler.view(node).containers);
        expect(shown.map(({ containerId }) => containerId).toSorted()).toEqual(ids.toSorted());
        expect(shown.filter(({ reason }) => !reasonCodes.includes(reason.code))).toEqual([]);
        const counted = [...cluster.scheduler.reasons().all].map(([, count]) => count);
        expect(counted.reduce((sum, count) => sum + count, 0)).toBe(ids.length);
        const agents = cluster.scheduler.agents();
        expect(agents.map(({ node }) => node)).toEqual(cluster.nodes());
        expect(agents.filter(({ node, agent }) => (node === 'mute') !== (agent.state === 'never-reported'))).toEqual(
          [],
        );
        const codeOf = (image: string, node?: string) =>
          shown
            .filter(({ containerId }) => {
              const own = all[ids.indexOf(containerId)];
              return own?.image === image && (node === undefined || own.node === node);
            })
            .map(({ reason }) => reason.code);
        const others = (codes: readonly string[], code: string) =>
          codes.filter((one) => one !== (enabled ? code : 'disabled'));
        expect(others(codeOf('own'), 'own-pod')).toEqual([]);
        expect(others(codeOf('excluded'), 'excluded')).toEqual([]);
        expect(others(codeOf('finished'), 'stable')).toEqual([]);
        expect(others(codeOf('taught'), 'share')).toEqual([]);
        expect(others(codeOf('fresh', 'mute'), 'agent-unreachable')).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

it('those that wait stand in one queue for each node, and who is first gets the next slot', async () => {
  const { cluster } = clusterOf(
    Array.from({ length: 5 }, () => ({ image: 'fresh', node: 'node-a' })),
    true,
  );
  cluster.start(imageOf('other'));
  await cluster.run(5);
  const waiting = () => cluster.scheduler.view('node-a').containers.filter(({ queue }) => queue !== undefined);
  const before = waiting();
  expect(new Set(before.map(({ queue }) => queue?.place))).toEqual(new Set([1, 2, 3, 4, 5]));
  expect(before.filter(({ queue, reason }) => queue?.of !== 5 || !/^(waiting|node-full)$/.test(reason.code))).toEqual(
    [],
  );
  const first = before.find(({ queue }) => queue?.place === 1)?.containerId;
  const [profiled = ''] = cluster.profiling();
  cluster.end(profiled);
  await cluster.run(5);
  expect(cluster.profiling()).toEqual([first]);
  expect(waiting()).toHaveLength(4);
});

it('why an agent that is ready refused variants of the capture is told', () => {
  const { cluster } = clusterOf([], true);
  const capture = { state: 'ready' as const, variant: 'raw', reason: 'lsm: EPERM' };
  cluster.scheduler.report('node-a', agentReport({ capture, counters: { ring_drops_total: 3 } }));
  expect(cluster.scheduler.agents()).toMatchObject([
    { node: 'node-a', agent: { state: 'ready', variant: 'raw', why: 'lsm: EPERM' }, counters: { ring_drops_total: 3 } },
  ]);
});
