/** Two real clusters side by side: they work, heal what is killed, do not know each other, and go without a trace. */
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { binaries, Cluster, eventually, hostFootprint, link, ran, whyNoCluster } from './cluster.ts';

const home = mkdtempSync(join(tmpdir(), 'wsp-e2e-'));
const left = new Cluster(`e2e-left-${process.pid}`, home);
const right = new Cluster(`e2e-right-${process.pid}`, home);
const image = 'localhost/wsp-e2e-kubectl:1';

const reason = await whyNoCluster();
const before = reason === undefined ? await hostFootprint() : {};

/** The only program in the image is kubectl: a resolver, an HTTP client and a writer of files in one static binary. */
async function buildImage(archive: string): Promise<void> {
  const env = { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' };
  const buildah = async (...args: string[]): Promise<string> =>
    ran('buildah', ['--root', join(home, 'buildah'), '--runroot', join(home, 'buildah-run'), ...args], { env });
  const container = (await buildah('from', 'scratch')).trim();
  await buildah('copy', '--chmod', '0755', container, join(await binaries(), 'kubectl'), '/kubectl');
  await buildah('config', '--entrypoint', '["/kubectl"]', container);
  await buildah('commit', '--quiet', container, `oci-archive:${archive}:${image}`);
}

/** Not root, a volume of the default class to write to, and a Service to reach by name before that. */
const job = (name: string): string => `
apiVersion: v1
kind: Service
metadata: { name: dns-health, namespace: kube-system }
spec: { selector: { k8s-app: kube-dns }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: batch/v1
kind: Job
metadata: { name: ${name} }
spec:
  backoffLimit: 20
  template:
    spec:
      restartPolicy: OnFailure
      automountServiceAccountToken: false
      securityContext: { runAsUser: 1000, runAsGroup: 1000, runAsNonRoot: true, fsGroup: 1000 }
      initContainers:
        - name: ask
          image: ${image}
          args: [get, --raw, /health, '--server=http://dns-health.kube-system.svc.cluster.local']
      containers:
        - name: write
          image: ${image}
          args: [config, set-cluster, ${name}, --kubeconfig=/data/written]
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, persistentVolumeClaim: { claimName: ${name} } }]
`;

async function volumePhases(cluster: Cluster): Promise<string[]> {
  return (await cluster.kubectl('get', 'pv', '-o', 'jsonpath={.items[*].status.phase}')).split(' ');
}

const volumeFiles = (cluster: Cluster): string[] =>
  readdirSync(join(cluster.state, 'volumes'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.includes('/'),
  );

const theOnly = (cluster: Cluster, name: string): number => {
  const ids = cluster.processes().get(name) ?? [];
  expect(ids, `processes ${name} of ${cluster.name}`).toHaveLength(1);
  return ids[0] ?? 0;
};

/** Ids of what never ends by itself. Components also start programs that do, within moments. */
const lasting = (cluster: Cluster): number[] =>
  ['etcd', 'kube-apiserver', 'kubelet', 'containerd', 'runsvdir'].map((name) => theOnly(cluster, name));

describe('two native clusters side by side', () => {
  let network = '';
  beforeAll(async () => {
    if (reason !== undefined) return;
    await Promise.all([left.do('up'), right.do('up')]);
    network = link(`/proc/${theOnly(left, 'runsvdir')}/ns/net`);
  });

  beforeEach(({ skip }) => {
    if (reason !== undefined) skip(reason);
  });

  afterAll(async () => {
    if (reason === undefined) await Promise.all([left.try('down'), right.try('down')]);
    rmSync(home, { recursive: true, force: true });
  });

  test('both are Ready, each at an address of its own', async () => {
    const path = 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}';
    const addresses = await Promise.all([left, right].map((cluster) => cluster.kubectl('get', 'nodes', '-o', path)));
    expect(addresses[0]).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(addresses[0]).not.toBe(addresses[1]);
    expect(addresses).not.toContain('127.0.0.1');
    expect(await Promise.all([left.ready(), right.ready()])).toEqual([true, true]);
  });

  test('up on a running cluster changes no process', async () => {
    const ids = lasting(right);
    await right.do('up');
    expect(lasting(right)).toEqual(ids);
  });

  test('a pod reaches a Service by name and writes to a volume, which is empty and free again afterwards', async () => {
    const archive = join(home, 'kubectl.tar');
    await buildImage(archive);
    expect(await left.do('load-image', archive)).toContain(image);
    // What is there already is not loaded again.
    expect(await left.do('load-image', archive)).toBe('');

    await left.apply(job('before'));
    await left.kubectl('wait', '--for=condition=Complete', 'job/before', '--timeout=300s');
    expect(await left.kubectl('logs', 'job/before', '-c', 'ask')).toContain('OK');
    expect(volumeFiles(left).map((file) => file.split('/').at(-1))).toEqual(['written']);

    await left.kubectl('delete', 'job/before', 'pvc/before', '--wait');
    await eventually('all volumes are available', 30, async () =>
      (await volumePhases(left)).every((phase) => phase === 'Available'),
    );
    expect(volumeFiles(left)).toEqual([]);
  });

  // Killed one after the other, the next as soon as the last is back: the state in which mistakes in the order of starts show.
  // The kernel cuts names of processes to 15 characters.
  test.for([
    'etcd',
    'kube-apiserver',
    'containerd',
    'kubelet',
    'kube-controller',
    'kube-scheduler',
    'kube-proxy',
    'svlogd',
    'runsv',
  ])('kill -9 of %s heals by itself', async (name) => {
    // What the one that was killed before took with it may not be back yet.
    await eventually(`${name} runs`, 45, () => left.processes().has(name));
    const before = left.processes().get(name) ?? [];
    expect(before.length).toBeGreaterThan(0);
    const victim = before[0] ?? 0;
    process.kill(victim, 'SIGKILL');
    await eventually(`${name} runs again and the node is Ready`, 45, async () => {
      const now = left.processes().get(name) ?? [];
      return !now.includes(victim) && now.length === before.length && (await left.ready());
    });
  });

  test('kill -9 of the supervisor heals with up, and no container noticed any of this', async () => {
    process.kill(theOnly(left, 'runsvdir'), 'SIGKILL');
    expect(await left.do('up')).toContain('is ready');
    await left.apply(job('after'));
    await left.kubectl('wait', '--for=condition=Complete', 'job/after', '--timeout=300s');
    const path = 'jsonpath={.items[*].status.containerStatuses[*].restartCount}';
    expect(await left.kubectl('-n', 'kube-system', 'get', 'pods', '-o', path)).toBe('0');
  });

  test('down without sockets and supervision files leaves nothing, and does not touch the neighbour', async () => {
    const neighbour = lasting(right);
    expect(left.traces(network).length).toBeGreaterThan(10);
    process.kill(theOnly(left, 'containerd'), 'SIGKILL');
    for (const lost of ['run', 'services', 'pki']) rmSync(join(left.state, lost), { recursive: true, force: true });
    expect(await left.do('down')).toContain('is gone');
    expect(left.traces(network)).toEqual([]);
    expect(await right.ready()).toBe(true);
    expect(lasting(right)).toEqual(neighbour);
  });

  test('down with the state folder lost leaves nothing either; a second down has nothing to do', async () => {
    const namespace = link(`/proc/${theOnly(right, 'runsvdir')}/ns/net`);
    renameSync(right.state, join(home, 'lost'));
    expect(await right.do('down')).toContain('is gone');
    expect(right.traces(namespace)).toEqual([]);
    expect(await right.do('down')).toContain('does not exist');
    expect(await hostFootprint()).toEqual(before);
  });

  test('a name that cannot be part of a path is refused before anything is done', async () => {
    const outcome = await new Cluster('../else', home).try('up');
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('is no name for a cluster');
  });
});
