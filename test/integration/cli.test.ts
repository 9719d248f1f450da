/** `kubectl wsp` as people run it: bin/kubectl-wsp as a process, found by a real kubectl, against a real API server. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { profileAnnotations } from '../../crds/annotations.ts';
import type { SecurityProfile } from '../../crds/security-profile.ts';
import { objectName } from '../../core/profile/object-name.ts';
import { runCli } from '../../operator/cli/testing.ts';
import { isAllowed, reviewToken } from '../../operator/kube/reviews.ts';
import { connectAsUser } from '../../operator/kube/user-client.ts';
import { model } from '../../operator/server/profile-endpoint.ts';
import { found } from '../../operator/server/testing/found.ts';
import { startTestServer } from '../../operator/server/testing/test-server.ts';
import { FakeClock } from '../../operator/testing/fake-clock.ts';
import { build } from '../../hack/build.ts';
import type { ApiServer } from './api-server.ts';
import { findBinaries } from './binaries.ts';
import { test as base } from './kinds.ts';
import { sampleProfile, sampleStatus } from './sample-profile.ts';

const bin = join(import.meta.dirname, '..', '..', 'bin');

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function start(file: string, args: readonly string[], kubeconfig: string): Promise<Ended> {
  const binaries = findBinaries();
  const path = [bin, binaries.found ? binaries.directory : '', process.env['PATH'] ?? ''].join(delimiter);
  const env = { ...process.env, PATH: path, KUBECONFIG: kubeconfig, HOME: '/nonexistent' };
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args, { env, maxBuffer: 64 * 1024 * 1024 });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') throw error;
    const text = (key: 'stdout' | 'stderr'): string => (key in error ? String(Reflect.get(error, key)) : '');
    return { code: error.code, out: text('stdout'), err: text('stderr') };
  }
}

const wsp = (server: ApiServer, ...args: string[]): Promise<Ended> =>
  start(join(bin, 'kubectl-wsp'), args, server.kubeconfig);

const names = {
  nginx: objectName({ name: 'docker.io/library/nginx', tag: '1.27' }),
  app: objectName({ name: 'ghcr.io/shop/app', tag: 'v2' }),
};

function profiles(): SecurityProfile[] {
  const nginx = sampleProfile(names.nginx);
  const { behavior, evidence } = nginx.spec;
  const app = sampleProfile(names.app);
  return [
    { ...nginx, metadata: { ...nginx.metadata, annotations: { [profileAnnotations.keep]: 'yes' } } },
    {
      ...app,
      metadata: { name: names.app, labels: { team: 'shop' } },
      spec: {
        image: { name: 'ghcr.io/shop/app', tag: 'v2' },
        sealed: true,
        behavior: {
          ...behavior,
          processes: behavior.processes.map((one) => ({
            ...one,
            executable: '/usr/bin/python3',
            script: '/app/main.py',
          })),
          dns: [{ processId: '0000000000000000', name: 'redis.shop', types: ['A'], commonality: 67 }],
        },
        evidence: { ...evidence, workloads: ['shop/Deployment/app'] },
      },
    },
  ];
}

/** The plugin is built, and the profiles are there, once per file. */
const test = base.extend('ready', { scope: 'file' }, () => {
  let done: Promise<void> | undefined;
  return (server: ApiServer, installKinds: (server: ApiServer) => Promise<void>): Promise<void> =>
    (done ??= prepare(server, installKinds));
});

async function prepare(server: ApiServer, installKinds: (server: ApiServer) => Promise<void>): Promise<void> {
  await Promise.all([build(['kubectl-wsp']), installKinds(server)]);
  for (const profile of profiles()) {
    await server.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(profile));
    const status = JSON.stringify({ status: sampleStatus(1) });
    const patch = ['--subresource=status', '--type=merge', '-p', status];
    await server.kubectl(['patch', 'securityprofile', profile.metadata.name, ...patch]);
  }
}

test('kubectl finds the plugin, which lists profiles in the columns of kubectl get', async ({
  apiServer,
  withKinds,
  ready,
}) => {
  await ready(apiServer, withKinds);
  const { code, out, err } = await start('kubectl', ['wsp', 'profiles'], apiServer.kubeconfig);
  expect([code, err]).toEqual([0, '']);
  const lines = out.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^NAME +IMAGE +TAG +STATUS +COMMONALITY +SNAPSHOTS +CONTAINERS +UPDATED +AGE$/);
  expect(lines.slice(1)).toEqual([
    expect.stringMatching(new RegExp(`^${names.app} +ghcr.io/shop/app +v2 +Learning +97 +3 +3 `)),
    expect.stringMatching(new RegExp(`^${names.nginx} +docker.io/library/nginx +1.27 +Learning +97 +3 +3 `)),
  ]);
  const wide = await wsp(apiServer, 'profiles', '-o', 'wide');
  expect(wide.out).toMatch(/NODES +PROCESSES +FILES +DNS +NETWORK +LOST/);
});

