/** Whoever may write Services may write any address into one: what that may name, and what it may not. */
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import type { PeerQuestion, ResolvedPeer } from './inventory.ts';
import { PeerDirectory } from './peer-directory.ts';
import { projectPod } from './pod.ts';
import { projectEndpointSlice, projectNode, projectService, type ServiceProjection } from './service.ts';
import { epoch, rawNode, rawPod, rawService, rawSlice, type ServiceChanges } from './testing/objects.ts';

const minute = 60_000;
const now = epoch + 60 * minute;
const outside = '203.0.113.5';
const apiServer: ServiceChanges = {
  namespace: 'default',
  name: 'kubernetes',
  clusterIP: '10.96.0.1',
  ports: [{ name: 'https', port: 443, protocol: 'TCP' }],
};
let clock: FakeClock;
let directory: PeerDirectory;

function project<Value>(result: { ok: true; value: Value } | { ok: false; problem: string }): Value {
  if (!result.ok) throw new Error(result.problem);
  return result.value;
}

const service = (changes: ServiceChanges): ServiceProjection => project(projectService(rawService(changes)));
const tcp = (...ports: readonly number[]) => ports.map((port) => ({ name: `p${port}`, port, protocol: 'TCP' }));
/** First in the alphabet, and of before all others. */
const evil = (changes: ServiceChanges = {}): ServiceProjection =>
  service({ namespace: 'aaa', name: 'evil', clusterIP: '10.96.7.8', createdAt: -3_600, ports: tcp(9), ...changes });
const add = (changes: ServiceChanges): void => directory.setService(service(changes), undefined);
const ask = (address: string, port: number, changes: Partial<PeerQuestion> = {}): ResolvedPeer =>
  directory.resolve({ address, port, protocol: 'tcp', at: now, ...changes });
const named = (namespace: string, name: string) => ({ kind: 'service', namespace, name });
const external = { kind: 'external', block: '203.0.113.0/24' };

beforeEach(() => {
  clock = new FakeClock(now);
  directory = new PeerDirectory({ clusterRanges: [], clock });
});

describe('an address that somebody has', () => {
  beforeEach(() => {
    add(apiServer);
    add({ name: 'db', clusterIP: '10.96.5.5', ports: tcp(5432) });
    directory.setNode(project(projectNode(rawNode())), undefined);
    directory.setPod(project(projectPod(rawPod({ ip: '10.244.3.4' }))), undefined);
    directory.setEndpointSlice(
      'default/kubernetes',
      project(
        projectEndpointSlice(
          rawSlice({
            namespace: 'default',
            service: 'kubernetes',
            address: '192.168.1.12',
            ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
          }),
        ),
      ),
      undefined,
    );
  });

  const claimed = ['10.96.0.1', '10.96.5.5', '10.244.3.4', '192.168.1.11', '192.168.1.12', '10.244.0.1'];

  it.each([
    ['the API server', '10.96.0.1', 443, { kind: 'apiserver' }],
    ['the API server on another port', '10.96.0.1', 9, { kind: 'apiserver' }],
    ['an endpoint of the API server', '192.168.1.12', 6443, { kind: 'apiserver' }],
    ['a Service', '10.96.5.5', 5432, named('shop', 'db')],
    ['a Service on a port that it has not', '10.96.5.5', 9, named('shop', 'db')],
    ['a pod', '10.244.3.4', 8080, { kind: 'workload', namespace: 'shop', workload: 'Deployment', name: 'web' }],
    ['a node', '192.168.1.11', 10_250, { kind: 'node' }],
    ['a node in its range of pods', '10.244.0.1', 8080, { kind: 'node' }],
  ])('is not renamed by a Service that claims it: %s', (_, address, port, peer) => {
    directory.setService(
      evil({ externalIPs: claimed, balancerIP: address, ports: tcp(9, 443, 5432, 6443, 8080, 10_250) }),
      undefined,
    );
    expect(ask(address, port).peer).toEqual(peer);
  });

  it('is not renamed by a slice that names the pods of another namespace', () => {
    directory.setPod(project(projectPod(rawPod({ uid: 'db-uid', name: 'db-0', ip: '10.244.3.5' }))), undefined);
    directory.setService(evil({ ports: tcp(5432) }), undefined);
    const ports = [{ name: 'p5432', port: 5432, protocol: 'TCP' }];
    const slice = { namespace: 'aaa', service: 'evil', podUid: 'db-uid', address: '10.244.3.5', ports };
    directory.setEndpointSlice('aaa/evil', project(projectEndpointSlice(rawSlice(slice))), undefined);
    expect(ask('10.244.3.5', 5432).peer).toMatchObject({ kind: 'workload', namespace: 'shop' });
  });

  it('of the API server is not renamed by a pod that shares it with a node', () => {
    directory.setService(evil({ ports: tcp(443) }), undefined);
    const ports = [{ name: 'p443', port: 6443, protocol: 'TCP' }];
    const slice = { namespace: 'aaa', service: 'evil', podUid: 'host', address: '192.168.1.12', ports };
    directory.setEndpointSlice('aaa/evil', project(projectEndpointSlice(rawSlice(slice))), undefined);
    expect(ask('192.168.1.12', 6443).peer).toEqual({ kind: 'apiserver' });
  });

  it('does not make others of the range of Services by what the API server Service claims', () => {
    directory.setService(service({ ...apiServer, externalIPs: [outside] }), service(apiServer));
    expect(ask('203.0.113.77', 443).peer).toEqual(external);
  });
});

