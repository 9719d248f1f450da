/** The release itself: upgrade, refusal by Pod Security, uninstall, and what stays and goes. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { link } from '../cluster.ts';
import { namespace, within, type Product } from './product.ts';

const root = join(import.meta.dirname, '../../..');
const chart = join(root, 'charts/workload-security');
const values = join(root, 'hack/product/values.yaml');
const name = 'workload-security';
const release = [name, '--namespace', namespace];
const label = 'pod-security.kubernetes.io/enforce';

export function lifecycleTests(product: Product): void {
  const { cluster } = product;
  const get = async (...what: string[]): Promise<string> => cluster.kubectl('-n', namespace, 'get', ...what);
  const uids = async (): Promise<string> =>
    cluster.kubectl(
      'get',
      'securityprofiles',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}{"\\n"}{end}',
    );

  test('helm upgrade keeps what was learned, and the release passes its own test', async () => {
    const before = await uids();
    const agent = await product.agentPod();
    await cluster.helm(
      'upgrade',
      name,
      chart,
      ...release.slice(1),
      '--values',
      values,
      '--set=agent.logLevel=debug',
      '--force-conflicts',
    );
    for (const workload of ['statefulset/workload-security-operator', 'daemonset/workload-security-agent']) {
      await cluster.kubectl('-n', namespace, 'rollout', 'status', workload, '--timeout=300s');
    }
    expect((await product.agentPod()).name).not.toBe(agent.name);
    expect(await cluster.helm('test', ...release)).toMatch(/Phase: +Succeeded/);
    expect(await uids()).toBe(before);
  });

  test('a namespace that admits no agents: the DaemonSet says why, the notes say what to do', async () => {
    await cluster.kubectl('label', '--overwrite', 'namespace', namespace, `${label}=baseline`);
    const agent = await product.agentPod();
    await cluster.kubectl('-n', namespace, 'delete', 'pod', agent.name);
    await within(60, async () => {
      const events = await cluster.kubectl('-n', namespace, 'describe', 'daemonset', 'workload-security-agent');
      expect(events).toMatch(/FailedCreate.*violates PodSecurity "baseline/);
    });
    const command = `kubectl label namespace ${namespace} ${label}=privileged --overwrite`;
    expect(await cluster.helm('get', 'notes', ...release)).toContain(command);
    await cluster.kubectl(...command.split(' ').slice(1));
    await cluster.kubectl('-n', namespace, 'rollout', 'restart', 'daemonset/workload-security-agent');
    await cluster.kubectl('-n', namespace, 'rollout', 'status', 'daemonset/workload-security-agent', '--timeout=300s');
  });

  test('helm uninstall keeps definitions, profiles and the store, and nothing that runs', async () => {
    const before = await uids();
    await cluster.helm('uninstall', ...release);
    expect(await uids()).toBe(before);
    await within(60, async () => expect(await get('pods', '-o', 'name')).toBe(''));
    expect(await get('pvc', '-o', 'jsonpath={.items[*].status.phase}')).toBe('Bound');
    const rights = await cluster.kubectl(
      'get',
      'clusterroles,clusterrolebindings',
      '-l',
      'app.kubernetes.io/part-of=workload-security',
      '-o',
      'name',
    );
    expect(rights).toBe('');
  });

  test('down leaves nothing', async () => {
    const [supervisor] = cluster.processes().get('runsvdir') ?? [];
    const network = link(`/proc/${supervisor}/ns/net`);
    expect(cluster.traces(network).length).toBeGreaterThan(10);
    await cluster.do('down');
    expect(cluster.traces(network)).toEqual([]);
  });
}