test('a search finds by image, tag, namespace, workload, label, process, file and name', async ({
  apiServer,
  withKinds,
  ready,
}) => {
  await ready(apiServer, withKinds);
  const found = async (...args: string[]): Promise<string[]> => {
    const { code, out } = await wsp(apiServer, 'profiles', '-o', 'name', ...args);
    expect(code).toBe(0);
    const prefix = 'securityprofile.workloadsecurity.dev/';
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(prefix, ''));
  };
  const searches: [string[], string[]][] = [
    [[], [names.app, names.nginx]],
    [['--image', 'nginx'], [names.nginx]],
    [['--image', 'nginx:1.27'], [names.nginx]],
    [['--image', 'nginx:1.26'], []],
    [['--image', 'ghcr.io/*/app'], [names.app]],
    [['--image', 'ghcr.io/*'], []],
    [['--tag', 'v*'], [names.app]],
    [['-n', 'shop'], [names.app]],
    [['-n', 'sho'], []],
    [['--workload', 'deployment/nginx'], [names.nginx]],
    [['-l', 'team=shop'], [names.app]],
    [['--process', 'main.py'], [names.app]],
    [
      ['--file', '/etc/nginx/**'],
      [names.app, names.nginx],
    ],
    [['--file', '/etc/nginx/**', '--dns', 'redis'], [names.app]],
    [['--dns', '*.example.com'], []],
  ];
  for (const [args, expected] of searches) expect([args, await found(...args)]).toEqual([args, expected]);
  const { out } = await wsp(apiServer, 'profiles', '--dns', 'redis');
  expect(out).toMatch(/FOUND\n.* redis\.shop\n$/);
  const none = await wsp(apiServer, 'profiles', '--dns', 'nothing');
  expect(none).toMatchObject({ code: 0, out: '', err: 'No profile matches.\n' });
});

test('a list of more than one page is whole, as a table and as JSON', async ({ apiServer, withKinds, ready }) => {
  await ready(apiServer, withKinds);
  const many = Array.from({ length: 60 }, (_, index) => {
    const profile = sampleProfile(`page-${index}`);
    return { ...profile, metadata: { ...profile.metadata, labels: { many: 'yes' } } };
  });
  await apiServer.kubectl(
    ['apply', '--server-side', '-f', '-'],
    many.map((one) => JSON.stringify(one)).join('\n---\n'),
  );
  const { out } = await wsp(apiServer, 'profiles', '-l', 'many=yes', '-o', 'json');
  expect(JSON.parse(out)).toMatchObject({ kind: 'List' });
  expect(out.match(/"name": "page-/g)).toHaveLength(60);
  const table = await wsp(apiServer, 'profiles', '-l', 'many=yes');
  expect(table.out.trimEnd().split('\n')).toHaveLength(61);
  await apiServer.kubectl(['delete', 'securityprofiles', '-l', 'many=yes']);
});

test('an exported profile is taken by another cluster as it is', async ({ apiServer, withKinds, ready }) => {
  await ready(apiServer, withKinds);
  for (const format of ['yaml', 'json']) {
    const { code, out } = await wsp(apiServer, 'profile', 'export', 'ghcr.io/shop/app:v2', '-o', format);
    expect(code).toBe(0);
    const [, app] = profiles();
    expect(parse(out)).toEqual(app);
    // The other cluster: this one without the profile.
    await apiServer.kubectl(['delete', 'securityprofile', names.app]);
    await apiServer.kubectl(['apply', '--server-side', '--field-manager=import', '-f', '-'], out);
    const again = await wsp(apiServer, 'profile', 'export', names.app, '-o', format);
    expect(again.out).toBe(out);
  }
  const kept = parse((await wsp(apiServer, 'profile', 'export', 'nginx:1.27', '--status')).out) as unknown;
  expect(kept).toMatchObject({
    metadata: { name: names.nginx, annotations: { [profileAnnotations.keep]: 'yes' } },
    status: { state: 'Learning', commonality: 97 },
  });
});

test('two profiles of the cluster, and one of a file, are compared and shown', async ({
  apiServer,
  withKinds,
  ready,
}) => {
  await ready(apiServer, withKinds);
  const directory = mkdtempSync(join(tmpdir(), 'wsp-cli-'));
  try {
    const diff = await wsp(apiServer, 'profile', 'diff', 'nginx:1.27', names.app, '--exit-code');
    expect([diff.code, diff.err]).toEqual([1, '']);
    expect(diff.out).toContain('+ process /usr/bin/python3 /app/main.py: entrypoint 100 %');
    const file = join(directory, 'app.yaml');
    writeFileSync(file, (await wsp(apiServer, 'profile', 'export', names.app)).out);
    const same = await wsp(apiServer, 'profile', 'diff', file, names.app, '--exit-code');
    expect(same.code).toBe(0);
    expect(same.out).toContain('No difference');
    const shown = await wsp(apiServer, 'profile', 'show', 'nginx:1.27');
    expect(shown.out).toMatch(/commonality +97 %\nnot complete Only 3 snapshots so far\./);
    expect(shown.out).toContain('└─ /usr/sbin/nginx 100 % (up to 3 at once)');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

const reader = { name: 'workload-security-model-reader', namespace: 'workload-security' };

/** What the plugin needs of the operator's namespace, and whom its tokens are of. */
function operatorObjects(ca: string): unknown[] {
  const { name, namespace } = reader;
  const rbac = 'rbac.authorization.k8s.io';
  const rules = [{ apiGroups: ['workloadsecurity.dev'], resources: ['securityprofiles/model'], verbs: ['get'] }];
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'workload-security-ca', namespace },
      data: { 'ca.crt': ca },
    },
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'workload-security-operator', namespace },
      spec: { holderIdentity: 'operator-0_uid' },
    },
  ];
}

