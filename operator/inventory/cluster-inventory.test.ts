import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { JumpingClock } from '../testing/jumping-clock.ts';
import { ClusterInventory, type Feed } from './cluster-inventory.ts';
import { ContainerIndex } from './container-index.ts';
import type { PeerQuestion, ResolvedPeer } from './inventory.ts';
import { projectPod } from './pod.ts';
import { projectEndpointSlice, projectNode, projectService } from './service.ts';
import {
  at,
  epoch,
  idOf,
  type PodChanges,
  rawNode,
  rawPod,
  rawService,
  rawSlice,
  running,
  type ServiceChanges,
  type SliceChanges,
} from './testing/objects.ts';

const minute = 60_000;
const year = 365 * 24 * 60 * minute;
const now = epoch + 10 * minute;
let clock: FakeClock;
let inventory: ClusterInventory;

function project<Value>(result: { ok: true; value: Value } | { ok: false; problem: string }): Value {
  if (!result.ok) throw new Error(result.problem);
  return result.value;
}

function add<Value>(feed: Feed<Value>, key: string, value: Value): { update(next: Value): void; remove(): void } {
  let old = value;
  feed({ type: 'added', key, value });
  return {
    update: (next) => {
      feed({ type: 'updated', key, value: next, old });
      old = next;
    },
    remove: () => feed({ type: 'deleted', key, value: old }),
  };
}

const pod = (changes: PodChanges = {}) => project(projectPod(rawPod(changes)));
const addPod = (changes: PodChanges = {}) => add(inventory.feeds.pods, `shop/${changes.name ?? 'web'}`, pod(changes));
const addService = (changes: ServiceChanges = {}) =>
  add(inventory.feeds.services, changes.name ?? 'redis', project(projectService(rawService(changes))));
const addSlice = (changes: SliceChanges = {}) =>
  add(
    inventory.feeds.endpointSlices,
    `${changes.service ?? 'redis'}-abcde`,
    project(projectEndpointSlice(rawSlice(changes))),
  );
const ask = (address: string, port = 80, changes: Partial<PeerQuestion> = {}): ResolvedPeer =>
  inventory.resolve({ address, port, protocol: 'tcp', at: now, ...changes });

beforeEach(() => {
  clock = new FakeClock(now);
  inventory = new ClusterInventory({ clusterRanges: [], clock });
});

