/** The product in the running cluster whose kubeconfig KUBECONFIG names. */
import { execFileSync } from 'node:child_process';
import { z } from 'zod';
import type { Measurement } from './measurement.ts';
import { measureMemory } from './memory.ts';

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      status: z.object({
        containerStatuses: z.array(z.object({ name: z.string(), containerID: z.string().optional() })).default([]),
      }),
    }),
  ),
});

/** `containerd://0123…` names the runtime before the ID. */
function productContainers(): { name: string; id: string }[] {
  const selector = 'app.kubernetes.io/part-of=workload-security';
  const json = execFileSync('kubectl', ['get', 'pods', '--all-namespaces', '--selector', selector, '--output', 'json']);
  const pods = podList.parse(JSON.parse(json.toString()));
  return pods.items.flatMap(({ status }) =>
    status.containerStatuses.flatMap(({ name, containerID }) =>
      containerID === undefined ? [] : [{ name, id: containerID.replace(/^.*:\/\//, '') }],
    ),
  );
}

export function measureCluster(): Measurement[] {
  const containers = productContainers();
  if (containers.length === 0) throw new Error('the cluster runs no pod of the product: start it with make up');
  return measureMemory(containers);
}
