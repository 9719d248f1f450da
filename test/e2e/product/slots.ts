/** Who is profiled and why: never more than five at once, everybody in turn, for reasons that a person understands. */
import { expect, test } from 'vitest';
import { clusterStatus, containerList } from '../../../operator/server/api/status.ts';
import { images } from './learning.ts';
import { within, type Product } from './product.ts';
import { readStore } from './store-copy.ts';
import { scheduling, type SlotWatch } from './watches.ts';

export function slotTests(product: Product, watch: () => SlotWatch): void {
  test('of twelve containers that run, five have slots and all get their turn', async () => {
    await within(60, () => {
      expect(watch().mostContainers).toBeGreaterThanOrEqual(12);
      // Full, by both accounts.
      expect(watch()).toMatchObject({ mostGranted: 5, mostPeriods: 5 });
    });
    const running = (await product.pods('samples', 'app.kubernetes.io/name!=report')).map(
      ({ containerId }) => containerId,
    );
    expect(running).toHaveLength(11);
    await within(60, async () => {
      const { snapshots } = await readStore(product);
      expect(snapshots.map(({ image }) => image)).toEqual(
        expect.arrayContaining(images.map((image) => `localhost/samples/${image}`)),
      );
      expect(snapshots.map(({ snapshot }) => snapshot.container.id)).toEqual(expect.arrayContaining(running));
    });
    const { maxSlots, agent } = await scheduling(product);
    expect({ maxSlots, agent: agent.state }).toEqual({ maxSlots: 5, agent: 'ready' });
  });

  test('a person is told why containers are watched or not', async () => {
    await within(60, async () => {
      const described = await product.cluster.kubectl('describe', 'securityprofiles');
      expect(described).toMatch(
        /Scheduling:\n +Hours Run: +\d+\.\d\n +Hours Watched: +\d+\.\d\n +Message: +\S.*\.\n +Reason: +Watched\n +Waiting: +\d+\n +Watched: +(?:\d+[ms]|\d+\.\dh) of (?:\d+[ms]|\d+\.\dh)\n/,
      );
    });
    const { agents } = clusterStatus.parse(JSON.parse(await product.cluster.wsp('status', '-o', 'json')));
    expect(agents).toMatchObject({ ready: 1, items: [{ node: 'node-1', state: 'ready', slots: { max: 5 } }] });
    const [redis] = await product.pods('samples', 'app.kubernetes.io/name=redis');
    const words = ['containers', `samples/${redis?.name}`, '-o', 'json'];
    const { items } = containerList.pick({ items: true }).parse(JSON.parse(await product.cluster.wsp(...words)));
    expect(items).toMatchObject([{ containerId: redis?.containerId, node: 'node-1', container: 'redis' }]);
  });

  test('the metric says the same as the read endpoint', async () => {
    // The metric's reasons are up to 15 s old: equal when they are new.
    await within(60, async () => {
      const { grants, containers } = await scheduling(product);
      const metrics = await product.metrics();
      expect(metrics.get('profiling_slots{node="node-1"}')).toBe(grants.length);
      const waiting = containers.filter(({ reason }) => reason.code === 'node-full').length;
      expect(metrics.get('profiling_containers{reason="node-full"}') ?? 0).toBe(waiting);
    });
  });

  test('every container has a reason that says more than its code', () => {
    const texts = [...watch().reasons].flatMap(([code, all]) => [...all].map((text) => ({ code, text })));
    expect([...watch().reasons.keys()]).toEqual(expect.arrayContaining(['profiling', 'node-full', 'own-pod']));
    // A sentence without its full stop, of more than one word.
    expect(texts.filter(({ text }) => !/^[a-z]\S* .*[^.]$/.test(text))).toEqual([]);
  });

  test('who may not see it does not', async () => {
    const token = await product.cluster.kubectl('-n', 'default', 'create', 'token', 'default');
    for (const path of ['/api/v1/scheduling', '/metrics']) {
      expect((await product.call({ path })).status).toBe(401);
      const { status, text } = await product.call({ path, token });
      expect(status).toBe(403);
      expect(text).toContain('system:serviceaccount:default:default may not get');
    }
  });
}

export function limitTests(watch: () => SlotWatch): void {
  test('never were there more than five slots, and never more than five open periods', async () => {
    await watch().close();
    expect(watch().looks, `unanswered: ${watch().unanswered.join(', ')}`).toBeGreaterThan(50);
    expect(watch().mostGranted).toBe(5);
    expect(watch().mostPeriods).toBe(5);
  });
}
