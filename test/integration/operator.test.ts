/** The whole operator as a process of its own, on a real API server and with a store that it finds. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { objectName } from '../../core/profile/object-name.ts';
import { openSqliteStore } from '../../operator/store/sqlite/sqlite-store.ts';
import type { ApiServer } from './api-server.ts';
import { test } from './kinds.ts';
import { learn } from './profile-controllers.ts';

const image = { name: 'docker.io/library/renewed', tag: 'latest' };
const namespace = 'workload-security';
/** Where the containers ran that taught: another build counts there. */
const teaching = 'shop';
const hour = 60 * 60_000;

/** A pod that runs, as a kubelet would show it. */
async function runPod(apiServer: ApiServer, digest: string): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'renewed', namespace: teaching },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'renewed' }] },
  };
  const running = {
    name: 'app',
    image: 'renewed',
    ready: true,
    restartCount: 0,
    containerID: `containerd://${'c'.repeat(64)}`,
    imageID: `docker.io/library/renewed@${digest}`,
    state: { running: { startedAt: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z/, 'Z') } },
  };
  const status = { status: { phase: 'Running', containerStatuses: [running] } };
  await apiServer.kubectl(['apply', '-f', '-'], JSON.stringify(pod));
  await apiServer.kubectl([
    'patch',
    'pod',
    'renewed',
    '--namespace',
    teaching,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify(status),
  ]);
}

/** Ends with the test, or when `stop` is called; resolves to its log. */
function startOperator(apiServer: ApiServer, dataDir: string, inNamespace = namespace) {
  const env = {
    PATH: process.env['PATH'] ?? '',
    KUBECONFIG: apiServer.kubeconfig,
    WSP_NAMESPACE: inNamespace,
    WSP_DATA_DIR: dataDir,
    WSP_LISTEN: '127.0.0.1:0',
    WSP_HEALTH_LISTEN: '127.0.0.1:0',
  };
  const main = join(import.meta.dirname, '..', '..', 'operator', 'main.ts');
  const operator = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let log = '';
  operator.stdout.setEncoding('utf8').on('data', (text: string) => (log += text));
  const stop = async (): Promise<number | null> => {
    if (operator.exitCode === null) {
      operator.kill('SIGTERM');
      await once(operator, 'exit');
    }
    return operator.exitCode;
  };
  onTestFinished(async () => void (await stop()));
  const terms = (): number => log.split('"operator is at work"').length - 1;
  return { stop, log: () => log, terms };
}

test('without the Lease everything ends, and begins again in the same process', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  const dataDir = await mkdtemp(join(tmpdir(), 'wsp-operator-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  await apiServer.kubectl(['create', 'namespace', 'again']);
  const { stop, log, terms } = startOperator(apiServer, dataDir, 'again');
  await expect.poll(terms, { interval: 100 }).toBe(1);
  // Somebody else, whose time is over soon.
  const spec = { holderIdentity: 'other', leaseDurationSeconds: 1 };
  const lease = ['patch', 'lease', 'workload-security-operator', '-n', 'again', '--type=merge'];
  await apiServer.kubectl([...lease, '-p', JSON.stringify({ spec })]);
  await expect.poll(terms, { interval: 100 }).toBe(2);
  expect(log()).toContain('lease lost');
  expect(await stop()).toBe(0);
});

test('a finished profile of a tag under which another build runs begins anew', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  const dataDir = await mkdtemp(join(tmpdir(), 'wsp-operator-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const path = join(dataDir, 'store.db');
  const before = await openSqliteStore({ path });
  await learn(before, image, 1, '/etc/one');
  await before.seal(image, 1, Date.now() - hour);
  await before.close();
  await apiServer.kubectl(['create', 'namespace', namespace]);
  await apiServer.kubectl(['create', 'namespace', teaching]);
  await runPod(apiServer, `sha256:${'b'.repeat(64)}`);

  const { stop, log } = startOperator(apiServer, dataDir);
  const reasons = ['get', 'events.events.k8s.io', '-n', 'default', '-o', 'jsonpath={.items[*].reason}'];
  await expect.poll(() => apiServer.kubectl(reasons), { interval: 500 }).toContain('LearningRestarted');
  const profiles = ['get', 'securityprofiles', objectName(image), '--ignore-not-found', '-o', 'name'];
  await expect.poll(() => apiServer.kubectl(profiles), { interval: 200 }).toBe('');
  expect(await stop()).toBe(0);
  expect(log()).toContain('another build runs under the tag');

  const after = await openSqliteStore({ path });
  expect(await after.archived(image)).toMatchObject([{ reason: 'relearned', profile: { state: 'stable' } }]);
  expect(await after.audit({ limit: 5 })).toMatchObject([{ action: 'new-digest', actor: 'operator' }]);
  expect(await after.profile(image)).toBeUndefined();
  await after.close();
});
