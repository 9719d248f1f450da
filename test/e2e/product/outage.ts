/** The API server is away for longer than everything that waits for it: nobody crashes, and learning catches up. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { eventually } from '../cluster.ts';
import { namespace, processIn, within, type Pod, type Product } from './product.ts';
import { stored } from './store-copy.ts';
import { scheduling, type SpoolWatch } from './watches.ts';

/**
 * OUTAGE_SECONDS=120 for as many. 60 s are enough for the holder of the Lease to give up (40 s), for six periods of this
 * suite, for reviewed tokens to be forgotten, and for a container to be started anew meanwhile.
 */
const seconds = Number(process.env['OUTAGE_SECONDS'] ?? 60);

const eventList = z.object({
  items: z.array(
    z.object({
      regarding: z.object({ kind: z.string(), name: z.string(), uid: z.string().default('') }),
      reason: z.string().default(''),
      note: z.string().default(''),
      reportingController: z.string().default(''),
    }),
  ),
});

/** One text for each Event about a profile: the same text twice is the same news twice. */
async function events({ cluster }: Product): Promise<string[]> {
  const { items } = eventList.parse(
    JSON.parse(await cluster.kubectl('get', 'events.events.k8s.io', '-A', '-o', 'json')),
  );
  return items
    .filter(({ reportingController }) => reportingController === 'workloadsecurity.dev/operator')
    .map(({ regarding: { kind, name, uid }, reason, note }) => `${kind} ${name} ${uid} ${reason}: ${note}`);
}

async function restarts(product: Product): Promise<string[]> {
  const pods = await product.pods(namespace, 'app.kubernetes.io/part-of=workload-security');
  return pods.map(({ name, restarts: count, ready }) => `${name}: ${count}, ${ready ? 'ready' : 'not ready'}`);
}

async function firstOf(product: Product, selector: string): Promise<Pod> {
  const [pod] = await product.pods('samples', selector);
  if (pod === undefined) throw new Error(`no pod of samples has ${selector}`);
  return pod;
}

export function outageTests(product: Product, spool: () => SpoolWatch): void {
  const { cluster } = product;
  const unreviewed = 'agent_requests_refused_total{reason="review-unavailable"}';

  test(
    `API server away for ${seconds} s: nothing crashes, nothing is lost`,
    { timeout: seconds * 1000 + 900_000 },
    async () => {
      const [before, eventsBefore, refused] = await Promise.all([
        restarts(product),
        events(product),
        product.metric(unreviewed),
      ]);
      const victim = await firstOf(product, 'app.kubernetes.io/name=app');
      const operator = processIn(await product.operatorPod());
      const token = await cluster.kubectl('-n', 'default', 'create', 'token', 'default');
      await spool().next();

      await cluster.without('kube-apiserver', async () => {
        // A token that is new to the operator cannot be judged; whoever sent it is told to come again.
        const { status, text } = await product.call({ path: '/agent/v1/desired', token });
        expect({ status, text }).toMatchObject({
          status: 503,
          text: expect.stringContaining('review-unavailable') as unknown,
        });
        // The kubelet starts it anew, and nobody learns of the new container for now.
        process.kill(processIn(victim), 'SIGKILL');
        await spool().next();
        await delay(seconds * 1000);
      });
      await eventually('the node is ready', 90, () => cluster.ready());

      // What agents had finished arrives: they try at least once a minute.
      await stored(product, spool().snapshotIds, 150);
      // And they finish more: of the new container too, which no event has told of.
      const replaced = await within(90, async () => {
        const now = (await product.pods('samples', 'app.kubernetes.io/name=app')).find(
          ({ name }) => name === victim.name,
        );
        expect(now?.ready).toBe(true);
        expect(now?.containerId).not.toBe(victim.containerId);
        const { containers } = await scheduling(product);
        expect(containers.map(({ containerId }) => containerId)).toContain(now?.containerId);
        return now?.containerId ?? '';
      });
      await eventually('the new container has brought a snapshot', 120, () =>
        [...spool().snapshotIds].some((id) => id.startsWith(replaced)),
      );
      const { snapshots } = await stored(product, spool().snapshotIds);
      await within(60, async () => {
        const shown = (await product.profiles()).reduce((sum, { spec }) => sum + spec.evidence.snapshots, 0);
        expect(shown).toBeGreaterThanOrEqual(snapshots.length);
      });

      // A probe may come late; a restart stays.
      await within(60, async () => expect(await restarts(product)).toEqual(before));
      expect(processIn(await product.operatorPod())).toBe(operator);
      expect(await product.metric(unreviewed)).toBeGreaterThan(refused);
      const news = (await events(product)).filter((event) => !eventsBefore.includes(event));
      expect(news).toEqual([...new Set(news)]);
      expect(news.filter((event) => !event.includes('ProfileRestored'))).toEqual(news);
    },
  );
}
