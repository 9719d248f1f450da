/**
 * Evidence as bytes for the store, in canonical order: equal evidence has equal bytes whatever the order in which it was
 * merged. The store's caller compresses them.
 */
import { fileAccesses, networkDirections } from '../activity/snapshot.ts';
import { type Behaviour, byText, type Evidence, identityOf } from './evidence.ts';
import { type BehaviourTuple, type EvidenceFormat, formatVersion, protocols } from './evidence-format.ts';
import { byLineage } from './merge.ts';

/** Equal evidence gives equal bytes. */
export function encodeEvidence(evidence: Evidence): Uint8Array {
  const containerIndex = new Map(evidence.containers.map((facts, index) => [facts.id, index]));
  const processes = [...evidence.processes.values()].sort(byLineage);
  const processIndex = new Map(processes.map((process, index) => [process.id, index]));
  const content: EvidenceFormat = {
    formatVersion,
    containers: evidence.containers.map(({ id, startSeen, kinds, node, workload, digest }) => [
      id,
      startSeen ? 1 : 0,
      kinds,
      node,
      workload,
      digest,
    ]),
    snapshots: evidence.snapshots.map(({ containerId, from, to, ended, gaps, gapMs, losses }) => [
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
    ]),
    dns: inOrder(evidence.dns).map((dns) => [dns.processId, dns.name, [...dns.types], ...tupleOf(dns)]),
    network: inOrder(evidence.network).map((network) => [
      network.processId,
      networkDirections.indexOf(network.direction),
      protocols.indexOf(network.protocol),
      network.peer,
      network.port,
      ...tupleOf(network),
    ]),
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

function tupleOf({ actors, phases, first, last, containers }: Behaviour): BehaviourTuple {
  return [actors, phases, first, last, containers.toString(16)];
}