test('a profile is compared with what it was, by a token that the API server gave and reviews', async ({
  apiServer,
  withKinds,
  ready,
}) => {
  await ready(apiServer, withKinds);
  const client = connectAsUser({ kubeconfig: apiServer.kubeconfig });
  const [, app] = profiles();
  const asked: unknown[] = [];
  const { server, authority } = await startTestServer(new FakeClock(Date.now()), {
    review: (token) => reviewToken(client, token),
    isAllowed: (who, question) => isAllowed(client, who, question),
    profiles: (name, at) => {
      asked.push([name, at]);
      if (app === undefined || name !== names.app) return Promise.resolve({ kind: 'nothing' });
      const { spec, ...rest } = app;
      return Promise.resolve(found({ ...rest, spec: { ...spec, behavior: { ...spec.behavior, dns: [] } } }));
    },
  });
  for (const object of operatorObjects(authority.cert)) {
    await apiServer.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(object));
  }
  // Rights hold a moment after they were given, and a refusal would be remembered.
  const account = {
    username: `system:serviceaccount:${reader.namespace}:${reader.name}`,
    uid: '',
    groups: [],
    extra: {},
  };
  await expect.poll(() => isAllowed(client, account, model)).toBe(true);
  const diff = (...words: string[]) =>
    runCli(['profile', 'diff', ...words], {
      connect: () => client,
      // Only a kubelet has a way to a pod.
      tunnel: () => Promise.resolve(connect(server.port, '127.0.0.1')),
    });
  const reference = 'ghcr.io/shop/app:v2';
  const { code, out, err } = await diff(reference, names.app, '--before-at', '2029-12-31', '--exit-code');
  expect([code, err]).toEqual([1, '']);
  expect(out).toContain(
    `${reference} (as it was at 2029-12-31T00:00:00.000Z) -> ${reference}\n1 new, 0 changed, 0 gone.`,
  );
  expect(out).toContain('+ name redis.shop: A');
  expect(asked).toEqual([[names.app, Date.parse('2029-12-31')]]);
});

test('relearn and forget leave a mark for the operator, also on a sealed profile', async ({
  apiServer,
  withKinds,
  ready,
}) => {
  await ready(apiServer, withKinds);
  const action = async (): Promise<string> =>
    apiServer.kubectl(['get', 'securityprofile', names.app, '-o', `jsonpath={.metadata.annotations}`]);
  const asked = await wsp(apiServer, 'profile', 'relearn', names.app);
  expect(asked.code).toBe(2);
  expect(asked.err).toContain('add --yes if it is what you want');
  const world = { connect: () => connectAsUser({ kubeconfig: apiServer.kubeconfig }) };
  const refused = await runCli(['profile', 'forget', names.app], { ...world, answer: '' });
  expect(refused).toMatchObject({ code: 3, out: '' });
  expect(await action()).not.toContain(profileAnnotations.action);
  const answered = await runCli(['profile', 'forget', names.app], { ...world, answer: 'y' });
  expect(answered.err).toContain('was learned from 3 snapshots of 3 containers');
  expect(await action()).toContain(`"${profileAnnotations.action}":"forget"`);
  const relearned = await wsp(apiServer, 'profile', 'relearn', 'ghcr.io/shop/app:v2', '--yes');
  expect(relearned.code).toBe(0);
  expect(relearned.out).toContain(`asked to relearn ${names.app}`);
  expect(await action()).toContain(`"${profileAnnotations.action}":"relearn"`);
  const { out } = await wsp(apiServer, 'profile', 'export', names.app);
  expect(out).not.toContain(profileAnnotations.action);
});

