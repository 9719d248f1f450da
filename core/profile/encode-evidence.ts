/**
 * Evidence as bytes for the store, in canonical order: equal evidence has equal bytes whatever the order in which it was
 * merged. The store's caller compresses them.
 */
import { fileAccesses, networkDirections } from '../activity/snapshot.ts';
import { type Behaviour, byText, type Evidence, identityOf, type NamedBehaviour, type NameSets } from './evidence.ts';
import {
  type BehaviourTuple,
  type EvidenceFormat,
  formatVersion,
  type MembersTuple,
  protocols,
} from './evidence-format.ts';
import { byLineage } from './merge.ts';

/** Equal evidence gives equal bytes. */
export function encodeEvidence(evidence: Evidence): Uint8Array {
  const containerIndex = new Map(evidence.containers.map((facts, index) => [facts.id, index]));
  const processes = [...evidence.processes.values()].sort(byLineage);
  const processIndex = new Map(processes.map((process, index) => [process.id, index]));
  const content: EvidenceFormat = {
    formatVersion,
    containers: evidence.containers.map(({ id, startSeen, kinds, node, workload, digest, blindSpots }) => [
      id,
      startSeen ? 1 : 0,
      kinds,
      node,
      workload,
      digest,
      // Left out while there are none: readers before this field take no more.
      ...(blindSpots === 0 ? ([] as const) : ([blindSpots] as const)),
    ]),
    snapshots: evidence.snapshots.map(({ containerId, from, to, ended, gaps, gapMs, events, losses }) => [
      indexIn(containerIndex, containerId),
      from,
      to,
      ended ? 1 : 0,
      gaps,
      gapMs,
      losses.ringDrops,
      losses.recursionMisses,
      losses.mapFull,
      losses.truncated,
      losses.decodeErrors,
      losses.treeFull,
      events,
    ]),
    processes: processes.map((process) => [
      process.parentId === undefined ? -1 : indexIn(processIndex, process.parentId),
      identityOf(process),
      process.maxInstances,
      ...tupleOf(process),
    ]),
    files: inOrder(evidence.files).map((file) => [
      file.processId,
      file.path,
      fileAccesses.indexOf(file.access),
      ...tupleOf(file),
      ...membersIn(file),
    ]),
    dns: inOrder(evidence.dns).map((dns) => [
      dns.processId,
      dns.name,
      [...dns.types],
      ...tupleOf(dns),
      ...membersIn(dns),
    ]),
    network: inOrder(evidence.network).map((network) => [
      network.processId,
      networkDirections.indexOf(network.direction),
      protocols.indexOf(network.protocol),
      network.peer,
      network.port,
      ...tupleOf(network),
      ...membersIn(network),
    ]),
    // Left out while there are none: readers before these fields take no others.
    ...(evidence.syscalls.size > 0 && { syscalls: namesIn(evidence.syscalls) }),
    ...(evidence.capabilities.size > 0 && { capabilities: namesIn(evidence.capabilities) }),
    omitted: {
      processes: [...evidence.omitted.processes],
      files: [...evidence.omitted.files],
      dns: [...evidence.omitted.dns],
      network: [...evidence.omitted.network],
    },
  };
  return new TextEncoder().encode(JSON.stringify(content));
}

function indexIn(table: ReadonlyMap<string, number>, id: string): number {
  const index = table.get(id);
  if (index === undefined) throw new Error(`evidence refers to ${id}, which is not in its table`);
  return index;
}

function inOrder<Entry>(entries: ReadonlyMap<string, Entry>): Entry[] {
  return [...entries].sort(([left], [right]) => byText(left, right)).map(([, entry]) => entry);
}

function namesIn(names: NameSets): [string, string][] {
  const sorted = [...names].sort(([left], [right]) => byText(left, right));
  return sorted.map(([name, containers]) => [name, containers.toString(16)]);
}

function tupleOf({ actors, phases, first, last, containers, periods }: Behaviour): BehaviourTuple {
  const shown = periods === undefined ? '' : `:${periods.toString(16)}`;
  return [actors, phases, first, last, `${containers.toString(16)}${shown}`];
}

function membersIn({ members }: Pick<NamedBehaviour, 'members'>): [] | [MembersTuple] {
  return members === undefined ? [] : [[[...members.hashes], [...members.examples]]];
}
