/** The part of evidence that is known behaviour: what a profile shows, and scores. */
import { isOfOneContainer } from './blocks.ts';
import {
  type Behaviour,
  type BehaviourKind,
  type Evidence,
  isTaught,
  type NetworkEvidence,
  type ProcessEvidence,
} from './evidence.ts';
import { byLineage } from './merge.ts';

/**
 * Behaviours by actors that teach, in lineages that are known all the way up; but no block that one of several containers made
 * so wide: it would make all that it holds known of the others.
 */
export function knownEvidence(evidence: Evidence): Evidence {
  const processes = new Map<string, ProcessEvidence>();
  for (const process of [...evidence.processes.values()].sort(byLineage)) {
    const { id, parentId } = process;
    if (isTaught(process) && (parentId === undefined || processes.has(parentId))) processes.set(id, process);
  }
  const below = <Entry extends Behaviour & { readonly processId: string }>(entries: ReadonlyMap<string, Entry>) =>
    new Map([...entries].filter(([, entry]) => isTaught(entry) && processes.has(entry.processId)));
  return {
    ...evidence,
    processes,
    files: below(evidence.files),
    dns: below(evidence.dns),
    network: new Map([...below(evidence.network)].filter(([, entry]) => !isUnshared(entry, evidence))),
  };
}

/** Blocks of the processes that are known, without being known themselves. */
export function unsharedBlocks(evidence: Evidence, known: Evidence): ReadonlyMap<string, NetworkEvidence> {
  const processes = new Set([...known.processes.values()].map(({ id }) => id));
  return new Map(
    [...evidence.network].filter(
      ([, entry]) => isTaught(entry) && processes.has(entry.processId) && isUnshared(entry, evidence),
    ),
  );
}

/** Of a profile that only one container taught, everything is its word alone. */
function isUnshared(entry: NetworkEvidence, { containers }: Evidence): boolean {
  return containers.length > 1 && isOfOneContainer(entry);
}

/** How many entries are no known behaviour, by kind. What is known beside counts as known. */
export function setAside(evidence: Evidence, known: Evidence): Record<BehaviourKind, number> {
  const count = (kind: BehaviourKind): number =>
    new Set([...evidence[kind].keys()].map((key) => key.replace(/^~/, ''))).size - known[kind].size;
  return { processes: count('processes'), files: count('files'), dns: count('dns'), network: count('network') };
}
