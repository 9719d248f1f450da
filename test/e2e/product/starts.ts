/** Short containers: none of their starts is missed, however many come at once. */
import { expect, test } from 'vitest';
import { within, type Product } from './product.ts';

const inNamespace = 'starts';
const pods = 5;
const containersPerPod = 10;

/** Containers of one pod start one after the other, those of five pods at once; each ends with its first program. */
const job = `
apiVersion: batch/v1
kind: Job
metadata: { name: starts, namespace: ${inNamespace} }
spec:
  parallelism: ${pods}
  completions: ${pods}
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      containers:
${Array.from(
  { length: containersPerPod },
  (_, index) =>
    `        - { name: c${index}, image: localhost/samples/report:1, imagePullPolicy: Never, command: ['true'] }`,
).join('\n')}
`;

const seen = 'container_starts_total{node="node-1",seen="true"}';
const missed = 'container_starts_total{node="node-1",seen="false"}';

/** Figures of a report that the agent made from now on: the first to arrive may have been under way. */
async function freshMetrics(product: Product): Promise<ReadonlyMap<string, number>> {
  const reports = await product.metric('agent_reports_total');
  return within(40, async () => {
    const metrics = await product.metrics();
    expect(metrics.get('agent_reports_total')).toBeGreaterThanOrEqual(reports + 2);
    return metrics;
  });
}

/** Nothing else may start meanwhile. */
async function withoutCronJob(product: Product, work: () => Promise<void>): Promise<void> {
  const suspend = async (on: boolean): Promise<string> =>
    product.cluster.kubectl('-n', 'samples', 'patch', 'cronjob', 'report', `--patch={"spec":{"suspend":${on}}}`);
  await suspend(true);
  try {
    await within(60, async () => {
      const active = 'jsonpath={.status.active}';
      expect(await product.cluster.kubectl('-n', 'samples', 'get', 'cronjob', 'report', '-o', active)).toBe('');
    });
    await work();
  } finally {
    await suspend(false);
  }
}

export function startTests(product: Product): void {
  test('50 starts, of containers that nobody profiles: 50 first programs seen', async () => {
    await product.configure({ profiling: { exclude: [{ namespace: inNamespace }] } });
    await product.cluster.kubectl('create', 'namespace', inNamespace);
    await withoutCronJob(product, async () => {
      const before = await freshMetrics(product);
      await product.cluster.apply(job);
      await product.cluster.kubectl(
        '-n',
        inNamespace,
        'wait',
        '--for=condition=Complete',
        'job/starts',
        '--timeout=300s',
      );
      const expected = (before.get(seen) ?? 0) + pods * containersPerPod;
      await within(40, async () => expect(await product.metric(seen)).toBeGreaterThanOrEqual(expected));
      const after = await freshMetrics(product);
      expect(after.get(seen)).toBe(expected);
      expect(after.get(missed) ?? 0).toBe(before.get(missed) ?? 0);
    });
    const { spec } = await product.profile('report:1');
    expect(spec.behavior.processes.filter(({ executable }) => executable.endsWith('/true'))).toEqual([]);
  });
}
