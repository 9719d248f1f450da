/** The part of evidence that is known behaviour: what a profile shows, and scores. */
import { type Behaviour, type BehaviourKind, type Evidence, isTaught, type ProcessEvidence } from './evidence.ts';
import { byLineage } from './merge.ts';

/** Behaviours by actors that teach, in lineages that are known all the way up. */
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
    network: below(evidence.network),
  };
}

/** How many entries are no known behaviour, by kind. What is known beside counts as known. */
export function setAside(evidence: Evidence, known: Evidence): Record<BehaviourKind, number> {
  const count = (kind: BehaviourKind): number =>
    new Set([...evidence[kind].keys()].map((key) => key.replace(/^~/, ''))).size - known[kind].size;
  return { processes: count('processes'), files: count('files'), dns: count('dns'), network: count('network') };
}
