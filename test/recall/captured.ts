/** What happened in a container, according to the capture: its events, and the snapshot that learning makes of them. */
import { accessOf, socketAccessOf, usesOf } from '../../core/activity/file-access.ts';
import { fileAccesses, noLosses, type Snapshot } from '../../core/activity/snapshot.ts';
import { ActivityTree, profilingBytes } from '../../core/activity/tree.ts';
import { type BehaviourEvent, isBehaviour, type KernelEvent } from '../../core/event/event.ts';
import { isUnixSocket, type SocketEvent } from '../../core/event/network-events.ts';
import { isPathEvent } from '../../core/event/path-event.ts';
import { endpointOfSend, FactCollector, type Endpoint, type Facts } from './facts.ts';

/** The container's first program. It looks up names for its own output, so what it does itself is no part of the comparison. */
export const STRACE = '/usr/bin/strace';

/** Program of each process, as its exec and fork events say. */
class Programs {
  readonly #byPid = new Map<number, string>();

  apply(event: BehaviourEvent): void {
    // Before its first program a container is the runtime's.
    if (event.type === 'exec' && (this.#byPid.size > 0 || event.file.path === STRACE)) {
      this.#byPid.set(event.process.pid, event.file.path);
    }
    const parent = this.#byPid.get(event.process.pid);
    if (event.type === 'fork' && parent !== undefined) this.#byPid.set(event.child.pid, parent);
  }

  of(event: BehaviourEvent): string | undefined {
    const program = this.#byPid.get(event.process.pid);
    return program === STRACE ? undefined : program;
  }
}

const REACHED: ReadonlySet<number> = new Set([0, -115, -4, -111, -104, -110]);

function endpointOf({ type, protocol, local, remote, retval }: SocketEvent): Endpoint | undefined {
  if (type === 'send') return remote === undefined ? undefined : endpointOfSend(protocol, local, remote);
  if (type === 'connect') {
    if (remote === undefined || remote.port === 0 || !REACHED.has(retval)) return undefined;
    return { direction: type, protocol, ip: remote.ip, port: remote.port };
  }
  return retval < 0 ? undefined : { direction: type, protocol, ip: local.ip, port: local.port, peer: remote?.ip };
}

function socketFact(facts: FactCollector, program: string, event: SocketEvent): void {
  const endpoint = endpointOf(event);
  if (endpoint !== undefined) facts.endpoint(program, endpoint);
}

const accessNames = (access: number): string[] => fileAccesses.filter((_, bit) => (access & (1 << bit)) !== 0);

function eventFact(facts: FactCollector, program: string, event: BehaviourEvent): void {
  if (isPathEvent(event)) {
    for (const { path, access } of usesOf(event)) facts.file(program, path, accessNames(access));
  } else if (event.type === 'exec') facts.program(program);
  else if (event.type === 'open') facts.file(program, event.file.path, accessNames(accessOf(event)));
  else if (event.type === 'dns') {
    if (event.direction === 'query') for (const { name, type } of event.questions) facts.dns(program, name, type);
  } else if (isUnixSocket(event)) {
    if (event.file) facts.file(program, event.file.path, accessNames(socketAccessOf(event)));
  } else if (event.type !== 'fork' && event.type !== 'exit') socketFact(facts, program, event);
}

const behaviours = (events: readonly KernelEvent[]): BehaviourEvent[] => events.filter(isBehaviour);

export function factsOfEvents(events: readonly KernelEvent[]): Facts {
  const programs = new Programs();
  const facts = new FactCollector();
  for (const event of behaviours(events)) {
    programs.apply(event);
    const program = programs.of(event);
    if (program !== undefined) eventFact(facts, program, event);
  }
  return facts.facts;
}

/** The snapshot that the agent would upload for a container whose start it saw. */
export function snapshotOf(events: readonly KernelEvent[], hostMountNamespace: number): Snapshot {
  const tree = new ActivityTree({
    hostMountNamespace,
    startSeen: true,
    startPhaseSeconds: 60,
    maxBytes: profilingBytes,
    injectedBy: () => 'exec',
  });
  const known = behaviours(events);
  for (const event of known) tree.apply(event);
  return tree.snapshot({
    slotId: 'recall',
    container: { id: '0'.repeat(64), name: 'recall', podUid: '', podName: '', podNamespace: '' },
    from: Math.floor(known[0]?.timestamp ?? 0),
    to: Math.ceil(known.at(-1)?.timestamp ?? 0),
    ended: true,
    gaps: [],
    blindSpots: [],
    kindsCollected: ['process', 'file', 'dns', 'network'],
    losses: noLosses(),
  });
}

export function factsOfSnapshot({ processes, files, dns, network }: Snapshot): Facts {
  const facts = new FactCollector();
  const programs = processes.map(({ executable }) => executable);
  const program = (index: number): string | undefined => (programs[index] === STRACE ? undefined : programs[index]);
  for (const executable of programs) if (executable !== STRACE) facts.program(executable);
  for (const { process, path, access } of files) {
    const by = program(process);
    if (by !== undefined) facts.file(by, path, access);
  }
  for (const { process, name, types } of dns) {
    for (const type of types) facts.dns(program(process) ?? STRACE, name, type);
  }
  for (const { process, address, ...rest } of network) {
    facts.endpoint(program(process) ?? STRACE, { ...rest, ip: address });
  }
  return facts.facts;
}
