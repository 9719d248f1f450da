/**
 * How much of an image's evidence is one namespace's, in bytes. Names may be long, so that few snapshots of one namespace could
 * fill what an image may take; then nobody would teach it any more. Pure.
 */
import type { ContainerSet } from '../../core/profile/container-set.ts';
import { containerAt, noContainers, remembering } from '../../core/profile/container-set.ts';
import {
  type Behaviour,
  type DnsEvidence,
  type Evidence,
  type FileEvidence,
  identityOf,
  type NetworkEvidence,
  type ProcessEvidence,
} from '../../core/profile/evidence.ts';

export interface Room {
  /** Of the evidence as it would be. */
  readonly jsonBytes: number;
  readonly maxJsonBytes: number;
}

/**
 * A namespace must leave at least as much room as it takes: half of everything for the first one, and for each further one
 * half of what the others left. So none can end what others teach, and evidence of below half its limit is never weighed.
 */
export function leavesRoom(evidence: Evidence, namespace: string, { jsonBytes, maxJsonBytes }: Room): boolean {
  if (jsonBytes * 2 <= maxJsonBytes) return true;
  return jsonBytes * (1 + byteShare(evidence, namespace)) <= maxJsonBytes;
}

/**
 * From 0 to 1: the rows that its containers show, each divided by the namespaces that show it, so that two who show the same
 * have no room for free; of all sets of containers, which grow by a bit with each, as many parts as it has containers; and what
 * is known of its containers and snapshots. All namespaces together have all of it.
 */
export function byteShare(evidence: Evidence, namespace: string): number {
  const { containers, snapshots } = evidence;
  const own = containers.filter(({ workload }) => namespaceOf(workload) === namespace);
  const ids = new Set(own.map(({ id }) => id));
  const sharers = sharersOf(evidence);
  const mine = sharers.get(namespace) ?? noContainers;
  const part = remembering((set) => {
    const among = [...sharers.values()].filter((their) => (set & their) !== noContainers).length;
    return (set & mine) === noContainers ? 0 : 1 / among;
  });
  const rows = rowsOf(evidence);
  const sets = sum(rows.map(({ set }) => set.toString(16).length));
  const table = sum(containers.map(sizeOf));
  const total = sum(rows.map(({ bytes }) => bytes)) + sets + table + snapshots.length * snapshotBytes;
  const taken =
    sum(rows.map(({ bytes, set }) => bytes * part(set))) +
    (sets * own.length) / Math.max(1, containers.length) +
    sum(own.map(sizeOf)) +
    snapshots.filter(({ containerId }) => ids.has(containerId)).length * snapshotBytes;
  return taken / Math.max(1, total);
}

/** Containers by namespace. Workloads are `namespace/Kind/name`, and no namespace has a slash in its name. */
function sharersOf({ containers }: Evidence): ReadonlyMap<string, ContainerSet> {
  const sharers = new Map<string, ContainerSet>();
  for (const [index, { workload }] of containers.entries()) {
    const namespace = namespaceOf(workload);
    sharers.set(namespace, (sharers.get(namespace) ?? noContainers) | containerAt(index));
  }
  return sharers;
}

function namespaceOf(workload: string): string {
  return workload.slice(0, workload.indexOf('/'));
}

interface Row {
  readonly bytes: number;
  readonly set: ContainerSet;
}

/** Numbers and punctuation of a tuple, beside its texts and its set: flags, two times of 13 digits, an id of 16. */
const tupleBytes = 60;
/** Of 14 numbers, two of them times. */
const snapshotBytes = 70;

function rowsOf({ processes, files, dns, network, syscalls, capabilities }: Evidence): Row[] {
  const row = (entry: Behaviour, texts: unknown): Row => ({ bytes: tupleBytes + sizeOf(texts), set: entry.containers });
  return [
    ...Array.from(processes.values(), (process: ProcessEvidence) => row(process, identityOf(process))),
    ...Array.from(files.values(), (file: FileEvidence) => row(file, [file.path, file.members])),
    ...Array.from(dns.values(), (name: DnsEvidence) => row(name, [name.name, name.types, name.members])),
    ...Array.from(network.values(), (endpoint: NetworkEvidence) => row(endpoint, [endpoint.peer, endpoint.members])),
    ...Array.from([...syscalls, ...capabilities], ([name, set]) => ({ bytes: sizeOf(name), set })),
  ];
}

function sizeOf(texts: unknown): number {
  return Buffer.byteLength(JSON.stringify(texts));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
