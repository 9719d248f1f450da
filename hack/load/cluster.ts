/** The simulated cluster in a real API server: nodes, pods with their status as a kubelet writes it, agents' tokens. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { agentAudience } from '../../core/wire/agent.ts';
import type { KubeClient, KubeRequest } from '../../operator/kube/client.ts';
import { RetryableError } from '../../operator/kube/errors.ts';
import type { ApiServer } from '../../test/integration/api-server.ts';
import {
  type Fleet,
  type FleetNode,
  type FleetPod,
  imageDigest,
  imageName,
  imageReference,
  shopNamespace,
} from './fleet.ts';

export const productNamespace = 'workload-security';
export const agentAccount = 'workload-security-agent';

const manifests = new URL('../../crds/manifests/', import.meta.url).pathname;
const namespaced = (namespace: string, plural: string): string => `/api/v1/namespaces/${namespace}/${plural}`;
const podsOfShop = namespaced(shopNamespace, 'pods');
/** Requests under way: more only wait in the API server. */
const parallel = 16;
const attempts = 5;

export async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

/** Kinds, settings and accounts, before the operator starts. */
export async function prepareCluster(apiServer: ApiServer, client: KubeClient): Promise<void> {
  for (const file of readdirSync(manifests)) {
    await apiServer.kubectl(['apply', '--server-side', '-f', '-'], readFileSync(join(manifests, file), 'utf8'));
  }
  await apiServer.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  const create = (path: string, body: unknown): Promise<unknown> => client.request({ method: 'POST', path, body });
  for (const name of [productNamespace, shopNamespace]) await create('/api/v1/namespaces', { metadata: { name } });
  for (const name of [agentAccount, 'prometheus']) {
    await create(namespaced(productNamespace, 'serviceaccounts'), { metadata: { name } });
  }
  await apiServer.kubectl([
    'create',
    'clusterrolebinding',
    'prometheus',
    '--clusterrole=cluster-admin',
    `--serviceaccount=${productNamespace}:prometheus`,
  ]);
}

async function createNode(client: KubeClient, node: FleetNode): Promise<void> {
  const { name, address } = node;
  await client.request({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name } } });
  const status = { addresses: [{ type: 'InternalIP', address }] };
  await patchStatus(client, `/api/v1/nodes/${name}`, status);
  const spec = {
    nodeName: name,
    serviceAccountName: agentAccount,
    containers: [{ name: 'agent', image: 'localhost/workload-security/agent:dev' }],
  };
  const labels = { 'app.kubernetes.io/part-of': 'workload-security' };
  const body = { metadata: { name: `agent-${name}`, labels }, spec };
  await client.request({ method: 'POST', path: namespaced(productNamespace, 'pods'), body });
  for (const pod of node.pods) await createPod(client, name, pod);
}

export async function createPod(
  client: KubeClient,
  node: string,
  { name, containers, startedAt }: FleetPod,
): Promise<void> {
  const [application = name] = name.split(/-(?=\d+$)/);
  const owner = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: `${application}-5d4f8c7b9`,
    uid: name,
    controller: true,
  };
  const labels = { app: application, 'pod-template-hash': '5d4f8c7b9' };
  const specs = containers.map(({ name, image }) => ({ name, image: imageReference(image) }));
  const body = {
    metadata: { name, labels, ownerReferences: [owner] },
    spec: { nodeName: node, containers: specs },
  };
  const created = createdObject.parse(
    await persistently(() => client.request({ method: 'POST', path: podsOfShop, body })),
  );
  const started = new Date(startedAt).toISOString();
  await patchStatus(client, `${podsOfShop}/${name}`, {
    phase: 'Running',
    startTime: started,
    podIPs: [{ ip: addressOf(created.metadata.uid) }],
    containerStatuses: containers.map(({ id, name, image }) => ({
      name,
      image: imageReference(image),
      imageID: `${imageName(image)}@${imageDigest(image)}`,
      containerID: `containerd://${id}`,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: started } },
    })),
  });
}

const createdObject = z.object({ metadata: z.object({ uid: z.string() }) });

/** Any address of the pod range will do, as long as it stays. */
function addressOf(uid: string): string {
  const bits = Number.parseInt(uid.slice(0, 6), 16);
  return `10.${128 + ((bits >> 16) & 127)}.${(bits >> 8) & 255}.${bits & 255}`;
}

/** The API server may be out of breath: it shares two processors with everything else. */
async function persistently<Answer>(request: () => Promise<Answer>): Promise<Answer> {
  for (let left = attempts; ; left -= 1) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof RetryableError) || left === 1) throw error;
    }
  }
}

async function patchStatus(client: KubeClient, path: string, status: unknown): Promise<void> {
  const contentType = 'application/merge-patch+json';
  await persistently(() => client.request({ method: 'PATCH', path: `${path}/status`, body: { status }, contentType }));
}

export async function deletePod(client: KubeClient, { name }: FleetPod): Promise<void> {
  // As the kubelet does when the containers have ended: without grace the object goes at once.
  const request: KubeRequest = { method: 'DELETE', path: `${podsOfShop}/${name}`, query: { gracePeriodSeconds: 0 } };
  await persistently(() => client.request(request));
}

export async function createFleet(client: KubeClient, fleet: Fleet): Promise<void> {
  await inParallel(fleet.nodes, (node) => createNode(client, node));
}

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });

/** As the kubelet projects it: bound to the agent's pod, and so to its node. */
export async function agentToken(client: KubeClient, node: string): Promise<string> {
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: `agent-${node}` };
  return token(client, agentAccount, { audiences: [agentAudience], boundObjectRef });
}

export function readerToken(client: KubeClient): Promise<string> {
  return token(client, 'prometheus', {});
}

async function token(client: KubeClient, account: string, spec: object): Promise<string> {
  const path = `${namespaced(productNamespace, 'serviceaccounts')}/${account}/token`;
  const body = { spec: { expirationSeconds: 7_200, ...spec } };
  return tokenAnswer.parse(await client.request({ method: 'POST', path, body })).status.token;
}

/** Any fields of the spec of the one WorkloadSecurityConfig. */
export async function changeSettings(client: KubeClient, spec: object): Promise<void> {
  const path = '/apis/workloadsecurity.dev/v1alpha1/workloadsecurityconfigs/default';
  await client.request({ method: 'PATCH', path, body: { spec }, contentType: 'application/merge-patch+json' });
}
