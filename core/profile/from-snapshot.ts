/**
 * Evidence of one snapshot. Addresses become peers here, at the time of the conversation, because pods' addresses change
 * hands within minutes; ports that the kernel chose disappear; times become whole milliseconds within believable limits.
 */
import { unwatched } from '../activity/gaps.ts';
import { reducePath } from '../activity/reduce-path.ts';
import {
  actors as actorWords,
  blindSpots as blindSpotWords,
  kinds as kindWords,
  type NetworkNode,
  phases as phaseWords,
  type ProcessNode,
  type Snapshot,
} from '../activity/snapshot.ts';
import { containerAt } from './container-set.ts';
import { nameSignature } from '../pattern/dns.ts';
import { pathShape, pathSignature } from '../pattern/path.ts';
import { canonicalNames, type ClusterNames, searchList } from './dns-names.ts';
import {
  type Behaviour,
  type ContainerFacts,
  type DnsEvidence,
  emptyEvidence,
  type Evidence,
  evidenceLimits,
  type FileEvidence,
  identityOf,
  keyOf,
  lineageId,
  type NameSets,
  type NetworkEvidence,
  type ProcessEvidence,
  type SnapshotFacts,
} from './evidence.ts';
import type { Move } from './facts.ts';
import { toFlags } from './flags.ts';
import { sortedTypes } from './join.ts';
import { type BehaviourLimits, boundNames, EvidenceBuilder, type Sightings } from './merge.ts';
import { type Peer, peerClass, peerText } from './peer.ts';
import type { Sink } from './sinks.ts';