test('what goes wrong is said with what to do', async ({ apiServer, withKinds, ready }) => {
  await ready(apiServer, withKinds);
  const missing = await wsp(apiServer, 'profile', 'export', 'nginx:0');
  expect(missing).toMatchObject({ code: 3, out: '' });
  expect(missing.err).toMatch(/there is no profile nginx:0: .*\n +kubectl wsp profiles lists what there is/);
  const context = await wsp(apiServer, 'profiles', '--context', 'other');
  expect(context.err).toMatch(/the kubeconfig has no context "other"; it has \w+/);
  const none = await start(join(bin, 'kubectl-wsp'), ['profiles'], '');
  expect(none.err).toContain('neither --kubeconfig, nor KUBECONFIG, nor ~/.kube/config');
  const gone = await start(join(bin, 'kubectl-wsp'), ['profiles', '--kubeconfig', '/nonexistent'], '');
  expect(gone.err).toContain('cannot use the kubeconfig: ');
  const selector = await wsp(apiServer, 'profiles', '-l', 'a in (');
  expect(selector.err).toContain('unable to parse requirement');
  for (const ended of [context, none, gone, selector]) expect(ended).toMatchObject({ code: 3, out: '' });
});

test('a person without rights, an expired login and a server that is away are told apart', async ({
  apiServer,
  withKinds,
  ready,
}) => {
  await ready(apiServer, withKinds);
  await apiServer.kubectl(['create', 'serviceaccount', 'newcomer']);
  const token = (await apiServer.kubectl(['create', 'token', 'newcomer'])).trim();
  const { out: config } = await start('kubectl', ['config', 'view', '--raw', '-o', 'json'], apiServer.kubeconfig);
  const directory = mkdtempSync(join(tmpdir(), 'wsp-cli-'));
  const as = async (change: (config: string) => string): Promise<Ended> => {
    const file = join(directory, 'kubeconfig');
    writeFileSync(file, change(config), { mode: 0o600 });
    return start(join(bin, 'kubectl-wsp'), ['profiles'], file);
  };
  try {
    const withToken = (other: string) => (text: string) => text.replace(/"token": ?"[^"]*"/, `"token": "${other}"`);
    expect((await as(withToken(token))).err).toMatch(/403 .*\n +ask for a role/);
    expect((await as(withToken('expired'))).err).toMatch(/401 .*\n +the API server does not know you/);
    const away = await as((text) => text.replace(apiServer.url, 'https://127.0.0.1:49'));
    expect(away.err).toMatch(/ECONNREFUSED.*\n +cannot reach the API server/);
    expect(away.code).toBe(3);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('kubectl completes commands and names of profiles', async ({ apiServer, withKinds, ready }) => {
  await ready(apiServer, withKinds);
  const { out } = await start('kubectl', ['__complete', 'wsp', 'profile', 'show', 'ng'], apiServer.kubeconfig);
  expect(out.split('\n')).toEqual([names.nginx, ':4', '']);
});

test('a cluster without Workload Security is told from one without profiles', async ({
  apiServer,
  withKinds,
  ready,
}) => {
  await ready(apiServer, withKinds);
  await apiServer.kubectl(['delete', 'securityprofiles', '--all']);
  const empty = await wsp(apiServer, 'profiles');
  expect(empty).toMatchObject({ code: 0, out: '' });
  expect(empty.err).toContain('There are no profiles yet');
  await apiServer.kubectl(['delete', 'crd', 'securityprofiles.workloadsecurity.dev']);
  for (const args of [['profiles'], ['profile', 'show', 'nginx:1.27']]) {
    await expect
      .poll(async () => (await wsp(apiServer, ...args)).err)
      .toMatch(/the cluster knows no SecurityProfiles\n +is Workload Security installed/);
  }
});