describe('peers', () => {
  const redis = { peer: { kind: 'service', namespace: 'shop', name: 'redis' }, port: 6379 };

  it('are Services, by their own address and by that of a pod behind them', () => {
    addService();
    addPod({ uid: 'redis-uid', name: 'redis-0', ip: '10.244.0.20', owner: { kind: 'StatefulSet', name: 'redis' } });
    addSlice({ podUid: 'redis-uid' });
    expect(ask('10.96.0.7', 6379)).toEqual(redis);
    expect(ask('10.244.0.20', 16_379)).toEqual(redis);
    const statefulSet = { kind: 'workload', namespace: 'shop', workload: 'StatefulSet', name: 'redis' };
    expect(ask('10.244.0.20', 22)).toEqual({ peer: statefulSet, port: 22 });
    expect(ask('10.244.0.20', 16_379, { protocol: 'udp' })).toEqual({ peer: statefulSet, port: 16_379 });
  });

  it('are the Service with an address, then the first by name, when several share a pod', () => {
    addPod({ uid: 'redis-uid', name: 'redis-0', ip: '10.244.0.20' });
    addService({ name: 'a-headless', clusterIP: 'None' });
    addSlice({ service: 'a-headless', podUid: 'redis-uid' });
    expect(ask('10.244.0.20', 16_379).peer).toMatchObject({ name: 'a-headless' });
    addService({ name: 'redis' });
    addSlice({ service: 'redis', podUid: 'redis-uid' });
    addService({ name: 'cache', clusterIP: '10.96.0.8' });
    addSlice({ service: 'cache', podUid: 'redis-uid' });
    expect(ask('10.244.0.20', 16_379).peer).toMatchObject({ name: 'cache' });
  });

  it('are the API server, by its Service and by its endpoints', () => {
    const ports = [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }];
    addService({ namespace: 'default', name: 'kubernetes', clusterIP: '10.96.0.1', ports });
    const endpoint = { address: '192.168.1.11', ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] };
    addSlice({ namespace: 'default', service: 'kubernetes', ...endpoint });
    add(inventory.feeds.nodes, 'node-1', project(projectNode(rawNode())));
    expect(ask('10.96.0.1', 443)).toEqual({ peer: { kind: 'apiserver' }, port: 443 });
    expect(ask('192.168.1.11', 6443)).toEqual({ peer: { kind: 'apiserver' }, port: 443 });
    expect(ask('192.168.1.11', 10_250)).toEqual({ peer: { kind: 'node' }, port: 10_250 });
  });

  it('are DNS, by its Service, its pods and node-local caches, at port 53 only', () => {
    const ports = [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'metrics', port: 9153, protocol: 'TCP' },
    ];
    const dns = { namespace: 'kube-system', name: 'kube-dns', clusterIP: '10.96.0.10', ports };
    addService({ ...dns, labels: { 'k8s-app': 'kube-dns' } });
    addPod({ uid: 'dns-uid', namespace: 'kube-system', name: 'coredns', ip: '10.244.0.2' });
    addSlice({ namespace: 'kube-system', service: 'kube-dns', podUid: 'dns-uid', ports });
    const answer = { peer: { kind: 'dns' }, port: 53 };
    expect(ask('10.96.0.10', 53, { protocol: 'udp' })).toEqual(answer);
    expect(ask('10.244.0.2', 53, { protocol: 'udp' })).toEqual(answer);
    expect(ask('169.254.20.10', 53, { protocol: 'udp' })).toEqual(answer);
    expect(ask('10.96.0.10', 9153).peer).toEqual({ kind: 'service', namespace: 'kube-system', name: 'kube-dns' });
  });

  it.each([
    ['127.0.0.1', { kind: 'self' }],
    ['::1', { kind: 'self' }],
    ['0.0.0.0', { kind: 'self' }],
    ['203.0.113.9', { kind: 'external', block: '203.0.113.0/24' }],
    ['::ffff:203.0.113.9', { kind: 'external', block: '203.0.113.0/24' }],
    ['2001:db8:1:2::3', { kind: 'external', block: '2001:db8:1::/48' }],
    ['169.254.169.254', { kind: 'external', block: '169.254.169.254/32' }],
    ['10.244.0.1', { kind: 'node' }],
    ['10.244.0.250', { kind: 'unknown' }],
    ['10.96.200.1', { kind: 'unknown' }],
    ['10.200.0.1', { kind: 'external', block: '10.200.0.0/24' }],
    ['', { kind: 'unknown' }],
    ['/run/docker.sock', { kind: 'unknown' }],
  ])('of address "%s"', (address, peer) => {
    addService({ namespace: 'default', name: 'kubernetes', clusterIP: '10.96.0.1' });
    add(inventory.feeds.nodes, 'node-1', project(projectNode(rawNode())));
    expect(ask(address)).toEqual({ peer, port: 80 });
  });

  it('are oneself, to the pod that asks for its own address', () => {
    addPod({ uid: 'me' });
    expect(ask('10.244.0.9', 80, { podUid: 'me' }).peer).toEqual({ kind: 'self' });
    expect(ask('10.244.0.9', 80, { podUid: 'other' }).peer).toMatchObject({ kind: 'workload', name: 'web' });
  });

  it('are who had the address then, not who has it now', async () => {
    const first = addPod({ uid: 'first', owner: { kind: 'DaemonSet', name: 'first' } });
    await clock.advance(10 * minute);
    first.remove();
    const second = { uid: 'second', owner: { kind: 'DaemonSet', name: 'second' } };
    addPod({ ...second, status: { startTime: at(21 * 60), podIPs: [{ ip: '10.244.0.9' }] } });
    expect(ask('10.244.0.9', 80, { at: epoch + 15 * minute }).peer).toMatchObject({ name: 'first' });
    expect(ask('10.244.0.9', 80, { at: epoch + 22 * minute }).peer).toMatchObject({ name: 'second' });
    // Between the two, whoever was near in time; long before, nobody.
    expect(ask('10.244.0.9', 80, { at: epoch + 20 * minute + 20_000 }).peer).toMatchObject({ name: 'first' });
    expect(ask('10.244.0.9', 80, { at: epoch - minute }).peer).toMatchObject({ kind: 'external' });
  });

  it('lose the addresses of a finished pod, whose object still shows them', async () => {
    const job = addPod({ uid: 'job' });
    job.update(pod({ uid: 'job', status: { phase: 'Succeeded' } }));
    await clock.advance(minute);
    expect(ask('10.244.0.9').peer).toMatchObject({ kind: 'workload' });
    expect(ask('10.244.0.9', 80, { at: clock.now() }).peer).toMatchObject({ kind: 'external' });
  });

  it('stay Services after the pod behind them is gone', async () => {
    addService();
    const backend = addPod({ uid: 'redis-uid', name: 'redis-0', ip: '10.244.0.20' });
    const slice = addSlice({ podUid: 'redis-uid' });
    await clock.advance(minute);
    slice.remove();
    backend.remove();
    await clock.advance(20 * 60 * minute);
    expect(ask('10.244.0.20', 16_379)).toEqual(redis);
    expect(ask('10.244.0.20', 16_379, { at: clock.now() }).peer).toMatchObject({ kind: 'external' });
  });
});