/** What the operator knows of the container, and what the agent's snapshot cannot say or is not believed on. */
export interface SnapshotContext extends ClusterNames {
  readonly node: string;
  readonly namespace: string;
  /** `namespace/Kind/name` */
  readonly workload: string;
  readonly digest?: string | undefined;
  /** Event times are moved into these bounds, milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly resolve: (question: {
    readonly address: string;
    readonly port: number;
    readonly protocol: 'tcp' | 'udp' | 'other';
    readonly at: number;
  }) => { readonly peer: Peer; readonly port: number };
}

/** Linux' default ip_local_port_range: ports in it that nobody listens on were chosen by the kernel. */
const ephemeralPorts = { from: 32_768, to: 60_999 } as const;

/** Evidence of one snapshot alone. */
export function evidenceOfSnapshot(snapshot: Snapshot, context: SnapshotContext): Evidence {
  return addSnapshot(emptyEvidence, snapshot, context);
}

/** The same as merging with {@link evidenceOfSnapshot}. For many snapshots a builder takes half the time. */
export function addSnapshot(
  evidence: Evidence,
  snapshot: Snapshot,
  context: SnapshotContext,
  limits: BehaviourLimits = evidenceLimits,
): Evidence {
  const builder = new EvidenceBuilder(evidence, limits);
  builder.add(sightingsOf(snapshot, context));
  return builder.evidence();
}

/** What an {@link EvidenceBuilder} takes in of a snapshot, made while it does. */
export function sightingsOf(snapshot: Snapshot, context: SnapshotContext): Sightings {
  return {
    containers: [containerFacts(snapshot, context)],
    snapshots: [snapshotFacts(snapshot)],
    behaviours: (sinks, move) => {
      const seen = seenWithin(context, move);
      const processes = processesOf(snapshot, seen);
      const idOf = (node: { readonly process: number }): string => {
        const process = processes[node.process];
        if (process === undefined) throw new RangeError(`${snapshot.snapshotId} has no process ${node.process}`);
        return process.id;
      };
      const translation = { idOf, seen, context };
      for (const process of processes) sinks.processes.add(keyOf.process(process), process);
      addFiles(snapshot, translation, sinks.files);
      addNames(snapshot, translation, sinks.dns);
      addEndpoints(snapshot, translation, sinks.network);
    },
    syscalls: namesOf(snapshot, 'syscalls'),
    capabilities: namesOf(snapshot, 'capabilities'),
    omitted: emptyEvidence.omitted,
  };
}

function addFiles({ files }: Snapshot, { idOf, seen }: Translation, sink: Sink<FileEvidence>): void {
  for (const node of files) {
    const behaviour = seen(node);
    const processId = idOf(node);
    for (const access of node.access) {
      const key = keyOf.file({ processId, path: node.path, access, actors: behaviour.actors });
      if (sink.again(key, behaviour)) continue;
      const file = { ...behaviour, processId, ...nameOfFile(node.path), access };
      sink.add(file.path === node.path ? key : keyOf.file(file), file);
    }
  }
}

type FileName = Pick<FileEvidence, 'path' | 'signature' | 'shape'>;

/**
 * Names that became part of a pattern come again too, for each access, each process and in the next snapshot, and no evidence
 * knows them any more. At most 4,096 of at most 256 characters, each kept up to four times: 4 MB; then it begins anew.
 */
const fileNames = new Map<string, FileName>();
const rememberedNames = { count: 4_096, length: 256 } as const;

function nameOfFile(found: string): FileName {
  const known = fileNames.get(found);
  if (known !== undefined) return known;
  // Agents do this too, but older ones know fewer forms.
  const path = reducePath(found);
  const signature = pathSignature(path);
  const name = { path, signature, shape: pathShape(signature) };
  if (found.length > rememberedNames.length) return name;
  if (fileNames.size === rememberedNames.count) fileNames.clear();
  fileNames.set(found, name);
  return name;
}

function namesOf(snapshot: Snapshot, kind: 'syscalls' | 'capabilities'): NameSets {
  return boundNames(
    kind,
    (snapshot[kind] ?? []).map((name) => [name, containerAt(0)] as const),
  );
}

type Seen = (node: Pick<ProcessNode, 'actors' | 'phases' | 'first' | 'last'>) => Behaviour;

interface Translation {
  readonly idOf: (node: { readonly process: number }) => string;
  readonly seen: Seen;
  readonly context: SnapshotContext;
}

function seenWithin({ notBefore, notAfter }: SnapshotContext, move: Move): Seen {
  const containers = move.containers(containerAt(0));
  const periods = move.periods(containerAt(0));
  const clamp = (time: number): number => Math.round(Math.min(Math.max(time, notBefore), notAfter));
  return ({ actors, phases, first, last }) => ({
    actors: toFlags(actorWords, actors),
    phases: toFlags(phaseWords, phases),
    first: clamp(Math.min(first, last)),
    last: clamp(Math.max(first, last)),
    containers,
    periods,
  });
}

function containerFacts(snapshot: Snapshot, context: SnapshotContext): ContainerFacts {
  return {
    id: snapshot.container.id,
    startSeen: snapshot.startSeen,
    kinds: toFlags(kindWords, snapshot.kindsCollected),
    blindSpots: toFlags(blindSpotWords, snapshot.blindSpots),
    node: context.node,
    workload: context.workload,
    digest: context.digest ?? '',
  };
}

function snapshotFacts({ container, from, to, ended, gaps, events, losses }: Snapshot): SnapshotFacts {
  const gapMs = unwatched(gaps, 0, to);
  return { containerId: container.id, from, to, ended, gaps: gaps.length, gapMs, events, losses };
}

function processesOf(snapshot: Snapshot, seen: Seen): ProcessEvidence[] {
  const processes: ProcessEvidence[] = [];
  for (const node of snapshot.processes) {
    const parent = processes[node.parent];
    const identity = identityOf(node);
    processes.push({
      id: lineageId(parent?.id, identity),
      ...(parent !== undefined && { parentId: parent.id }),
      ...identity,
      depth: parent === undefined ? 0 : parent.depth + 1,
      maxInstances: node.maxInstances,
      ...seen(node),
    });
  }
  return processes;
}

/** Searching is a matter of one process: what another one asked says nothing about its questions. */
function addNames(snapshot: Snapshot, { idOf, seen, context }: Translation, sink: Sink<DnsEvidence>): void {
  const search = searchList(context.namespace, context);
  for (const [processId, nodes] of Map.groupBy(snapshot.dns, idOf)) {
    const names = canonicalNames(
      nodes.map((node) => node.name),
      search,
    );
    for (const node of nodes) {
      const name = names.get(node.name);
      if (name === undefined) continue;
      const signature = nameSignature(name);
      const dns = { ...seen(node), processId, name, signature, shape: signature, types: sortedTypes(node.types) };
      sink.add(keyOf.dns(dns), dns);
    }
  }
}

function addEndpoints(snapshot: Snapshot, { idOf, seen, context }: Translation, sink: Sink<NetworkEvidence>): void {
  const listening = new Set(
    snapshot.network.filter((node) => node.direction === 'listen').map((node) => `${idOf(node)} ${node.port}`),
  );
  for (const node of snapshot.network) {
    if (!isConversation(node)) continue;
    const processId = idOf(node);
    const { direction, protocol } = node;
    const local = listening.has(`${processId} ${node.port}`);
    const behaviour = seen(node);
    const { peer, port } = endpointOf(node, local, context);
    const key = keyOf.network({ processId, direction, protocol, peer, port, actors: behaviour.actors });
    if (!sink.again(key, behaviour)) sink.add(key, { ...behaviour, processId, direction, protocol, peer, port });
  }
}

/**
 * To sort the addresses of a name, C libraries connect UDP sockets to port 0 of each of them, which sends nothing
 * (RFC 6724 needs the source address that would be used).
 */
export function isConversation(node: NetworkNode): boolean {
  return node.direction !== 'connect' || node.protocol === 'other' || node.port !== 0;
}

/** Peer and port as profiles have them. `listening`: its process listens on this port. */
export function endpointOf(
  node: NetworkNode,
  listening: boolean,
  context: Pick<SnapshotContext, 'resolve'>,
): Pick<NetworkEvidence, 'peer' | 'port'> {
  switch (node.direction) {
    case 'listen':
      return { peer: '', port: node.port };
    case 'bind':
      return { peer: '', port: listening ? node.port : stablePort(node.port) };
    case 'accept':
      return { peer: peerClass(resolveAt(node, node.peer ?? '', context).peer), port: node.port };
    case 'connect': {
      const { peer, port } = resolveAt(node, node.address, context);
      return { peer: peerText(peer), port: peer.kind === 'service' ? port : stablePort(port) };
    }
  }
}

function stablePort(port: number): number {
  return port >= ephemeralPorts.from && port <= ephemeralPorts.to ? 0 : port;
}

/** The later time first: the operator hears of new addresses a little after they come to life. */
function resolveAt(
  node: NetworkNode,
  address: string,
  context: Pick<SnapshotContext, 'resolve'>,
): { peer: Peer; port: number } {
  // The remote port of an accept is the client's own and says nothing.
  const port = node.direction === 'connect' ? node.port : 0;
  const ask = (at: number): ReturnType<SnapshotContext['resolve']> =>
    context.resolve({ address, port, protocol: node.protocol, at });
  const answer = ask(node.last);
  return answer.peer.kind === 'unknown' ? ask(node.first) : answer;
}
