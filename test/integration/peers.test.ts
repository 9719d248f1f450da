/** What naming peers takes from the API server: that a cluster IP is one Service's alone, and an external one anybody's. */
import { expect } from 'vitest';
import { startInventory } from '../../operator/inventory/informers.ts';
import type { ApiServer } from './api-server.ts';
import { test } from './api-server-test.ts';
import { clientOf, liveContext } from './kube.ts';

const service = (namespace: string, name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { namespace, name }, spec });
const create = (apiServer: ApiServer, object: string): Promise<string> =>
  apiServer.kubectl(['create', '-f', '-'], object);
const ports = (...numbers: readonly number[]) => numbers.map((port) => ({ name: `p${port}`, port }));

test('a tenant renames nobody by a Service', async ({ apiServer }) => {
  for (const namespace of ['aaa', 'shop']) await apiServer.kubectl(['create', 'namespace', namespace]);
  await create(apiServer, service('shop', 'db', { clusterIP: '10.96.5.5', ports: ports(5432) }));
  const take = (spec: object): Promise<string> => create(apiServer, service('aaa', 'taker', spec));
  await expect(take({ clusterIP: '10.96.5.5', ports: ports(5432) })).rejects.toThrow(/already allocated/);
  await expect(take({ clusterIP: '10.96.0.1', ports: ports(443) })).rejects.toThrow(/already allocated/);
  const named = { type: 'ExternalName', externalName: 'example.com', clusterIP: '10.96.5.6' };
  await expect(take(named)).rejects.toThrow(/may not be set for ExternalName services/);

  const externalIPs = ['10.96.0.1', '10.96.5.5', '203.0.113.5'];
  await create(apiServer, service('aaa', 'evil', { externalIPs, ports: ports(9, 443, 5432) }));
  await create(apiServer, service('aaa', 'headless', { clusterIP: 'None', externalIPs, ports: ports(8443) }));
  const stop = new AbortController();
  const options = { ...liveContext(), client: clientOf(apiServer), labels: () => [], onPods: () => undefined };
  const { inventory, synced, finished } = startInventory(options, stop.signal);
  try {
    await synced;
    const ask = (address: string, port: number) =>
      inventory.resolve({ address, port, protocol: 'tcp', at: Date.now() }).peer;
    expect(ask('10.96.0.1', 443)).toEqual({ kind: 'apiserver' });
    expect(ask('10.96.5.5', 5432)).toEqual({ kind: 'service', namespace: 'shop', name: 'db' });
    expect(ask('203.0.113.5', 443)).toEqual({ kind: 'service', namespace: 'aaa', name: 'evil' });
    expect(ask('203.0.113.5', 8443)).toEqual({ kind: 'external', block: '203.0.113.0/24' });
  } finally {
    stop.abort();
    await finished;
  }
});
