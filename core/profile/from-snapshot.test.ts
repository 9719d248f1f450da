import { describe, expect, it } from 'vitest';
import { type NetworkNode, type ProcessNode, snapshotSchema } from '../activity/snapshot.ts';
import { lineageId } from './evidence.ts';
import { addSnapshot, evidenceOfSnapshot, type SnapshotContext } from './from-snapshot.ts';
import type { Peer } from './peer.ts';
import { contextOf, epoch, minute, seenAt, snapshotOf } from './testing.ts';

const process = (executable: string, parent = -1): ProcessNode => ({
  ...seenAt(),
  parent,
  executable,
  maxInstances: 1,
});
const endpoint = (
  direction: NetworkNode['direction'],
  port: number,
  address = '0.0.0.0',
  peer?: string,
): NetworkNode => ({
  ...seenAt(),
  process: 0,
  direction,
  protocol: 'tcp',
  address,
  port,
  ...(peer !== undefined && { peer }),
});
const peers: Record<string, Peer> = {
  '10.96.0.7': { kind: 'service', namespace: 'shop', name: 'redis' },
  '10.244.0.9': { kind: 'workload', namespace: 'shop', workload: 'Deployment', name: 'app' },
  '192.168.1.1': { kind: 'node' },
  '127.0.0.1': { kind: 'self' },
  '203.0.113.9': { kind: 'external', block: '203.0.113.0/24' },
};
const resolve: SnapshotContext['resolve'] = ({ address, port }) => ({
  peer: peers[address] ?? { kind: 'unknown' },
  port,
});
const networkOf = (network: readonly NetworkNode[]): (string | number)[][] => {
  const snapshot = snapshotSchema.parse(snapshotOf(1, { processes: [process('/app')], network: [...network] }));
  const evidence = evidenceOfSnapshot(snapshot, contextOf({ resolve }));
  return [...evidence.network.values()].map(({ direction, peer, port }) => [direction, peer, port]);
};

describe('evidence of a snapshot', () => {
  it('names processes by their lineage, wherever they stand in the list', () => {
    const one = snapshotOf(1, { processes: [process('/init'), process('/sh', 0), process('/sh')] });
    const other = snapshotOf(2, { processes: [process('/sh'), process('/init'), process('/sh', 1)] });
    const idsOf = (snapshot: typeof one): string[] =>
      [...evidenceOfSnapshot(snapshot, contextOf()).processes.keys()].sort();
    expect(idsOf(one)).toEqual(idsOf(other));
    expect(new Set(idsOf(one)).size).toBe(3);
  });

  it('tells applets, scripts and inline code of one executable apart', () => {
    const identity = { executable: '/bin/busybox' };
    const ids = [
      lineageId(undefined, identity),
      lineageId(undefined, { ...identity, applet: 'wget' }),
      lineageId(undefined, { ...identity, script: 'wget' }),
      lineageId(undefined, { ...identity, inline: true }),
    ];
    expect(new Set(ids).size).toBe(4);
  });

  it('keeps ports of servers and forgets those that the kernel chose', () => {
    expect(
      networkOf([
        endpoint('bind', 80),
        endpoint('listen', 80),
        endpoint('bind', 43_210),
        endpoint('bind', 50_051),
        endpoint('listen', 50_051),
        endpoint('accept', 80, '10.244.0.1', '10.244.0.9'),
      ]),
    ).toEqual([
      ['bind', '', 80],
      ['listen', '', 80],
      ['bind', '', 0],
      ['bind', '', 50_051],
      ['listen', '', 50_051],
      ['accept', 'cluster', 80],
    ]);
  });

  it('takes for chosen by the kernel what is in its default range, and no port beside it', () => {
    expect(networkOf([32_767, 32_768, 60_999, 61_000, 65_535].map((port) => endpoint('bind', port)))).toEqual([
      ['bind', '', 32_767],
      ['bind', '', 0],
      ['bind', '', 61_000],
      ['bind', '', 65_535],
    ]);
  });

  it('keeps sixteen question types of a name, the smallest by text, in whatever order they came', () => {
    const types = Array.from({ length: 17 }, (_, number) => `TYPE${100 + number}`);
    const asked = (of: readonly string[]) => ({ ...seenAt(), process: 0, name: 'db.example.com', types: [...of] });
    const snapshot = (container: number, of: readonly string[]) =>
      snapshotOf(container, { processes: [process('/app')], dns: [asked(of)] });
    const [first, ...rest] = types;
    const evidence = addSnapshot(
      evidenceOfSnapshot(snapshot(1, rest.toReversed()), contextOf()),
      snapshot(2, [first ?? '']),
      contextOf(),
    );
    expect([...evidence.dns.values()].map((name) => name.types)).toEqual([types.slice(0, 16)]);
  });

  it('names peers, not addresses', () => {
    expect(
      networkOf([
        endpoint('connect', 6379, '10.96.0.7'),
        endpoint('connect', 8080, '10.244.0.9'),
        endpoint('connect', 41_000, '10.244.0.9'),
        endpoint('connect', 42_000, '10.244.0.9'),
        endpoint('connect', 443, '203.0.113.9'),
        endpoint('connect', 0, '203.0.113.9'),
        endpoint('accept', 80, '', '192.168.1.1'),
        endpoint('accept', 80, '', '203.0.113.9'),
        endpoint('accept', 80, '', '127.0.0.1'),
      ]),
    ).toEqual([
      ['connect', 'service shop/redis', 6379],
      ['connect', 'workload shop/Deployment/app', 8080],
      ['connect', 'workload shop/Deployment/app', 0],
      ['connect', 'external 203.0.113.0/24', 443],
      ['accept', 'node', 80],
      ['accept', 'external', 80],
      ['accept', 'self', 80],
    ]);
  });

  it('asks for an address at the end of the conversation, and at its beginning if nobody had it then', () => {
    const asked: number[] = [];
    const node = { ...endpoint('connect', 80, '10.244.0.77'), first: epoch + 1, last: epoch + minute };
    const gone: SnapshotContext['resolve'] = ({ at, port }) => {
      asked.push(at);
      return { peer: at === epoch + 1 ? { kind: 'node' } : { kind: 'unknown' }, port };
    };
    const snapshot = snapshotOf(1, { processes: [process('/app')], network: [node] });
    const evidence = evidenceOfSnapshot(snapshot, contextOf({ resolve: gone }));
    expect(asked).toEqual([epoch + minute, epoch + 1]);
    expect([...evidence.network.values()]).toMatchObject([{ peer: 'node' }]);
  });

  it('believes a clock only within bounds', () => {
    const wild = { ...process('/app'), first: 0, last: epoch * 10 };
    const evidence = evidenceOfSnapshot(
      snapshotOf(1, { processes: [wild] }),
      contextOf({ notBefore: epoch, notAfter: epoch + minute }),
    );
    expect([...evidence.processes.values()]).toMatchObject([{ first: epoch, last: epoch + minute }]);
  });

  it('takes node, workload and digest from the operator, losses and gaps from the agent', () => {
    const gaps = [{ from: epoch, to: epoch + 90 * minute, reason: 'clock' }];
    const evidence = evidenceOfSnapshot(snapshotOf(7, { gaps, startSeen: false }), contextOf());
    expect(evidence.containers).toMatchObject([
      { startSeen: false, node: 'node-1', workload: 'shop/Deployment/web', digest: 'sha256:aa' },
    ]);
    expect(evidence.snapshots).toMatchObject([{ gaps: 1, gapMs: 30 * minute }]);
  });
});
