/** Containers for tests of matching: events at random, what a profile learns of them, and where each event's process stands. */
import * as fc from 'fast-check';
import { type Execution, identify } from '../activity/identity.ts';
import { bit } from '../activity/file-access.ts';
import { reducePath } from '../activity/reduce-path.ts';
import { noLosses, type Actor, type Kind, type Snapshot } from '../activity/snapshot.ts';
import { hostMountNamespace, Recording } from '../activity/testing/recording.ts';
import { ActivityTree, profilingBytes } from '../activity/tree.ts';
import type { BehaviourEvent } from '../event/event.ts';
import type { SocketEvent } from '../event/network-events.ts';
import type { PathEvent } from '../event/path-event.ts';
import { searchList } from '../profile/dns-names.ts';
import { type Evidence, identityOf } from '../profile/evidence.ts';
import { evidenceOfSnapshot, type SnapshotContext } from '../profile/from-snapshot.ts';
import { peerClass, peerText } from '../profile/peer.ts';
import { containerNumber, contextOf } from '../profile/testing.ts';
import { type CompiledProfile, type Match, openProfile, type Place } from './compiled-profile.ts';
import { compileProfile } from './compile.ts';
import { type Observed, observedIn } from './observed.ts';

export const secret = new Uint8Array(16).fill(7);
export const search = searchList('shop');

/** Pods of the service `shop/db` are dialled on 5432 and known by 80; all else is outside of the cluster, or nobody's. */
export const resolve: SnapshotContext['resolve'] = ({ address, port }) => {
  if (address === '') return { peer: { kind: 'unknown' }, port };
  if (!address.startsWith('10.')) return { peer: { kind: 'external', block: address }, port };
  return { peer: { kind: 'service', namespace: 'shop', name: 'db' }, port: port === 5_432 ? 80 : port };
};

/** As the operator does it, before it asks whether an endpoint is known. */
export function resolved(observed: Observed): Observed {
  if (observed.kind !== 'network') return observed;
  const { direction, protocol, address, port, caller = '' } = observed;
  if (direction === 'accept') {
    return { ...observed, peer: peerClass(resolve({ address: caller, port: 0, protocol, at: 0 }).peer) };
  }
  if (direction !== 'connect') return observed;
  const answer = resolve({ address, port, protocol, at: 0 });
  return { ...observed, peer: peerText(answer.peer), port: answer.port };
}

interface Learning {
  readonly container?: number;
  readonly kinds?: readonly Kind[];
  readonly injected?: Actor;
}

/** What the profile's evidence has of a container that did this. */
export function evidenceOf(events: readonly BehaviourEvent[], learning: Learning = {}): Evidence {
  const { container = 1, kinds = ['process', 'file', 'dns', 'network'], injected = 'exec' } = learning;
  const tree = new ActivityTree({
    hostMountNamespace,
    startSeen: true,
    startPhaseSeconds: 180,
    maxBytes: profilingBytes,
    injectedBy: () => injected,
  });
  for (const event of events) tree.apply(event);
  const id = containerNumber(container);
  const snapshot = tree.snapshot({
    slotId: 's',
    container: { id, name: 'c', podUid: 'u', podName: 'p', podNamespace: 'shop' },
    from: 1,
    to: 1_900_000_000_000,
    ended: false,
    gaps: [],
    blindSpots: [],
    losses: noLosses(),
    kindsCollected: [...kinds],
  });
  return evidenceOfSnapshot(snapshot, contextOf({ resolve }));
}

export function compiled(evidence: Evidence, fingerprints?: number): CompiledProfile {
  const opened = openProfile(compileProfile(evidence, { secret, ...(fingerprints !== undefined && { fingerprints }) }));
  if (!opened.ok) throw new Error(opened.reason);
  return opened.profile;
}

export interface Matched {
  readonly event: BehaviourEvent;
  readonly match: Match;
}

/** What matching says of each event, with each process where its own execs and forks have put it. */
export function matchAll(
  profile: CompiledProfile,
  events: readonly BehaviourEvent[],
  resolution: (observed: Observed) => Observed = resolved,
): Matched[] {
  const places = new Map<number, Place>();
  return events.flatMap((event): Matched[] => {
    const { pid } = event.process;
    const from = places.get(pid);
    if (event.type === 'exec') {
      const execution: Execution = { executable: event.file.path, filename: event.filename, argv: event.argv };
      const place = profile.place(from, identify(execution));
      places.set(pid, place);
      return [{ event, match: place.match }];
    }
    if (from === undefined) return [];
    if (event.type === 'fork') places.set(event.child.pid, from);
    return observedIn(event).map((observed) => ({ event, match: profile.match(from, resolution(observed), search) }));
  });
}

/** What a snapshot shows, node by node. */
export function matchSnapshot(profile: CompiledProfile, snapshot: Snapshot): readonly Match[] {
  const places: Place[] = [];
  for (const process of snapshot.processes) places.push(profile.place(places[process.parent], identityOf(process)));
  const at = ({ process }: { readonly process: number }, observed: Observed): Match => {
    const place = places[process];
    if (place === undefined) throw new RangeError(`no process ${process}`);
    return profile.match(place, resolved(observed), search);
  };
  return [
    ...places.map(({ match }) => match),
    ...snapshot.files.map((node) => {
      const access = node.access.reduce((bits, one) => bits | bit(one), 0);
      return at(node, { kind: 'file', path: reducePath(node.path), access, truncated: false });
    }),
    ...snapshot.dns.map((node) => at(node, { kind: 'dns', name: node.name })),
    ...snapshot.network
      .filter(({ direction, protocol, port }) => direction !== 'connect' || protocol === 'other' || port !== 0)
      .map(({ peer: caller, ...node }) =>
        at(node, { kind: 'network', ...node, ...(caller !== undefined && { caller }) }),
      ),
  ];
}

