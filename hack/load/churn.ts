/** Pods that go and pods that come in their place, at an even rate over the whole fleet. */
import { systemClock } from '../../operator/clock.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import type { LoadAgent } from './agent.ts';
import { createPod, deletePod } from './cluster.ts';
import type { Fleet, FleetPod } from './fleet.ts';

/** @returns how many were replaced until `signal` was aborted */
export async function churn(
  client: KubeClient,
  fleet: Fleet,
  agents: ReadonlyMap<string, LoadAgent>,
  { perSecond, signal }: { readonly perSecond: number; readonly signal: AbortSignal },
): Promise<number> {
  const { nodes, random } = fleet;
  let replaced = 0;
  const waiting = new Set<Promise<void>>();
  if (perSecond === 0) return 0;
  while (!signal.aborted) {
    const node = nodes[random.below(nodes.length)];
    const [gone] = node?.pods.splice(0, 1) ?? [];
    if (node !== undefined && gone !== undefined) {
      const come = fleet.pod(Date.now());
      node.pods.push(come);
      const agent = agents.get(node.name);
      agent?.end(gone);
      agent?.start(come);
      const replacing = replace(client, node.name, gone, come).finally(() => waiting.delete(replacing));
      replaced += 1;
      waiting.add(replacing);
    }
    await systemClock.sleep(1_000 / perSecond, signal);
  }
  await Promise.all(waiting);
  return replaced;
}

async function replace(client: KubeClient, node: string, gone: FleetPod, come: FleetPod): Promise<void> {
  await deletePod(client, gone);
  await createPod(client, node, come);
}
