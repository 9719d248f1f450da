import { describe, expect, it } from 'vitest';
import { commandDigest } from '../../core/wire/command-digest.ts';
import { projectPod, type PodProjection } from './pod.ts';
import { at, epoch, idOf, type PodChanges, rawPod, running, terminated } from './testing/objects.ts';

function projected(changes: PodChanges = {}): PodProjection {
  const projection = projectPod(rawPod(changes));
  if (!projection.ok) throw new Error(projection.problem);
  return projection.value;
}

describe('projection of a pod', () => {
  it('keeps the labels that the settings name, and no others', () => {
    const raw = rawPod({ labels: { team: 'shop', env: 'prod', secret: 'x' } });
    expect(projectPod(raw, ['team', 'env', 'service'])).toMatchObject({
      value: { labels: { team: 'shop', env: 'prod' } },
    });
    expect(projectPod(raw, ['service'])).not.toHaveProperty('value.labels');
  });

  it('keeps what the operator needs, in less than 1 KiB', () => {
    const handler = (name: string) => ({ exec: { command: [name] } });
    const hooks = { postStart: handler('/start'), preStop: handler('/stop') };
    const probes = { startupProbe: handler('/1'), readinessProbe: handler('/2'), livenessProbe: handler('/3') };
    const containers = [{ name: 'web', image: 'nginx:1.27', lifecycle: hooks, ...probes }];
    const pod = projected({ labels: { 'app.kubernetes.io/part-of': 'shop' }, spec: { containers } });
    expect(pod).toEqual({
      uid: '0a7d9c3e-5a0f-4a41-9f0e-3d5d7a3a9b11',
      namespace: 'shop',
      name: 'web-6d4cf56db6-x7k2p',
      partOf: 'shop',
      node: 'node-1',
      workload: { kind: 'Deployment', name: 'web' },
      addresses: ['10.244.0.9'],
      since: epoch + 1_000,
      finished: false,
      containers: [
        {
          id: idOf(1),
          name: 'web',
          kind: 'container',
          image: { name: 'docker.io/library/nginx', tag: '1.27' },
          digest: `sha256:${'d'.repeat(64)}`,
          startedAt: epoch + 2_000,
        },
      ],
      cgroupUid: '0a7d9c3e-5a0f-4a41-9f0e-3d5d7a3a9b11',
      probes: [
        { container: 'web', digests: ['/1', '/2', '/3', '/start', '/stop'].map((name) => commandDigest([name])) },
      ],
    });
    expect(JSON.stringify(pod).length).toBeLessThan(1_024);
  });

  it('takes images from the spec: two tags of one image ID are two images', () => {
    const [one] = projected().containers;
    const [other] = projected({ spec: { containers: [{ name: 'web', image: 'nginx:stable' }] } }).containers;
    expect([one?.image.tag, other?.image.tag]).toEqual(['1.27', 'stable']);
    expect(one?.digest).toBe(other?.digest);
  });

  it('knows init and ephemeral containers, and runs before the present one', () => {
    const pod = projected({
      spec: {
        containers: [{ name: 'web', image: 'nginx:1.27' }],
        initContainers: [{ name: 'setup', image: 'busybox' }],
        ephemeralContainers: [{ name: 'debug', image: 'ghcr.io/tools/debug:1' }],
      },
      status: {
        containerStatuses: [{ ...running('web', idOf(2), at(60)), lastState: terminated(idOf(1), at(2), at(50)) }],
        initContainerStatuses: [{ ...running('setup', idOf(3)), state: terminated(idOf(3), at(1), at(2)) }],
        ephemeralContainerStatuses: [running('debug', idOf(4), at(70))],
      },
    });
    expect(pod.containers.map(({ id, kind, image, finishedAt }) => [id, kind, image.name, finishedAt])).toEqual([
      [idOf(3), 'init', 'docker.io/library/busybox', epoch + 2_000],
      [idOf(2), 'container', 'docker.io/library/nginx', undefined],
      [idOf(1), 'container', 'docker.io/library/nginx', epoch + 50_000],
      [idOf(4), 'ephemeral', 'ghcr.io/tools/debug', undefined],
    ]);
  });

  it('shows a crashed container that waits to be started again as ended', () => {
    const waiting = {
      ...running('web', idOf(1)),
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: terminated(idOf(1), at(2), at(3)),
    };
    expect(projected({ status: { containerStatuses: [waiting] } }).containers).toMatchObject([
      { id: idOf(1), finishedAt: epoch + 3_000 },
    ]);
  });

  it.each([
    ['a Deployment', {}, 'Deployment/web'],
    ['a ReplicaSet of nobody', { owner: { kind: 'ReplicaSet', name: 'single' } }, 'ReplicaSet/single'],
    ['a CronJob', { owner: { kind: 'Job', name: `report-${epoch / 60_000}` } }, 'CronJob/report'],
    ['a Job with a number of its own', { owner: { kind: 'Job', name: 'import-20260101' } }, 'Job/import-20260101'],
    ['a StatefulSet', { owner: { kind: 'StatefulSet', name: 'db' } }, 'StatefulSet/db'],
    ['nobody', { owner: undefined, name: 'lonely' }, 'Pod/lonely'],
    ['a kubelet', { owner: { kind: 'Node', name: 'node-1' }, name: 'etcd-node-1' }, 'Pod/etcd'],
  ] satisfies [string, PodChanges, string][])('belongs to %s', (_, changes, workload) => {
    const { kind, name } = projected(changes).workload;
    expect(`${kind}/${name}`).toBe(workload);
  });

  it('has no address of its own on the network of its node', () => {
    expect(projected({ spec: { hostNetwork: true, nodeName: 'node-1' } }).addresses).toEqual([]);
  });

  it('is known on its node by the hash of its manifest if it is static, and by no other name', () => {
    const named = (hash: string): string =>
      projected({ annotations: { 'kubernetes.io/config.hash': hash, other: 'x' } }).cgroupUid;
    expect(named('a'.repeat(32))).toBe('a'.repeat(32));
    expect(named('6f2c1a04-9d3e-4b7a-8c55-1e2f3a4b5c6d')).toBe('0a7d9c3e-5a0f-4a41-9f0e-3d5d7a3a9b11');
  });

  it('is empty before it was scheduled', () => {
    const { metadata } = rawPod();
    expect(projectPod({ metadata, spec: { containers: [{ name: 'web', image: 'nginx' }] } })).toMatchObject({
      ok: true,
      value: { node: '', containers: [], addresses: [] },
    });
  });

  it('leaves out a container whose ID or image cannot be read', () => {
    const odd = { ...running('web', 'short'), containerID: 'containerd://../../etc' };
    expect(projected({ status: { containerStatuses: [odd, running('ghost', idOf(5))] } }).containers).toEqual([]);
  });

  it('says what is wrong with something else', () => {
    expect(projectPod({ kind: 'Status' })).toMatchObject({
      ok: false,
      problem: expect.stringContaining('metadata') as unknown,
    });
  });
});
