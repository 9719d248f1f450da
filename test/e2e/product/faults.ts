/** SIGKILL while the product works: it comes back by itself, and what was finished is known exactly once. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventually, read } from '../cluster.ts';
import { outageTests } from './outage.ts';
import { namespace, processIn, within, type Pod, type Product } from './product.ts';
import { imageOf } from './profile.ts';
import { readStore, stored } from './store-copy.ts';
import { openPeriods, pauseProfiling, type SpoolWatch } from './watches.ts';

const periodId = ({ containerId, from }: { containerId: string; from: number }): string =>
  `${containerId}/${Math.floor(from)}`;

/** Resolves when all its threads stand still: one that writes ends its write first. */
async function stop(id: number): Promise<void> {
  process.kill(id, 'SIGSTOP');
  await eventually(`process ${id} has stopped`, 10, () =>
    readdirSync(`/proc/${id}/task`).every((task) => /^State:\tT/m.test(read(`/proc/${id}/task/${task}/status`))),
  );
}

async function whileStopped<T>(id: number, work: () => Promise<T>): Promise<T> {
  try {
    await stop(id);
    return await work();
  } finally {
    process.kill(id, 'SIGCONT');
  }
}

/** `before` is the pod when it was killed. */
async function cameBack(product: Product, before: Pod): Promise<void> {
  await within(60, async () => {
    const pods = await product.pods(namespace, 'app.kubernetes.io/part-of=workload-security');
    const now = pods.find(({ name }) => name === before.name);
    expect(now).toMatchObject({ ready: true, restarts: before.restarts + 1 });
  });
}

async function lostPeriodsShown(product: Product): Promise<number> {
  const profiles = await product.profiles();
  return profiles.reduce((sum, { spec }) => sum + spec.evidence.completeness.lostPeriods, 0);
}

export function faultTests(product: Product, spool: () => SpoolWatch): void {
  test('agent: open periods are lost and counted, finished snapshots arrive, starts are not claimed', async () => {
    const running = await product.pods('samples', 'app.kubernetes.io/part-of=samples');
    const lostBefore = (await readStore(product)).lostPeriods;
    const agent = await product.agentPod();
    const [agentId, operatorId] = [processIn(agent), processIn(await product.operatorPod())];
    // Several periods end about the same time: where one has, the next is near.
    await spool().next();
    const { open, finished, killedAt } = await whileStopped(operatorId, async () => {
      // Nobody answers: what is finished stays in the spool, and one upload hangs.
      await within(60, () => {
        expect(spool().waiting.length).toBeGreaterThanOrEqual(1);
        expect(openPeriods(product).length).toBeGreaterThanOrEqual(1);
      });
      // What stands still can be read: this is on disk at its end.
      await stop(agentId);
      const state = {
        open: openPeriods(product).map(periodId),
        finished: [...spool().snapshotIds],
        killedAt: Date.now(),
      };
      process.kill(agentId, 'SIGKILL');
      return state;
    });
    const cut = open.filter((one) => !finished.includes(one));
    expect(cut.length).toBeGreaterThan(0);
    await cameBack(product, agent);

    await within(60, async () => {
      const { lostPeriods } = await readStore(product);
      expect(lostPeriods.toSorted()).toEqual([...lostBefore, ...cut].toSorted());
      expect(await lostPeriodsShown(product)).toBe(lostPeriods.length);
    });
    const store = await stored(product, finished);
    expect(store.snapshots.filter(({ id }) => cut.includes(id))).toEqual([]);

    const old = new Set(running.filter(({ ready }) => ready).map(({ containerId }) => containerId));
    await within(60, async () => {
      const later = (await readStore(product)).snapshots.filter(({ snapshot }) => snapshot.from > killedAt);
      const ofOld = later.filter(({ snapshot }) => old.has(snapshot.container.id));
      expect(ofOld.length).toBeGreaterThanOrEqual(5);
      expect(ofOld.filter(({ snapshot }) => snapshot.startSeen)).toEqual([]);
    });
  });

  test('operator, while a snapshot is on its way: none is lost, none counted twice', async () => {
    const operator = await product.operatorPod();
    const id = processIn(operator);
    const known = new Set(spool().snapshotIds);
    await spool().next();
    process.kill(id, 'SIGKILL');
    await cameBack(product, operator);
    const fresh = [...spool().snapshotIds].filter((one) => !known.has(one));
    expect(fresh.length).toBeGreaterThan(0);
    await stored(product, fresh);
  });

  test('API server: learning goes on behind it', async () => {
    const [victim] = product.cluster.processes().get('kube-apiserver') ?? [];
    if (victim === undefined) throw new Error('no API server runs');
    await spool().next();
    process.kill(victim, 'SIGKILL');
    const finishedAt = await spool().next();
    await within(60, async () => expect(await product.cluster.ready()).toBe(true));
    await stored(product, [finishedAt]);
    const { snapshots } = (await product.profile('nginx:1.22')).spec.evidence;
    await within(60, async () =>
      expect((await product.profile('nginx:1.22')).spec.evidence.snapshots).toBeGreaterThan(snapshots),
    );
    await within(60, async () => {
      const pods = await product.pods(namespace, 'app.kubernetes.io/part-of=workload-security');
      expect(pods.map(({ ready }) => ready)).toEqual([true, true]);
    });
  });

  outageTests(product, spool);

  test('afterwards every finished snapshot is in its profile, exactly once', async () => {
    await pauseProfiling(product, spool());
    const store = await readStore(product);
    const since = store.snapshots.filter(({ receivedAt }) => receivedAt >= spool().since);
    expect(since.length).toBeGreaterThan(50);
    expect(since.map(({ id }) => id).toSorted()).toEqual([...spool().snapshotIds].toSorted());
    expect(await product.metric('agent_uploads_total{node="node-1",result="refused"}')).toBe(0);
    const byImage = Map.groupBy(store.snapshots, ({ image }) => image);
    await within(30, async () => {
      const shown = (await product.profiles()).map((profile) => [imageOf(profile), profile.spec.evidence.snapshots]);
      expect(Object.fromEntries(shown)).toEqual(
        Object.fromEntries([...byImage].map(([image, all]) => [image, all.length])),
      );
    });
    await product.configure({ profiling: { enabled: true } });
  });
}
