import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageText } from '../../core/image.ts';
import type { DesiredState } from '../../core/wire/agent.ts';
import { agentReport, settingsWith, Simulation } from './testing/simulation.ts';
import { containerId, imageOf } from './testing/situations.ts';

const nginx = imageOf('nginx');
const short = { snapshotPeriodMs: 30_000 };

it('names to each node the compiled profiles of what runs there, as soon as there are any and as long as it runs', async () => {
  const omitted = { processes: 0, files: 0, dns: 0, network: 0 };
  const digest = `sha256:${'ab'.repeat(32)}`;
  const compiled = { revision: 1, digest, bytes: 5_000, fingerprints: 900, omitted };
  const cluster = new Simulation();
  const id = cluster.start(nginx, 'node-a');
  cluster.start(imageOf('redis'), 'node-b');
  const named = () => ['node-a', 'node-b'].map((node) => cluster.scheduler.current(node)?.profiles);
  await cluster.run(5);
  expect(named()).toEqual([[], []]);
  cluster.profiles.set(imageText(nginx), { state: 'stable', snapshots: 200, containers: 3, compiled });
  cluster.scheduler.profileChanged(nginx);
  await cluster.run(1);
  expect(named()).toEqual([[digest], []]);
  const [first] = cluster.scheduler.agents();
  expect(first?.profiles).toEqual({ told: 1, held: 0, failures: {} });
  cluster.end(id);
  await cluster.run(20);
  expect(named()).toEqual([[], []]);
});

