/** Containers of every kind that a pod can have, and the ways in which commands come into them from outside. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor, Snapshot } from '../../../core/activity/snapshot.ts';
import { run } from '../cluster.ts';
import { within, type Product } from './product.ts';
import { readStore } from './store-copy.ts';

const inNamespace = 'scope';
/** A name of its own for an image that is there, so that what happens here teaches no sample. */
const image = 'localhost/samples/scope:1';

const container = (name: string, script: string, more = ''): string =>
  `{ name: ${name}, image: ${image}, imagePullPolicy: Never, command: [sh, -c, '${script}']${more} }`;

const pod = (name: string, spec: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${inNamespace} }
spec: { automountServiceAccountToken: false, terminationGracePeriodSeconds: 0, ${spec} }
`;

const probe = `, readinessProbe: { exec: { command: [cat, /etc/passwd] }, periodSeconds: 2 }, lifecycle: { postStart: { exec: { command: [cat, /etc/group] } } }`;
const resources = (kind: string): string => `, resources: { ${kind}: { cpu: 10m, memory: 32Mi } }`;

const pods = [
  pod(
    'parts',
    `initContainers: [${container('first', ': < /etc/issue')}, { name: shortest, image: ${image}, imagePullPolicy: Never, command: ['true'] }],
     containers: [${container('main', 'sleep 600 & wait', probe)}]`,
  ),
  pod('again', `restartPolicy: OnFailure, containers: [${container('twice', 'sleep 1; exit 1')}]`),
  pod('host', `hostPID: true, hostNetwork: true, containers: [${container('main', ': < /etc/hosts; sleep 600')}]`),
  pod('burstable', `containers: [${container('main', ': < /etc/fstab; sleep 600', resources('requests'))}]`),
  pod('guaranteed', `containers: [${container('main', ': < /etc/shells; sleep 600', resources('limits'))}]`),
];

const state = z.object({ containerID: z.string().optional() });
const status = z.object({
  name: z.string(),
  containerID: z.string().optional(),
  lastState: z.object({ terminated: state.optional() }).default({}),
});
const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({
        initContainerStatuses: z.array(status).default([]),
        containerStatuses: z.array(status).default([]),
        ephemeralContainerStatuses: z.array(status).default([]),
      }),
    }),
  ),
});

/** IDs by `pod/container`; of one that was restarted also the one before, as `pod/container before`. */
async function containerIds(product: Product): Promise<Map<string, string>> {
  const text = await product.cluster.kubectl('-n', inNamespace, 'get', 'pods', '-o', 'json');
  const idOf = (id: string): string => id.replace(/^.*:\/\//, '');
  const ids = new Map<string, string>();
  for (const { metadata, status: all } of podList.parse(JSON.parse(text)).items) {
    for (const each of [...all.initContainerStatuses, ...all.containerStatuses, ...all.ephemeralContainerStatuses]) {
      const before = each.lastState.terminated?.containerID;
      if (each.containerID !== undefined) ids.set(`${metadata.name}/${each.name}`, idOf(each.containerID));
      if (before !== undefined) ids.set(`${metadata.name}/${each.name} before`, idOf(before));
    }
  }
  return ids;
}

/** Files that this actor read, over all snapshots of a container. */
function readsOf(snapshots: readonly Snapshot[], actor: Actor): string[] {
  return snapshots.flatMap(({ files }) => files.filter(({ actors }) => actors.includes(actor)).map(({ path }) => path));
}

async function makePods(product: Product): Promise<void> {
  const { cluster } = product;
  await cluster.inNode('ctr', '-n', 'k8s.io', 'images', 'tag', 'localhost/samples/report:1', image);
  await cluster.kubectl('create', 'namespace', inNamespace);
  await cluster.apply(pods.join('---'));
  await cluster.kubectl('-n', inNamespace, 'wait', '--for=condition=Ready', 'pod/parts', '--timeout=300s');
}

/** What a person does: a command, one at a terminal, and a container beside the one that runs. */
async function comeIn({ cluster }: Product): Promise<void> {
  const exec = ['-n', inNamespace, 'exec', 'parts', '-c', 'main'];
  await cluster.kubectl(...exec, '--', 'cat', '/etc/networks');
  const typed = await run('script', [
    '-qec',
    [...(await cluster.kubectlCommand()), ...exec, '-it', '--', 'cat', '/etc/motd'].join(' '),
    '/dev/null',
  ]);
  expect(typed.code).toBe(0);
  const debug = ['debug', 'parts', `--image=${image}`, '--image-pull-policy=Never', '--container=beside'];
  await cluster.kubectl('-n', inNamespace, ...debug, '--', 'sh', '-c', ': < /etc/services; sleep 600');
}

export function scopeTests(product: Product): void {
  test('init, restarted, ephemeral and host containers, all classes of pods, all ways in', async () => {
    await makePods(product);
    await comeIn(product);
    await within(150, async () => {
      const ids = await containerIds(product);
      const all = (await readStore(product)).snapshots.map(({ snapshot }) => snapshot);
      const of = (name: string): Snapshot[] => all.filter(({ container: { id } }) => id === ids.get(name));
      const reads = (name: string, actor: Actor): string[] => readsOf(of(name), actor);
      expect(reads('parts/first', 'entrypoint')).toContain('/etc/issue');
      expect(of('parts/shortest')[0]?.processes.map(({ executable }) => executable)).toEqual(['/usr/bin/true']);
      expect(reads('parts/main', 'probe')).toContain('/etc/passwd');
      expect(reads('parts/main', 'probe')).toContain('/etc/group');
      expect(reads('parts/main', 'exec')).toContain('/etc/networks');
      expect(reads('parts/main', 'interactive')).toContain('/etc/motd');
      expect(reads('parts/beside', 'entrypoint')).toContain('/etc/services');
      for (const name of ['again/twice', 'again/twice before']) {
        expect(of(name)[0]?.processes.map(({ executable }) => executable)).toEqual(['/usr/bin/dash', '/usr/bin/sleep']);
      }
      expect(reads('host/main', 'entrypoint')).toContain('/etc/hosts');
      expect(reads('burstable/main', 'entrypoint')).toContain('/etc/fstab');
      expect(reads('guaranteed/main', 'entrypoint')).toContain('/etc/shells');
      for (const name of ids.keys()) expect([name, of(name)[0]?.startSeen]).toEqual([name, true]);
    });
    const { spec } = await product.profile('scope:1');
    const known = spec.behavior.files.map(({ path }) => path);
    expect(known).toContain('/etc/networks');
    expect(known).not.toContain('/etc/motd');
    expect(known).not.toContain('/etc/passwd');
    await product.cluster.kubectl('delete', 'namespace', inNamespace, '--wait=false');
  });
}