describe('containers', () => {
  it('are known while they run, and for an hour after their pod is gone', async () => {
    const web = addPod();
    expect(inventory.container(idOf(1))).toMatchObject({ node: 'node-1', pod: { name: 'web-6d4cf56db6-x7k2p' } });
    expect([...inventory.running()].map(({ id }) => id)).toEqual([idOf(1)]);
    web.remove();
    expect([...inventory.running()]).toEqual([]);
    await clock.advance(60 * minute - 1);
    expect(inventory.container(idOf(1))).toMatchObject({ finishedAt: now });
    await clock.advance(1);
    expect(inventory.container(idOf(1))).toBeUndefined();
  });

  it.each([year, -year])('are known for an hour also if the clock jumps by %i ms meanwhile', (jump) => {
    const jumping = new JumpingClock(now);
    const index = new ContainerIndex(jumping);
    index.set(pod(), undefined);
    index.delete(pod());
    jumping.jump(jump);
    jumping.pass(60 * minute - 1);
    expect(index.get(idOf(1))).toBeDefined();
    jumping.pass(1);
    expect(index.get(idOf(1))).toBeUndefined();
  });

  it('stay known when their pod forgets them after another restart', () => {
    const web = addPod();
    web.update(pod({ status: { containerStatuses: [running('web', idOf(2), at(60))] } }));
    expect(inventory.container(idOf(1))).toMatchObject({ finishedAt: now });
    expect([...inventory.running()].map(({ id }) => id)).toEqual([idOf(2)]);
  });

  it('of a pod that was replaced under its name have ended', () => {
    const db = addPod({ uid: 'old', name: 'db-0' });
    const status = { containerStatuses: [running('web', idOf(2), at(60))] };
    db.update(pod({ uid: 'new', name: 'db-0', status }));
    expect(inventory.container(idOf(1))).toMatchObject({ finishedAt: now, pod: { uid: 'old' } });
    expect(inventory.container(idOf(2))).toMatchObject({ pod: { uid: 'new' } });
  });

  it('keep the image and the build that they began with, when their pod is given others', () => {
    const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
    const withImage = (image: string, containerStatuses: unknown[]) =>
      pod({ spec: { containers: [{ name: 'web', image }] }, status: { containerStatuses } });
    const status = (id: string, letter: string, more = {}) => ({
      ...running('web', id),
      imageID: `docker.io/library/x@${digest(letter)}`,
      ...more,
    });
    const key = 'shop/web';
    const web = add(inventory.feeds.pods, key, withImage('nginx:1', [status(idOf(1), 'a')]));
    web.update(withImage('victim:latest', [status(idOf(1), 'b')]));
    const first = { image: { name: 'docker.io/library/nginx', tag: '1' }, digest: digest('a') };
    expect(inventory.container(idOf(1))).toMatchObject(first);
    const lastState = { terminated: { containerID: `containerd://${idOf(1)}`, startedAt: at(0), finishedAt: at(60) } };
    web.update(withImage('victim:latest', [status(idOf(2), 'b', { lastState })]));
    expect(inventory.container(idOf(1))).toMatchObject({ ...first, finishedAt: epoch + minute });
    expect(inventory.container(idOf(2))).toMatchObject({
      image: { name: 'docker.io/library/victim', tag: 'latest' },
      digest: digest('b'),
    });
  });

  it('of a static pod run on when its mirror is made anew, gone before or replaced', () => {
    const mirror = addPod({ uid: 'mirror-1', name: 'mirror' });
    mirror.remove();
    expect(inventory.container(idOf(1))).toMatchObject({ finishedAt: now });
    const again = addPod({ uid: 'mirror-2', name: 'mirror' });
    expect(inventory.container(idOf(1))).toMatchObject({ pod: { uid: 'mirror-2' } });
    again.update(pod({ uid: 'mirror-3', name: 'mirror' }));
    expect(inventory.container(idOf(1))).toMatchObject({ pod: { uid: 'mirror-3' } });
    expect(inventory.container(idOf(1))).not.toHaveProperty('finishedAt');
    expect(inventory.counts.contested).toBe(0);
  });

  it('stay with the pod that showed them first, whatever another one claims and when it goes', () => {
    const mine = addPod({ uid: 'mine', name: 'mine' });
    const theirs = addPod({ uid: 'theirs', name: 'theirs' });
    expect(inventory.container(idOf(1))).toMatchObject({ pod: { uid: 'mine' } });
    theirs.update(pod({ uid: 'theirs', name: 'theirs', status: { containerStatuses: [] } }));
    expect(inventory.container(idOf(1))).not.toHaveProperty('finishedAt');
    theirs.update(pod({ uid: 'theirs', name: 'theirs' }));
    theirs.remove();
    expect(inventory.container(idOf(1))).not.toHaveProperty('finishedAt');
    expect(inventory.counts).toEqual({ forgottenContainers: 0, forgottenAddresses: 0, contested: 2 });
    mine.remove();
    expect(inventory.container(idOf(1))).toMatchObject({ finishedAt: now });
  });

  it('are forgotten early, oldest first and counted, when too many end', () => {
    const index = new ContainerIndex(clock, 2);
    for (const number of [1, 2, 3]) {
      const status = { containerStatuses: [running('web', idOf(number))] };
      const one = pod({ uid: `uid-${number}`, status });
      index.set(one, undefined);
      index.delete(one);
    }
    expect([1, 2, 3].map((number) => index.get(idOf(number)) !== undefined)).toEqual([false, true, true]);
    expect(index.dropped).toBe(1);
  });
});
