import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerPage, schedulingPage } from './cluster-pages.ts';
import type { Scheduler } from './scheduling/scheduler.ts';
import { containerId, imageOf } from './scheduling/testing/situations.ts';
import { agentReport, settingsWith, Simulation } from './scheduling/testing/simulation.ts';
import { containerList, type ContainerQuery, type ContainerStatus } from './server/api/status.ts';
import type { NodeScheduling } from './server/ports.ts';

const hours = () => ({ watchedMs: 1_500, ranMs: 60_000 });

/** All pages, with what happens between two of them. */
function allPages({ scheduler }: Pick<Simulation, 'scheduler'>, query: ContainerQuery, between = () => {}) {
  const pages: (readonly ContainerStatus[])[] = [];
  for (let after: string | undefined; ;) {
    const page = containerPage({ ...query, ...(after !== undefined && { after }) }, { scheduler, hours });
    pages.push(containerList.parse(page).items);
    after = page.next;
    if (after === undefined) return pages;
    between();
  }
}

/** Containers of 400 pods, on nodes of so many each. */
async function clusterOf(containers: number, perNode: number): Promise<Simulation> {
  const cluster = new Simulation(settingsWith({ maxContainersPerNode: 2 }));
  for (let n = 0; n < containers; n += 1) {
    const pod = { uid: `u${n}`, namespace: n % 7 === 0 ? 'bank' : 'shop', name: `pod-${n % 400}` };
    cluster.start(imageOf(`image-${n % 9}`), `node-${Math.floor(n / perNode)}`, { pod, name: `c${n}` });
  }
  for (const node of cluster.nodes()) cluster.report(node);
  await cluster.clock.advance(1_000);
  return cluster;
}

/** A scheduler that notes which nodes were looked at. */
function watched(scheduler: Scheduler) {
  const viewed: string[] = [];
  const view: Scheduler['view'] = (node, wanted) => {
    viewed.push(node);
    return scheduler.view(node, wanted);
  };
  return { viewed, scheduler: { nodes: () => scheduler.nodes(), view } };
}

const ids = (pages: readonly (readonly ContainerStatus[])[]) =>
  pages.flatMap((items) => items.map(({ containerId: id }) => id));

