/** Evidence from the store's bytes. They are as old as the profile and may be damaged: nothing in them is believed. */
import { z } from 'zod';
import { fileAccesses, networkDirections } from '../activity/snapshot.ts';
import { nameSignature } from '../pattern/dns.ts';
import { pathShape, pathSignature } from '../pattern/path.ts';
import type { ContainerSet, PeriodSet } from './container-set.ts';
import {
  type Behaviour,
  byText,
  type DnsEvidence,
  emptyEvidence,
  type Evidence,
  type FileEvidence,
  identityOf,
  keyOf,
  lineageId,
  type NamedBehaviour,
  type NameSets,
  type NetworkEvidence,
  type ProcessEvidence,
} from './evidence.ts';
import {
  type BehaviourTuple,
  type EvidenceFormat,
  evidenceFormat,
  formatVersion,
  type MembersTuple,
  protocols,
} from './evidence-format.ts';
import { mergeEvidence } from './merge.ts';

/** Stored evidence that cannot be used: damaged, or written by another version. The snapshots can build it again. */
export class EvidenceFormatError extends Error {
  override readonly name = 'EvidenceFormatError';
}

/**
 * Reads what {@link encodeEvidence} wrote, believing nothing of it.
 *
 * @throws EvidenceFormatError that says what is wrong and where.
 */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  const content = parse(bytes);
  const table = content.containers.map(([id]) => id);
  const beyond = { containers: 1n << BigInt(table.length), periods: 1n << BigInt(content.snapshots.length) };
  const readSet = (set: string, where: string): ContainerSet => {
    const containers = BigInt(`0x${set}`);
    if (containers >= beyond.containers) refuse(where, 'names a container that is not in the table');
    return containers;
  };
  const readPeriods = (set: string, where: string): PeriodSet => {
    if (table.length > 1) refuse(where, 'tells periods of several containers apart');
    const periods = BigInt(`0x${set}`);
    if (periods >= beyond.periods) refuse(where, 'names a snapshot that is not in the table');
    return periods;
  };
  const read = (tuple: Readonly<BehaviourTuple>, where: string): Behaviour => {
    const [actors, phases, first, last, sets] = tuple;
    const [containers = '', periods] = sets.split(':');
    return {
      actors,
      phases,
      first,
      last,
      containers: readSet(containers, where),
      periods: periods === undefined ? undefined : readPeriods(periods, where),
    };
  };
  const readNames = (kind: 'syscalls' | 'capabilities'): NameSets => {
    const names = content[kind] ?? [];
    requireSorted(
      names.map(([name]) => name),
      kind,
    );
    return new Map(names.map(([name, set], index) => [name, readSet(set, `${kind}.${index}`)]));
  };
  requireSorted(table, 'containers');
  return mergeEvidence(emptyEvidence, {
    containers: content.containers.map(([id, startSeen, kinds, node, workload, digest, blindSpots = 0]) => ({
      id,
      startSeen: startSeen === 1,
      kinds,
      blindSpots,
      node,
      workload,
      digest,
    })),
    snapshots: readSnapshots(content, table),
    processes: readProcesses(content, read),
    files: keyed('files', keyOf.file, readFiles(content, read)),
    dns: keyed('dns', keyOf.dns, readDns(content, read)),
    network: keyed('network', keyOf.network, readNetwork(content, read)),
    syscalls: readNames('syscalls'),
    capabilities: readNames('capabilities'),
    omitted: content.omitted,
  });
}

type Read = (tuple: Readonly<BehaviourTuple>, where: string) => Behaviour;

function parse(bytes: Uint8Array): EvidenceFormat {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new EvidenceFormatError('stored evidence is not JSON: rebuild it from its snapshots', { cause });
  }
  const version = z.looseObject({ formatVersion: z.number() }).safeParse(json);
  if (version.success && version.data.formatVersion !== formatVersion) {
    throw new EvidenceFormatError(
      `stored evidence has format ${version.data.formatVersion}, this version reads ${formatVersion}: ` +
        'run the version that wrote it, or rebuild the evidence from its snapshots',
    );
  }
  const parsed = evidenceFormat.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return refuse(issue?.path.join('.') ?? '', issue?.message ?? 'is invalid');
}

function refuse(where: string, problem: string): never {
  throw new EvidenceFormatError(`stored evidence is damaged at "${where}": ${problem}; rebuild it from its snapshots`);
}