describe('an external address', () => {
  it.each<readonly [string, ServiceChanges]>([
    ['externalIPs', { externalIPs: [outside] }],
    ['a load balancer', { balancerIP: outside }],
  ])('of %s is the Service on its ports, and outside on all others', (_, changes) => {
    const ports = [
      { name: 'https', port: 443, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ];
    add({ name: 'shop-front', ...changes, ports });
    expect(ask(outside, 443).peer).toEqual(named('shop', 'shop-front'));
    expect(ask(outside, 53, { protocol: 'udp' }).peer).toEqual(named('shop', 'shop-front'));
    expect(ask(outside, 444).peer).toEqual(external);
    expect(ask(outside, 443, { protocol: 'udp' }).peer).toEqual(external);
    expect(ask(outside, 53).peer).toEqual(external);
  });

  it('is nothing to a Service without an address of its own, to which nobody redirects', () => {
    add({ clusterIP: 'None', externalIPs: [outside], ports: tcp(443) });
    expect(ask(outside, 443).peer).toEqual(external);
  });

  it('is the oldest of those that claim it on this port, then the first by name, in whatever order they came', () => {
    const claim = { externalIPs: [outside], ports: tcp(443) };
    const all = [
      service({ ...claim, name: 'old', clusterIP: '10.96.7.1', createdAt: 10 }),
      service({ ...claim, name: 'older', clusterIP: '10.96.7.2', createdAt: 5 }),
      service({ ...claim, name: 'as-old', clusterIP: '10.96.7.3', createdAt: 5 }),
      evil({ externalIPs: [outside] }),
    ];
    for (const order of [all, all.toReversed()]) {
      directory = new PeerDirectory({ clusterRanges: [], clock });
      for (const one of order) directory.setService(one, undefined);
      expect(ask(outside, 443).peer).toEqual(named('shop', 'as-old'));
      expect(ask(outside, 9).peer).toEqual(named('aaa', 'evil'));
    }
  });

  it('that a Service is given later was not its own before, and is not after it gave it up', async () => {
    const without = evil();
    const having = evil({ externalIPs: [outside] });
    directory.setService(without, undefined);
    directory.setService(having, without);
    await clock.advance(10 * minute);
    directory.setService(without, having);
    expect(ask(outside, 9, { at: now - 5 * minute }).peer).toEqual(external);
    expect(ask(outside, 9, { at: now + 5 * minute }).peer).toEqual(named('aaa', 'evil'));
    expect(ask(outside, 9, { at: now + 15 * minute }).peer).toEqual(external);
  });

  it('goes with its Service', async () => {
    const having = evil({ externalIPs: [outside] });
    directory.setService(having, undefined);
    directory.deleteService(having);
    await clock.advance(minute);
    expect(ask(outside, 9, { at: now - minute }).peer).toEqual(named('aaa', 'evil'));
    expect(ask(outside, 9, { at: clock.now() }).peer).toEqual(external);
  });

  it('beyond the 64th of one Service is not kept, and counted once', () => {
    const externalIPs = Array.from({ length: 70 }, (_, index) => `203.0.113.${index}`);
    const having = evil({ externalIPs });
    directory.setService(having, undefined);
    directory.setService(having, having);
    expect(ask('203.0.113.63', 9).peer).toEqual(named('aaa', 'evil'));
    expect(ask('203.0.113.64', 9).peer).toEqual(external);
    expect(directory.forgotten).toBe(6);
  });
});
