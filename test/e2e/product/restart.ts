/** Everything is killed at once, as when a machine fails: the commands of `make up` bring it back, with data and settings. */
import { expect, test } from 'vitest';
import { namespace, within, type Product } from './product.ts';
import { readStore } from './store-copy.ts';

export function restartTests(product: Product): void {
  const { cluster } = product;

  async function kept(): Promise<unknown> {
    const spec = '{range .items[*]}{.metadata.uid} {.spec}{"\\n"}{end}';
    const objects = await cluster.kubectl('get', 'securityprofiles,wsc', '-o', `jsonpath=${spec}`);
    const { snapshots } = await readStore(product);
    return { objects, snapshots: snapshots.map(({ id }) => id) };
  }

  test('up and install after everything was killed: nothing is forgotten, nothing set back', async () => {
    const before = await kept();
    await cluster.kill();
    const left = await cluster.containerGroups();
    expect(left.length).toBeGreaterThan(10);

    expect(await cluster.do('up')).toContain('is ready');
    // Each that is left costs the kubelet three seconds in which it starts nothing.
    const now = new Set(await cluster.containerGroups());
    expect(left.filter((group) => now.has(group))).toEqual([]);
    expect(await cluster.product('install')).toMatch(/settings of yours, kept: .*profiling.snapshotPeriod = 10s/);
    await within(60, async () => {
      const pods = await product.pods(namespace, 'app.kubernetes.io/part-of=workload-security');
      expect(pods.map(({ ready, restarts }) => ready && restarts > 0)).toEqual([true, true]);
    });
    expect(await kept()).toEqual(before);
  });
}