describe('an obedient cluster', () => {
  it('profiles a container from its report to its snapshot, and then again', async () => {
    const cluster = new Simulation(settingsWith(short));
    const id = cluster.start(nginx);
    await cluster.run(5);
    expect(cluster.profiling()).toEqual([id]);
    await cluster.run(70);
    expect(cluster.taught).toEqual([id, id]);
    expect(cluster.scheduler.counts()).toMatchObject({ completed: 2, grantsForgotten: 0 });
    expect(cluster.scheduler.counts().ended.size).toBe(0);
  });

  it('never has more containers with slots than allowed, and gives every image its turn', async () => {
    const cluster = new Simulation(settingsWith(short));
    const images = Array.from({ length: 12 }, (_, n) => imageOf(`image-${n}`));
    for (const image of images) cluster.start(image);
    let most = 0;
    for (let n = 0; n < 150; n += 1) {
      await cluster.run(1);
      most = Math.max(most, cluster.profiling().length, cluster.scheduler.current('node-a')?.slots.length ?? 0);
    }
    expect(most).toBe(5);
    expect([...cluster.profiles.keys()].toSorted()).toEqual(images.map(imageText).toSorted());
  });

  it('catches containers that end within seconds, while others hold their slots for half an hour', async () => {
    const cluster = new Simulation();
    for (let n = 0; n < 12; n += 1) cluster.start(imageOf(`image-${n}`));
    const jobs: string[] = [];
    for (let n = 0; n < 40; n += 1) {
      const job = cluster.start(imageOf('report'));
      jobs.push(job);
      await cluster.run(3);
      cluster.end(job);
      await cluster.run(57);
    }
    // All slots were taken when the first ones ended; from the first free slot on, each is caught within the minute.
    expect(cluster.taught).toEqual(expect.arrayContaining(jobs));
    expect(cluster.profiles.get(imageText(imageOf('report')))?.snapshots).toBe(40);
  });

  it('starves nobody, whatever comes and goes', async () => {
    const node = fc.constantFrom('node-a', 'node-b');
    const churn = fc.array(fc.record({ image: fc.nat({ max: 3 }), node, life: fc.integer({ min: 1, max: 60 }) }), {
      minLength: 20,
      maxLength: 40,
    });
    const steady = fc.array(fc.record({ image: fc.integer({ min: 4, max: 15 }), node }), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(churn, steady, fc.integer({ min: 1, max: 3 }), async (comers, stayers, limit) => {
        const cluster = new Simulation(settingsWith({ ...short, maxContainersPerNode: limit }));
        const stay = stayers.map((one) => ({ ...one, id: cluster.start(imageOf(`${one.image}`), one.node) }));
        for (const comer of comers) {
          const id = cluster.start(imageOf(`${comer.image}`), comer.node);
          await cluster.run(Math.min(comer.life, 20));
          cluster.end(id);
          for (const name of cluster.nodes()) expect(cluster.profiling(name).length).toBeLessThanOrEqual(limit);
        }
        // Twelve images in turn on one slot of 30 s each, and as long again for what was in the way.
        await cluster.run(720);
        for (const { image } of stay) expect(cluster.profiles.has(imageText(imageOf(`${image}`)))).toBe(true);
        expect(cluster.errors).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it('does not withdraw what it gave: every grant ends with its snapshot', async () => {
    const cluster = new Simulation(settingsWith({ ...short, maxContainersPerNode: 2 }));
    for (let n = 0; n < 30; n += 1) {
      cluster.start(imageOf(`image-${n % 7}`), n % 2 === 0 ? 'node-a' : 'node-b');
      await cluster.run(20);
    }
    expect(cluster.scheduler.counts().ended.size).toBe(0);
    expect(cluster.scheduler.counts().completed).toBeGreaterThan(50);
  });

  it('tells since when a container is profiled or not, and how much of its time it was', async () => {
    const cluster = new Simulation(settingsWith({ ...short, maxContainersPerNode: 1 }));
    const startedAt = cluster.clock.now();
    const [first, second] = [cluster.start(nginx, 'node-a', { startedAt }), cluster.start(imageOf('redis'))];
    await cluster.run(20);
    const view = (id: string) =>
      cluster.scheduler.view('node-a').containers.find(({ containerId }) => containerId === id);
    const waiting = view(cluster.profiling()[0] === first ? second : first);
    await cluster.run(5);
    expect(view(waiting?.containerId ?? '')?.since).toBe(waiting?.since);
    expect(waiting?.since).toBeLessThan(startedAt + 2_000);
    await cluster.run(80);
    const taught = cluster.taught.filter((id) => id === first).length;
    expect(taught).toBeGreaterThan(0);
    // Half of the time for each of the two; what is under way does not count yet.
    expect(view(first)?.watchedSeconds).toBeGreaterThanOrEqual(29 * taught);
    expect(view(first)?.watchedSeconds).toBeLessThanOrEqual(30 * taught);
    expect(view(first)?.ranSeconds).toBe(105);
    expect(view(second)?.ranSeconds).toBeUndefined();
    expect(cluster.scheduler.counts().watchedMs).toBeGreaterThanOrEqual(29_000 * cluster.taught.length);
  });

  it('gives the slots of an agent that restarted anew', async () => {
    const cluster = new Simulation();
    const id = cluster.start(nginx);
    await cluster.run(10);
    const before = cluster.scheduler.current('node-a')?.slots.at(0)?.slotId;
    cluster.restartAgents();
    cluster.report('node-a');
    await cluster.clock.advance(1_000);
    await cluster.run(20);
    const after = cluster.scheduler.current('node-a')?.slots.at(0)?.slotId;
    expect(cluster.profiling()).toEqual([id]);
    expect(after).not.toBe(before);
    expect(Object.fromEntries(cluster.scheduler.counts().ended)).toEqual({ 'agent-restarted': 1 });
  });

  it('grants an agent that restarted and fills its slot again a whole period', async () => {
    const cluster = new Simulation();
    cluster.start(nginx);
    await cluster.run(1_700);
    cluster.restartAgents();
    await cluster.run(1_790);
    expect(cluster.taught).toEqual([]);
    await cluster.run(20);
    expect(cluster.taught).toHaveLength(1);
    expect(cluster.scheduler.counts().ended.size).toBe(0);
  });

  it('gives an image that is nearly learned its turn, though something new comes all the time', async () => {
    const cluster = new Simulation(settingsWith({ ...short, maxContainersPerNode: 1 }));
    cluster.profiles.set(imageText(nginx), { state: 'learning', snapshots: 199, containers: 50 });
    const old = cluster.start(nginx);
    const newcomers: string[] = [];
    // A new image every 20 s against periods of 30 s: there always is one that was taught nothing.
    for (let n = 0; n < 30; n += 1) {
      newcomers.push(cluster.start(imageOf(`new-${n}`)));
      await cluster.run(20);
    }
    expect(cluster.taught).toContain(old);
    expect(cluster.taught.filter((id) => newcomers.includes(id)).length).toBeGreaterThan(10);
  });

  const day = 24 * 3_600_000;
  it.each([
    ['stands right', 0],
    ['was set back by a year', -365 * day],
    ['was set forward by a year', 365 * day],
  ])('goes on with the slots of an operator that was restarted, when the clock %s', async (_, jump) => {
    const cluster = new Simulation();
    for (let n = 0; n < 5; n += 1) cluster.start(imageOf(`image-${n}`));
    await cluster.run(60);
    const before = cluster.scheduler.current('node-a')?.slots;
    await cluster.clock.advance(5_000);
    cluster.clock.jump(jump);
    cluster.restartOperator();
    expect(cluster.scheduler.current('node-a')).toBeUndefined();
    const finished = before?.at(0);
    expect(cluster.scheduler.lookup(finished?.slotId ?? '', finished?.containerId ?? '', 'node-a')).toEqual({
      state: 'earlier',
    });
    cluster.scheduler.completed(`${finished?.slotId}`, 'a container that nobody runs');
    await cluster.run(20);
    expect(cluster.scheduler.current('node-a')?.slots).toEqual(before);
    expect(cluster.scheduler.counts()).toMatchObject({ adopted: 5, granted: 0 });
    await cluster.run(1_800);
    expect(cluster.taught).toHaveLength(5);
  });

  it('gives no slot to whose namespace has taught its share, and one again as soon as learning begins anew', async () => {
    const cluster = new Simulation(settingsWith({ ...short, maxContainersPerNode: 1 }));
    const [refused, other] = [cluster.start(nginx), cluster.start(imageOf('redis'))];
    await cluster.run(5);
    cluster.refused.add(`${nginx.name} shop`);
    cluster.scheduler.profileChanged(nginx);
    await cluster.run(5);
    cluster.taught.length = 0;
    await cluster.run(300);
    expect([new Set(cluster.taught), cluster.profiling()]).toEqual([new Set([other]), [other]]);
    expect(cluster.scheduler.image(nginx)).toMatchObject({ reason: 'ShareTaken', watching: 0, waiting: 0 });
    cluster.refused.clear();
    cluster.profiles.delete(imageText(nginx));
    cluster.scheduler.profileChanged(nginx);
    await cluster.run(60);
    expect(cluster.taught).toContain(refused);
  });

  it('withdraws slots of an image that becomes stable, and gives it no other', async () => {
    const cluster = new Simulation();
    const id = cluster.start(nginx);
    await cluster.run(5);
    cluster.profiles.set(imageText(nginx), { state: 'stable', snapshots: 200, containers: 3 });
    cluster.scheduler.profileChanged(nginx);
    // Before the next report, and before all nodes are planned again.
    await cluster.run(1);
    expect(cluster.scheduler.current('node-a')?.slots).toEqual([]);
    await cluster.run(20);
    expect(cluster.scheduler.view('node-a').containers).toMatchObject([
      { containerId: id, image: imageText(nginx), pod: 'pod-1', reason: { code: 'stable' } },
    ]);
  });
});

describe('the scheduler', () => {
  it('tells every change to who listens, with growing versions, and nothing if nothing changed', async () => {
    const cluster = new Simulation(settingsWith(short));
    const heard: DesiredState[] = [];
    const unsubscribe = cluster.scheduler.subscribe('node-a', (state) => heard.push(state));
    cluster.start(nginx);
    await cluster.run(65);
    const versions = heard.map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    expect(heard.at(-1)).toEqual(cluster.scheduler.current('node-a'));
    expect(heard.length).toBeLessThan(10);
    unsubscribe();
    const before = heard.length;
    await cluster.run(65);
    expect(heard).toHaveLength(before);
  });

  it('tells agents the probes of their nodes, and when these change', async () => {
    const cluster = new Simulation();
    cluster.start(nginx);
    await cluster.run(1);
    const version = cluster.scheduler.current('node-a')?.version ?? 0;
    const probes = [{ podUid: 'uid', container: 'web', digests: ['0123456789abcdef'] }];
    cluster.probes.set('node-a', probes);
    cluster.probes.set('node-b', [{ podUid: 'other', container: 'web', digests: [] }]);
    cluster.scheduler.changed('node-a');
    await cluster.run(1);
    expect(cluster.scheduler.current('node-a')?.probes).toEqual(probes);
    expect(cluster.scheduler.current('node-a')?.version).toBeGreaterThan(version);
  });

  it('lets no listener that throws disturb the others', async () => {
    const cluster = new Simulation();
    const heard: DesiredState[] = [];
    cluster.scheduler.subscribe('node-a', () => {
      throw new Error('gone');
    });
    cluster.scheduler.subscribe('node-a', (state) => heard.push(state));
    cluster.start(nginx);
    await cluster.run(2);
    expect(heard).toHaveLength(cluster.errors.length);
    expect(heard.length).toBeGreaterThan(0);
  });

  it('gives no second slot to a finished container whose agent reports it once more after the upload', async () => {
    const cluster = new Simulation();
    const id = cluster.start(nginx);
    const finished = agentReport({ containers: [{ id, state: 'finished', startSeen: true }] });
    cluster.scheduler.report('node-a', finished);
    await cluster.clock.advance(200);
    cluster.scheduler.completed(cluster.scheduler.current('node-a')?.slots.at(0)?.slotId ?? '', id);
    cluster.scheduler.report('node-a', finished);
    await cluster.clock.advance(200);
    expect(cluster.scheduler.current('node-a')).toMatchObject({ slots: [], refused: [id] });
    expect(cluster.scheduler.counts()).toMatchObject({ granted: 1, completed: 1 });
  });

  it('knows a slot for its container on its node only, and for an hour after its end', async () => {
    const cluster = new Simulation(settingsWith(short));
    const id = cluster.start(nginx);
    await cluster.run(5);
    const slotId = cluster.scheduler.current('node-a')?.slots.at(0)?.slotId ?? '';
    const { scheduler } = cluster;
    expect(scheduler.lookup(slotId, id, 'node-a')).toMatchObject({ state: 'active', grant: { image: nginx } });
    expect(scheduler.lookup(slotId, id, 'node-b')).toBeUndefined();
    expect(scheduler.lookup(slotId, containerId(99), 'node-a')).toBeUndefined();
    expect(scheduler.lookup('invented', id, 'node-a')).toBeUndefined();
    await cluster.run(40);
    expect(scheduler.lookup(slotId, id, 'node-a')?.state).toBe('completed');
    await cluster.clock.advance(3_660_000);
    expect(scheduler.lookup(slotId, id, 'node-a')).toBeUndefined();
  });

  it('marks nodes whose agents are silent for two minutes', async () => {
    const cluster = new Simulation();
    cluster.start(nginx);
    await cluster.run(5);
    await cluster.clock.advance(121_000);
    const node = cluster.scheduler.view('node-a');
    expect(node).toMatchObject({ node: 'node-a', agent: { state: 'unreachable' }, maxSlots: 5 });
    expect(node.grants).toHaveLength(1);
    expect(cluster.scheduler.nodeCounts()).toMatchObject([{ node: 'node-a', ready: false, slots: 1 }]);
  });

  it('shows containers of nodes without an agent, and why they have no slot', () => {
    const cluster = new Simulation();
    cluster.start(nginx, 'node-b');
    expect(cluster.scheduler.nodes()).toEqual(['node-b']);
    expect(cluster.scheduler.view('node-b')).toMatchObject({
      node: 'node-b',
      agent: { state: 'never-reported' },
      containers: [{ reason: { code: 'agent-unreachable' } }],
    });
  });

  it('records each lost period once for an agent, with the image that the inventory knows', async () => {
    const cluster = new Simulation();
    const id = cluster.start(nginx);
    const known = { containerId: id, slotId: 'slot', from: 10.7, to: 20 };
    const foreign = { containerId: containerId(77), slotId: 'slot', from: 1, to: 2 };
    const report = agentReport({ lostPeriods: [known, foreign] });
    cluster.scheduler.report('node-a', report);
    cluster.scheduler.report('node-a', report);
    await cluster.clock.settle();
    expect(cluster.lost).toEqual([{ ...known, from: 10, node: 'node-a', image: nginx }]);
    expect(Object.fromEntries(cluster.scheduler.counts().lostPeriods)).toEqual({ recorded: 1, 'unknown-container': 1 });
    cluster.scheduler.report('node-a', { ...report, instance: 'agent-2' });
    await cluster.clock.settle();
    expect(cluster.lost).toHaveLength(2);
  });

  it('leaves no timer behind', async () => {
    const cluster = new Simulation();
    cluster.start(nginx);
    await cluster.run(3);
    cluster.report('node-a');
    cluster.scheduler.stop();
    expect(cluster.clock.pending).toBe(0);
  });
});