function requireSorted(keys: readonly string[], where: string): void {
  const wrong = keys.findIndex((key, index) => index > 0 && byText(keys[index - 1] ?? '', key) >= 0);
  if (wrong >= 0) refuse(`${where}.${wrong}`, 'repeats its predecessor or stands before it');
}

function readSnapshots(content: EvidenceFormat, table: readonly string[]): Evidence['snapshots'] {
  const rows = content.snapshots.map(([container, from, to, ended, gaps, gapMs, ...lost], index) => {
    const [ringDrops, recursionMisses, mapFull, truncated, decodeErrors, treeFull, events = 0] = lost;
    const containerId = table[container] ?? refuse(`snapshots.${index}`, 'names a container that is not in the table');
    const losses = { ringDrops, recursionMisses, mapFull, truncated, decodeErrors, treeFull };
    return { containerId, from, to, ended: ended === 1, gaps, gapMs, events, losses };
  });
  const wrong = rows.findIndex((row, index) => {
    const before = rows[index - 1];
    return before !== undefined && (byText(before.containerId, row.containerId) || before.from - row.from) >= 0;
  });
  if (wrong >= 0) refuse(`snapshots.${wrong}`, 'repeats its predecessor or stands before it');
  return rows;
}

/** Ids are computed anew: stored ones could only lie. */
function readProcesses(content: EvidenceFormat, read: Read): Evidence['processes'] {
  const processes: ProcessEvidence[] = [];
  for (const [index, [parentIndex, found, maxInstances, ...tuple]] of content.processes.entries()) {
    const parent = processes[parentIndex];
    if (parentIndex !== -1 && parent === undefined) refuse(`processes.${index}`, 'stands before its parent');
    const identity = identityOf(found);
    processes.push({
      id: lineageId(parent?.id, identity),
      ...(parent !== undefined && { parentId: parent.id }),
      ...identity,
      depth: parent === undefined ? 0 : parent.depth + 1,
      maxInstances,
      ...read(tuple, `processes.${index}`),
    });
  }
  return keyed('processes', keyOf.process, processes);
}

function readFiles(content: EvidenceFormat, read: Read): FileEvidence[] {
  return content.files.map(([processId, path, access, ...tuple], index) => {
    const signature = pathSignature(path);
    return {
      processId,
      path,
      signature,
      shape: pathShape(signature),
      access: wordAt(fileAccesses, access),
      ...read(behaviourIn(tuple), `files.${index}`),
      ...readMembers(tuple[5]),
    };
  });
}

function readDns(content: EvidenceFormat, read: Read): DnsEvidence[] {
  return content.dns.map(([processId, name, types, ...tuple], index) => {
    const signature = nameSignature(name);
    return {
      processId,
      name,
      signature,
      shape: signature,
      types,
      ...read(behaviourIn(tuple), `dns.${index}`),
      ...readMembers(tuple[5]),
    };
  });
}

function behaviourIn(tuple: readonly [...BehaviourTuple, ...unknown[]]): BehaviourTuple {
  const [actors, phases, first, last, sets] = tuple;
  return [actors, phases, first, last, sets];
}

function readMembers(found: Readonly<MembersTuple> | undefined): Pick<NamedBehaviour, 'members'> {
  return found === undefined ? {} : { members: { hashes: found[0], examples: found[1] } };
}

function readNetwork(content: EvidenceFormat, read: Read): NetworkEvidence[] {
  return content.network.map(([processId, direction, protocol, peer, port, ...tuple], index) => ({
    processId,
    direction: wordAt(networkDirections, direction),
    protocol: wordAt(protocols, protocol),
    peer,
    port,
    ...read(behaviourIn(tuple), `network.${index}`),
    ...readMembers(tuple[5]),
  }));
}

function wordAt<Word>(words: readonly Word[], index: number): Word {
  const word = words[index];
  if (word === undefined) throw new RangeError(`no word at ${index}`);
  return word;
}

function keyed<Entry>(where: string, keyOf: (entry: Entry) => string, entries: readonly Entry[]): Map<string, Entry> {
  const map = new Map(entries.map((entry) => [keyOf(entry), entry]));
  if (map.size !== entries.length) refuse(where, 'holds one entry twice');
  return map;
}
