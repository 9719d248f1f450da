/** The server's front door with the real API server behind it: real tokens, real reviews, real roles. */
import { zstdCompressSync } from 'node:zlib';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, onTestFinished } from 'vitest';
import { snapshotLimits } from '../../core/activity/snapshot.ts';
import { agentAudience } from '../../core/wire/agent.ts';
import { systemClock } from '../../operator/clock.ts';
import { isAllowed, reviewToken } from '../../operator/kube/reviews.ts';
import { findConfigMap } from '../../operator/kube/secrets.ts';
import { createServerMetrics } from '../../operator/server/metrics.ts';
import type { SnapshotUpload } from '../../operator/server/ports.ts';
import { startServer } from '../../operator/server/server.ts';
import { fetchText, type Call } from '../../operator/server/testing/https.ts';
import { smallSnapshot } from '../../operator/server/testing/snapshot.ts';
import { caConfigMap, ensureCertificate, serviceNames } from '../../operator/server/tls/keeper.ts';
import { TokenAuthenticator } from '../../operator/server/token-authenticator.ts';
import { test } from './api-server-test.ts';
import type { ApiServer } from './api-server.ts';
import { clientOf } from './kube.ts';

const namespace = 'default';

async function startOperator(apiServer: ApiServer) {
  const client = clientOf(apiServer);
  const registry = new Registry();
  const metrics = createServerMetrics(registry);
  const log = pino({ level: 'silent' });
  const clock = systemClock;
  const names = [...serviceNames('operator', namespace), '127.0.0.1'];
  const certificate = await ensureCertificate({ client, namespace, names, clock, metrics, log });
  const received: SnapshotUpload[] = [];
  const authenticator = (audience?: string): TokenAuthenticator =>
    new TokenAuthenticator({ review: (token) => reviewToken(client, token, audience), clock, metrics });
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    certificate,
    agents: {
      authenticator: authenticator(agentAudience),
      account: `system:serviceaccount:${namespace}:agent`,
      desired: { subscribe: () => () => undefined },
      reports: { report: () => undefined },
      blobs: async () => ({ kind: 'elsewhere' }),
      ingest: async (upload) => {
        received.push(upload);
        return { result: 'accepted' };
      },
      memory: { isScarce: false },
      clock,
      random: Math.random,
      metrics,
      log,
    },
    read: {
      authenticator: authenticator(),
      isAllowed: (who, question) => isAllowed(client, who, question),
      memory: { isScarce: false },
      status: {
        status: () => Promise.reject(new Error('not asked')),
        containers: () => ({ items: [] }),
        scheduling: () => ({ nodes: [] }),
      },
      profiles: async () => ({ kind: 'nothing' }),
      unknown: async () => ({ kind: 'nothing' }),
      registry,
      clock,
    },
  });
  onTestFinished(() => server.close());
  const ca = (await findConfigMap(client, { namespace, name: caConfigMap.name }))?.[caConfigMap.key] ?? '';
  const call = (given: Omit<Call, 'port' | 'ca'>) => fetchText({ ...given, port: server.port, ca });
  const refusals = async (): Promise<string[]> =>
    (await metrics.agentRequestsRefused.get()).values.map(({ labels, value }) => `${labels.reason} ${value}`);
  return { call, received, refusals };
}

/** Service accounts, and an agent pod on a node that exists only by name. */
async function addAccounts(apiServer: ApiServer, node: string): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `agent-${node}` },
    spec: { nodeName: node, serviceAccountName: 'agent', containers: [{ name: 'agent', image: 'agent' }] },
  };
  const accounts = ['agent', 'mallory'].map((name) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name },
  }));
  const other = { ...pod, metadata: { name: `mallory-${node}` }, spec: { ...pod.spec, serviceAccountName: 'mallory' } };
  const list = { apiVersion: 'v1', kind: 'List', items: [...accounts, pod, other] };
  await apiServer.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(list));
}

async function mint(apiServer: ApiServer, account: string, pod?: string, audience = agentAudience): Promise<string> {
  const bound = pod === undefined ? [] : ['--bound-object-kind=Pod', `--bound-object-name=${pod}`];
  return (await apiServer.kubectl(['create', 'token', account, `--audience=${audience}`, ...bound])).trim();
}

const upload = (token: string, body: Uint8Array = zstdCompressSync(JSON.stringify(smallSnapshot()))) => ({
  path: '/agent/v1/snapshots',
  token,
  body,
});