const executables = ['/usr/sbin/nginx', '/bin/busybox', '/usr/bin/python3.11', '/tmp/x1', '/proc/77/exe'] as const;
const argvs = [['a'], ['sh', '-c', 'id'], ['/bin/sh', '/run.sh'], ['busybox', 'wget'], ['python3', '-m', 'http']];
const paths = ['/etc/passwd', '/var/log/2026-01-01.log', '/proc/12/fd/3', '/tmp/a b{c}', '/d/0123456789abcdef0', ''];
const names = [
  'db',
  'DB.shop.svc.cluster.local.',
  'db.shop.svc.cluster.local.svc.cluster.local',
  'x.example',
  'x.example.shop.svc.cluster.local',
  'x.example.svc.cluster.local',
  'x.example.cluster.local',
  '7.0.0.10.in-addr.arpa',
  '.',
];
const addresses = ['10.0.0.1', '10.0.0.2', '203.0.113.9'];
const ports = [0, 53, 443, 5_432, 32_768, 45_000, 61_000, 65_535];

const anyOf = <Value>(...values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);
const retval = anyOf(0, 0, 0, -1, -2, -111);

type Step = (recording: Recording, pid: number) => unknown;

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(anyOf(...executables), anyOf(...argvs)).map(
    ([path, argv]): Step =>
      (recording, pid) =>
        recording.exec(pid, path, { argv }),
  ),
  fc.tuple(anyOf(...paths), anyOf(0, 1, 2, 0o1000), fc.boolean(), retval).map(
    ([path, flags, created, result]): Step =>
      (recording, pid) =>
        recording.open(pid, path, { flags, created, retval: result }),
  ),
  fc
    .tuple(
      anyOf<PathEvent['type']>('unlink', 'rename', 'link', 'mkdir', 'chmod', 'chdir', 'truncate'),
      anyOf(...paths),
      anyOf(...paths),
      retval,
    )
    .map(
      ([type, path, to, result]): Step =>
        (recording, pid) =>
          recording.change(pid, type, path, { to, retval: result }),
    ),
  anyOf(...names).map(
    (name): Step =>
      (recording, pid) =>
        recording.dns(pid, name),
  ),
  fc
    .record({
      type: anyOf<SocketEvent['type']>('connect', 'bind', 'listen', 'accept', 'send'),
      address: anyOf(...addresses),
      port: anyOf(...ports),
      peer: fc.option(anyOf(...addresses), { nil: undefined }),
      remotePort: anyOf(...ports),
      protocol: anyOf<SocketEvent['protocol']>('tcp', 'udp', 'other'),
      result: retval,
    })
    .map(({ type, address, port, peer, remotePort, protocol, result }): Step => {
      const remote = { family: 'ipv4', ip: peer ?? '10.0.0.1', port: remotePort } as const;
      const withPeer = type === 'send' || (type === 'accept' && peer !== undefined);
      const options = { protocol, retval: result, ...(withPeer && { remote }) };
      return (recording, pid) => recording.socket(pid, type, `${address}:${port}`, options);
    }),
  fc.tuple(anyOf('unix_connect' as const, 'unix_bind' as const), anyOf('/s', undefined)).map(
    ([type, path]): Step =>
      (recording, pid) =>
        recording.unixSocket(pid, type, path),
  ),
);

/** Names that one generator makes: they become a pattern. */
const burst: fc.Arbitrary<Step> = fc
  .tuple(
    anyOf<(number: number) => string>(
      (number) => `/data/${number % 2}/seg-${number}.log`,
      (number) => `/tmp/tmp.a${number}`,
      (number) => `/etc/app${number}`,
      (number) => `node${number}.shard.example.com`,
      (number) => `pod-${number}.db.shop.svc.cluster.local`,
    ),
    fc.uniqueArray(fc.nat(30), { minLength: 4, maxLength: 9 }),
  )
  .map(([nameOf, numbers]): Step => {
    const said = numbers.map(nameOf);
    return (recording, pid) =>
      said.forEach((name) => (name.startsWith('/') ? recording.open(pid, name) : recording.dns(pid, name)));
  });

/** By whom, and in what: one of the processes that live, a child of it that forks for this, or one from outside. */
const someStep = fc.record({
  step: fc.oneof({ weight: 9, arbitrary: step }, burst),
  who: fc.nat(),
  how: anyOf('itself', 'itself', 'child', 'injected'),
});

/** A container that begins with a shell, and then does up to 60 things. */
export const someEvents: fc.Arbitrary<readonly BehaviourEvent[]> = fc
  .array(someStep, { maxLength: 60 })
  .map((steps) => {
    const recording = new Recording().exec(100, '/bin/sh');
    const living = [100];
    for (const { step: act, who, how } of steps) {
      const own = living[who % living.length] ?? 100;
      const pid = how === 'itself' ? own : 100 + living.length;
      if (how === 'child') recording.fork(own, pid);
      if (how === 'injected') recording.exec(pid, '/bin/busybox', { argv: ['cat'] });
      if (how !== 'itself') living.push(pid);
      act(recording, pid);
    }
    return recording.events;
  });