describe('pages of containers', () => {
  it('show each once, ordered by node, 500 at a time', async () => {
    const cluster = await clusterOf(1_203, 400);
    const pages = allPages(cluster, {});
    expect(pages.map(({ length }) => length)).toEqual([500, 500, 203]);
    expect(new Set(ids(pages)).size).toBe(1_203);
    const nodes = pages.flat().map(({ node }) => node);
    expect(nodes).toEqual(nodes.toSorted());
  });

  it('are found by node, namespace, pod and container', async () => {
    const cluster = await clusterOf(1_203, 401);
    const ofNode = allPages(cluster, { node: 'node-1', namespace: 'shop' }).flat();
    expect(ofNode).toHaveLength(344);
    const all = allPages(cluster, { node: 'node-1' }).flat();
    expect(all.filter(({ reason }) => reason.code === 'granted')).toHaveLength(2);
    expect(all.flatMap(({ queue }) => queue ?? []).every(({ of }) => of === 399)).toBe(true);
    expect(allPages(cluster, { namespace: 'bank' }).flat()).toHaveLength(172);
    expect(allPages(cluster, { container: 'c1' }).flat()).toMatchObject([
      { pod: 'pod-1', container: 'c1', imageHours: { watchedSeconds: 1, ranSeconds: 60 } },
    ]);
    expect(allPages(cluster, { pod: 'nobody' })).toEqual([[]]);
    // Of a node that has no agent.
    cluster.start(imageOf('new'), 'mute', { pod: { uid: 'u', namespace: 'vault', name: 'v-0' } });
    expect(allPages(cluster, { namespace: 'vault' }).flat()).toMatchObject([{ node: 'mute', pod: 'v-0' }]);
    expect(allPages(cluster, { node: 'mute', namespace: 'shop' })).toEqual([[]]);
  });

  it('look at the nodes that are on the page, and at the one behind it', async () => {
    const cluster = await clusterOf(3_000, 20);
    const { scheduler, viewed } = watched(cluster.scheduler);
    const { next = '' } = containerPage({}, { scheduler, hours });
    expect(viewed).toHaveLength(26);
    containerPage({ after: next }, { scheduler, hours });
    expect(viewed).toHaveLength(26 + 26);
  });

  it('end after 10,000 comparisons, also with nothing on them, and go on behind', async () => {
    const cluster = await clusterOf(12_000, 600);
    const { scheduler, viewed } = watched(cluster.scheduler);
    const first = containerPage({ container: 'c5999' }, { scheduler, hours });
    expect([first.items, viewed.length]).toEqual([[], 17]);
    const second = containerPage({ container: 'c5999', after: first.next ?? '' }, { scheduler, hours });
    expect([second.items.length, second.next, viewed.length]).toEqual([1, undefined, 17 + 3]);
  });

  it('go on behind a node that takes all comparisons of a page by itself', async () => {
    const cluster = await clusterOf(10_001, 10_000);
    expect(allPages(cluster, { container: 'c10000' }).map(({ length }) => length)).toEqual([0, 1]);
  });

  it('show what stays exactly once, whatever starts and ends meanwhile', async () => {
    const change = fc.record({ ends: fc.array(fc.nat(1_199), { maxLength: 40 }), starts: fc.nat(30) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 4 }), async (changes) => {
        const cluster = await clusterOf(1_200, 30);
        const gone = new Set<string>();
        const pages = allPages(cluster, {}, () => {
          const { ends, starts } = changes.pop() ?? { ends: [], starts: 0 };
          for (const number of ends) {
            gone.add(containerId(number + 1));
            cluster.end(containerId(number + 1));
            cluster.end(containerId(number + 1));
          }
          for (let n = 0; n < starts; n += 1) cluster.start(imageOf('new'), `node-${n * 3}`);
          for (const node of cluster.nodes()) cluster.report(node);
        });
        const shown = ids(pages);
        const stayed = Array.from({ length: 1_200 }, (_, n) => containerId(n + 1)).filter((one) => !gone.has(one));
        const known = new Set(shown);
        expect(known.size).toBe(shown.length);
        expect(stayed.filter((one) => !known.has(one))).toEqual([]);
      }),
      { numRuns: 10 },
    );
  });

  it('have 512 KiB at most, whatever agents say of themselves', async () => {
    const cluster = await clusterOf(300, 300);
    const capture = { state: 'unsupported', variant: '', reason: '\ud800'.repeat(1_024) } as const;
    const containers = Array.from({ length: 300 }, (_, n) => ({
      id: containerId(n + 1),
      state: 'idle' as const,
      startSeen: false,
    }));
    cluster.scheduler.report('node-0', agentReport({ capture, containers }));
    await cluster.clock.advance(1_000);
    const pages = allPages(cluster, {});
    expect(pages.length).toBeGreaterThan(3);
    expect(new Set(ids(pages)).size).toBe(300);
    for (const items of pages) expect(JSON.stringify(items).length).toBeLessThan(513 * 1_024);
  });

  it('are empty beyond the last container, and for a cursor of nobody', async () => {
    const cluster = await clusterOf(3, 3);
    const id = 'f'.repeat(64);
    expect(containerPage({ after: `~ ~ ~ ~ ${id}` }, { scheduler: cluster.scheduler, hours })).toEqual({ items: [] });
    expect(containerPage({ after: `a a a a ${id}` }, { scheduler: cluster.scheduler, hours }).items).toHaveLength(3);
  });
});

describe('pages of nodes', () => {
  const allNodes = ({ scheduler }: Pick<Simulation, 'scheduler'>) => {
    const pages: (readonly NodeScheduling[])[] = [];
    for (let after: string | undefined; ;) {
      const page = schedulingPage(after === undefined ? {} : { after }, { scheduler, hours });
      pages.push(page.nodes);
      after = page.next;
      if (after === undefined) return pages;
    }
  };

  it('show each once with its slots and containers, until there are 500 containers', async () => {
    const cluster = await clusterOf(1_200, 120);
    const pages = allNodes(cluster);
    expect(pages.map(({ length }) => length)).toEqual([4, 4, 2]);
    expect(new Set(pages.flat().map(({ node }) => node)).size).toBe(10);
    expect(pages.flat().every(({ grants, containers }) => grants.length === 2 && containers.length === 120)).toBe(true);
  });

  it('leave out and count what one node has too much of', async () => {
    const cluster = await clusterOf(700, 600);
    const [first, second] = allNodes(cluster);
    expect(first).toMatchObject([{ node: 'node-0', omitted: 100 }]);
    expect(first?.[0]?.containers).toHaveLength(500);
    expect(second?.[0]).not.toHaveProperty('omitted');
  });
});