describe('agents', () => {
  test('are known by pod and node of their token, and by nothing that they say', async ({ apiServer }) => {
    await addAccounts(apiServer, 'n1');
    await addAccounts(apiServer, 'n2');
    const { call, received } = await startOperator(apiServer);
    const answer = await call(upload(await mint(apiServer, 'agent', 'agent-n2')));
    expect([answer.status, answer.text]).toEqual([200, '{"result":"accepted"}']);
    expect(received[0]?.agent).toMatchObject({ node: 'n2', podName: 'agent-n2' });
    expect(received[0]?.agent.podUid).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('are refused without token, for another audience, as another account and without a pod', async ({
    apiServer,
  }) => {
    await addAccounts(apiServer, 'n1');
    const { call, received, refusals } = await startOperator(apiServer);
    const wrongAudience = await mint(apiServer, 'agent', 'agent-n1', 'somebody.else');
    const apiServersAudience = await mint(apiServer, 'agent', 'agent-n1', 'https://kubernetes.default.svc');
    const otherAccount = await mint(apiServer, 'mallory', 'mallory-n1');
    const unbound = await mint(apiServer, 'agent');
    const good = await mint(apiServer, 'agent', 'agent-n1');
    const forged = `${good.slice(0, -4)}AAAA`;
    const statuses: number[] = [(await call({ path: '/agent/v1/snapshots', body: 'x' })).status];
    for (const token of [wrongAudience, apiServersAudience, forged, otherAccount, unbound]) {
      statuses.push((await call(upload(token))).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 403, 403]);
    expect(await refusals()).toEqual(['no-token 1', 'bad-token 3', 'other-account 1', 'no-node 1']);
    expect(received).toEqual([]);
  });

  test('lose their access with their pod', async ({ apiServer }) => {
    await addAccounts(apiServer, 'gone');
    const token = await mint(apiServer, 'agent', 'agent-gone');
    await apiServer.kubectl(['delete', 'pod', 'agent-gone', '--force', '--grace-period=0']);
    const { call } = await startOperator(apiServer);
    expect((await call(upload(token))).status).toBe(401);
  });

  test('are refused what is too large or malformed, each for its own reason', async ({ apiServer }) => {
    await addAccounts(apiServer, 'n1');
    const { call, received, refusals } = await startOperator(apiServer);
    const token = await mint(apiServer, 'agent', 'agent-n1');
    const bodies = [
      Buffer.alloc(snapshotLimits.compressedBytes + 1),
      zstdCompressSync(Buffer.alloc(snapshotLimits.jsonBytes + 1, 0x20)),
      Buffer.from('not zstd'),
      zstdCompressSync('{"formatVersion":'),
      zstdCompressSync('{}'),
    ];
    const statuses: number[] = [];
    for (const body of bodies) statuses.push((await call(upload(token, body))).status);
    expect(statuses).toEqual([413, 413, 400, 400, 400]);
    expect(await refusals()).toEqual([
      'too-large-compressed 1',
      'too-large-decompressed 1',
      'malformed-zstd 1',
      'malformed-json 1',
      'malformed-snapshot 1',
    ]);
    expect(received).toEqual([]);
  });

  test('are told to come back while the API server is away, and known ones still get in', async ({ apiServer }) => {
    await addAccounts(apiServer, 'n1');
    await addAccounts(apiServer, 'n2');
    const { call } = await startOperator(apiServer);
    const [known, unknown] = [await mint(apiServer, 'agent', 'agent-n1'), await mint(apiServer, 'agent', 'agent-n2')];
    expect((await call(upload(known))).status).toBe(200);
    await apiServer.kill();
    const statuses = [(await call(upload(known))).status, (await call(upload(unknown))).status];
    await apiServer.start();
    expect(statuses).toEqual([200, 503]);
    expect((await call(upload(unknown))).status).toBe(200);
  });
});

describe('readers', () => {
  test('need the right that a role of the cluster grants', async ({ apiServer }) => {
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'sees-scheduling' },
      rules: [{ apiGroups: ['workloadsecurity.dev'], resources: ['scheduling'], verbs: ['get'] }],
    };
    await apiServer.kubectl(['apply', '-f', '-'], JSON.stringify(role));
    for (const name of ['ann', 'ben']) await apiServer.kubectl(['create', 'serviceaccount', name]);
    await apiServer.kubectl([
      'create',
      'clusterrolebinding',
      'ann',
      '--clusterrole=sees-scheduling',
      '--serviceaccount=default:ann',
    ]);
    const { call } = await startOperator(apiServer);
    const tokenOf = async (name: string): Promise<string> =>
      (await apiServer.kubectl(['create', 'token', name])).trim();
    const get = async (token: string, path: string): Promise<number> => (await call({ path, token })).status;
    const [ann, ben] = [await tokenOf('ann'), await tokenOf('ben')];
    expect(await get(ann, '/api/v1/scheduling')).toBe(200);
    expect(await get(ben, '/api/v1/scheduling')).toBe(403);
    expect(await get(ann, '/metrics')).toBe(403);
    await addAccounts(apiServer, 'n1');
    const agents = await mint(apiServer, 'agent', 'agent-n1');
    expect(await get(agents, '/api/v1/scheduling')).toBe(401);
  });
});
