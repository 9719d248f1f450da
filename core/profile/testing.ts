/** Snapshots for tests: made by hand, and at random from few words, so that they overlap. */
import * as fc from 'fast-check';
import {
  actors,
  blindSpots,
  fileAccesses,
  formatVersion,
  networkDirections,
  noLosses,
  phases,
  type Snapshot,
  snapshotId,
} from '../activity/snapshot.ts';
import type { Evidence } from './evidence.ts';
import { evidenceOfSnapshot, type SnapshotContext } from './from-snapshot.ts';

export const minute = 60_000;
/** 2026-01-01T00:00:00Z */
export const epoch = 1_767_225_600_000;

/** The container that carries this number. */
export function containerNumber(number: number): string {
  return number.toString(16).padStart(64, '0');
}

export function snapshotOf(container: number, changes: Partial<Snapshot> = {}): Snapshot {
  const id = containerNumber(container);
  const from = changes.from ?? epoch;
  return {
    formatVersion,
    snapshotId: snapshotId(id, from),
    slotId: `slot-${container}`,
    container: { id, name: 'web', podUid: `uid-${container}`, podName: `web-${container}`, podNamespace: 'shop' },
    from,
    to: from + 30 * minute,
    ended: false,
    startSeen: true,
    gaps: [],
    blindSpots: [],
    events: 0,
    losses: noLosses(),
    kindsCollected: ['process', 'file', 'dns', 'network'],
    processes: [],
    files: [],
    dns: [],
    network: [],
    ...changes,
  };
}

/** Fields that every behaviour has. */
export function seenAt(phase: 'start' | 'run' = 'run'): {
  actors: ['entrypoint'];
  phases: ['start' | 'run'];
  first: number;
  last: number;
} {
  return { actors: ['entrypoint'], phases: [phase], first: epoch, last: epoch };
}

export function contextOf(changes: Partial<SnapshotContext> = {}): SnapshotContext {
  return {
    node: 'node-1',
    namespace: 'shop',
    workload: 'shop/Deployment/web',
    digest: 'sha256:aa',
    notBefore: epoch - 5 * minute,
    notAfter: epoch + 60 * minute,
    resolve: ({ address, port }) => ({ peer: { kind: 'external', block: address }, port }),
    ...changes,
  };
}

const someOf = <Word>(words: readonly Word[]): fc.Arbitrary<Word[]> =>
  fc.subarray([...words], { minLength: 1, maxLength: words.length });

const seen = {
  actors: someOf(actors),
  phases: someOf(phases),
  first: fc.integer({ min: epoch, max: epoch + 20 }),
  last: fc.integer({ min: epoch + 20, max: epoch + 40 }),
};

/** At most 4 processes of 3 executables, and few objects, of one of 5 containers in one of 2 periods. */
export const someSnapshot: fc.Arbitrary<Snapshot> = fc
  .record({
    container: fc.integer({ min: 1, max: 5 }),
    period: fc.integer({ min: 0, max: 1 }),
    startSeen: fc.boolean(),
    ended: fc.boolean(),
    blindSpots: fc.subarray([...blindSpots]),
    executables: fc.array(
      fc.record({
        ...seen,
        executable: fc.constantFrom('/bin/a', '/bin/b', '/bin/c'),
        script: fc.option(fc.constant('/s.sh'), { nil: undefined }),
        parentSeed: fc.nat(4),
        maxInstances: fc.integer({ min: 1, max: 3 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    files: fc.array(
      fc.record({
        ...seen,
        process: fc.nat(3),
        path: fc.constantFrom('/etc/x', '/x', '/a/b/c', '/ä'),
        access: someOf(fileAccesses),
      }),
      { maxLength: 5 },
    ),
    dns: fc.array(
      fc.record({
        ...seen,
        process: fc.nat(3),
        name: fc.constantFrom('redis', 'db', 'example.com'),
        types: someOf(['A', 'AAAA', 'SRV']),
      }),
      { maxLength: 3 },
    ),
    syscalls: fc.subarray(['read', 'write', 'mount']),
    capabilities: fc.option(fc.subarray(['CAP_CHOWN', 'CAP_NET_RAW']), { nil: undefined }),
    network: fc.array(
      fc.record({
        ...seen,
        process: fc.nat(3),
        direction: fc.constantFrom(...networkDirections),
        protocol: fc.constantFrom('tcp' as const, 'udp' as const),
        address: fc.constantFrom('10.0.0.1', '10.0.0.2'),
        port: fc.constantFrom(80, 443, 40_000),
      }),
      { maxLength: 4 },
    ),
  })
  .map(({ container, period, startSeen, ended, blindSpots: used, executables, ...lists }) => {
    const processes = executables.map(({ parentSeed, script, ...rest }, index) => ({
      ...rest,
      ...(script !== undefined && { script }),
      parent: (parentSeed % (index + 1)) - 1,
    }));
    const within = <Node extends { process: number }>(nodes: readonly Node[]): Node[] =>
      nodes.map((node) => ({ ...node, process: node.process % processes.length }));
    return snapshotOf(container, {
      from: epoch + period * 30 * minute,
      startSeen,
      ended,
      blindSpots: used,
      processes,
      files: within(lists.files),
      dns: within(lists.dns),
      network: within(lists.network),
      syscalls: lists.syscalls,
      ...(lists.capabilities !== undefined && { capabilities: lists.capabilities }),
    });
  });

export const someSnapshotEvidence: fc.Arbitrary<Evidence> = fc
  .tuple(someSnapshot, fc.constantFrom('node-1', 'node-2'))
  .map(([snapshot, node]) => evidenceOfSnapshot(snapshot, contextOf({ node })));
