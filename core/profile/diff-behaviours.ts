/**
 * A profile as a map of behaviours that can be compared with those of another profile. What a behaviour is stands in its
 * key: a program at its place in the lineage; below it a file, a name or an endpoint; a system call or capability. How it is
 * done is its ways, each with a commonality: accesses of a file, record types of a name, ports of an endpoint, actors that
 * begin a program.
 */
import type { Kind } from '../activity/snapshot.ts';
import { lineageId, type ProcessIdentity } from './evidence.ts';
import type { PublishedBehavior, PublishedNetwork, PublishedProcess } from './publication.ts';

export type Subject =
  | ({ readonly kind: 'process' } & ProcessIdentity)
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'dns'; readonly name: string }
  | ({ readonly kind: 'network' } & Pick<PublishedNetwork, 'direction' | 'protocol' | 'peer'>)
  | { readonly kind: 'syscall' | 'capability'; readonly name: string };

/** Score of each way; null where there is none. */
export type Ways = Readonly<Record<string, number | null>>;

export interface ComparedBehaviour {
  /** Unique within its profile, and the same in every profile. */
  readonly key: string;
  readonly subject: Subject;
  /** Key of the process that does it; of a process, its own. Absent for what containers do as a whole. */
  readonly process?: string;
  /** Programs from the root of the lineage to the process itself. Empty for what containers do as a whole. */
  readonly lineage: readonly string[];
  readonly ways: Ways;
}

/** The whole lineage counts for the key; shown are its last programs. Real ones have at most about ten. */
const shownLineage = 16;

interface Place {
  readonly key: string;
  readonly lineage: readonly string[];
}

/** What runs, in the words of a command line: `/bin/busybox (wget)`, `/usr/bin/python3 /app/server.py`, `/bin/sh -c …`. */
export function programText({ executable, applet, script, inline }: ProcessIdentity): string {
  return [executable, applet !== undefined && `(${applet})`, script, inline === true && '-c …']
    .filter((part) => part !== undefined && part !== false)
    .join(' ');
}

/**
 * Places by the identifiers that this profile uses. Keys are computed anew from the lineages: a manifest that somebody wrote
 * by hand may call its processes as it likes. A parent that is not there, or is its own descendant, counts as none.
 */
function placesOf(processes: readonly PublishedProcess[]): Map<string, Place> {
  const byId = new Map(processes.map((process) => [process.id, process]));
  const places = new Map<string, Place>();
  for (const { id } of processes) {
    const chain: PublishedProcess[] = [];
    const visited = new Set<string>();
    for (let at = byId.get(id); at !== undefined && !places.has(at.id) && !visited.has(at.id);) {
      visited.add(at.id);
      chain.push(at);
      at = at.parentId === undefined ? undefined : byId.get(at.parentId);
    }
    for (const process of chain.reverse())
      places.set(process.id, placeBelow(places.get(process.parentId ?? ''), process));
  }
  return places;
}

function placeBelow(parent: Place | undefined, process: PublishedProcess): Place {
  const lineage = [...(parent?.lineage ?? []), programText(process)];
  return {
    key: lineageId(parent?.key, process),
    lineage: lineage.length > shownLineage ? ['…', ...lineage.slice(1 - shownLineage)] : lineage,
  };
}

/** Entries of one key become one. */
export function behavioursOf(behavior: PublishedBehavior): Map<string, ComparedBehaviour> {
  const places = placesOf(behavior.processes);
  const found = new Map<string, ComparedBehaviour>();
  const add = (subject: Subject, own: string, place: Place | undefined, ways: Ways): void => {
    const key = `${subject.kind} ${place?.key ?? ''} ${own}`;
    const known = found.get(key)?.ways ?? {};
    const process = place === undefined ? {} : { process: place.key };
    found.set(key, { key, subject, ...process, lineage: place?.lineage ?? [], ways: joinWays(known, ways) });
  };
  for (const process of behavior.processes) {
    const { executable, applet, script, inline } = process;
    const identity = {
      executable,
      ...(applet !== undefined && { applet }),
      ...(script !== undefined && { script }),
      ...(inline === true && { inline }),
    };
    add({ kind: 'process', ...identity }, '', places.get(process.id), waysOf(process.actors, process.commonality));
  }
  for (const { processId, path, access, commonality } of behavior.files) {
    add({ kind: 'file', path }, path, placeOf(places, processId), waysOf(access, commonality));
  }
  for (const { processId, name, types, commonality } of behavior.dns) {
    add({ kind: 'dns', name }, name, placeOf(places, processId), waysOf(types, commonality));
  }
  for (const { processId, direction, protocol, peer, port, commonality } of behavior.network) {
    const subject = { kind: 'network' as const, direction, protocol, ...(peer !== undefined && { peer }) };
    const own = `${direction} ${protocol} ${peer ?? ''}`;
    add(subject, own, placeOf(places, processId), waysOf([port === undefined ? 'any port' : `${port}`], commonality));
  }
  for (const [kind, names] of [
    ['syscall', behavior.syscalls],
    ['capability', behavior.capabilities],
  ] as const) {
    for (const name of names ?? []) add({ kind, name }, name, undefined, {});
  }
  return found;
}

/** Kinds that the profile lists at all. */
export function listedKinds(behavior: PublishedBehavior): ReadonlySet<Kind> {
  return new Set<Kind>([
    'process',
    'file',
    'dns',
    'network',
    ...(behavior.syscalls === undefined ? [] : (['syscall'] as const)),
    ...(behavior.capabilities === undefined ? [] : (['capability'] as const)),
  ]);
}

/** Files of a process that is not listed still compare with each other. */
function placeOf(places: ReadonlyMap<string, Place>, processId: string): Place {
  return places.get(processId) ?? { key: `?${processId}`, lineage: [`process ${processId}, which is not listed`] };
}

function waysOf(ways: readonly string[], commonality: number | undefined): Ways {
  return Object.fromEntries(ways.map((way) => [way, commonality ?? null]));
}

/** The larger score of a way that both have. A way may have any name, `__proto__` too: they are never assigned one by one. */
function joinWays(left: Ways, right: Ways): Ways {
  const joined = new Map(Object.entries(left));
  for (const [way, score] of Object.entries(right)) {
    const known = joined.get(way) ?? null;
    joined.set(way, known === null || score === null ? (known ?? score) : Math.max(known, score));
  }
  return Object.fromEntries(joined);
}
