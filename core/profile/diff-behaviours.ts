/**
 * A profile as a map of behaviours that can be compared with those of another profile. What a behaviour is stands in its
 * key: a program at its place in the lineage; below it a file, a name or an endpoint; a system call or capability. How it is
 * done is its ways, each with a commonality: accesses of a file, record types of a name, ports of an endpoint, actors that
 * begin a program. Who uses a file in a way, and in which phases a program runs, stands beside (diff-circumstances.ts).
 *
 * Not compared are `pattern` of a name, which says how much was learned, `peerRef`, which says the same as `peer`, and
 * `maxInstances`: the most of all containers grows with their number, their load and their processors.
 */
import { type Kind, phases as phaseWords } from '../activity/snapshot.ts';
import { type Doers, doersOf, joinDoers } from './diff-circumstances.ts';
import { identityOf, lineageId, type ProcessIdentity } from './evidence.ts';
import { toFlags } from './flags.ts';
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
  /** Place of the process that does it; of a process, its own. Absent for what containers do as a whole. */
  readonly process?: string;
  /** Programs from the root of the lineage to the process itself. Empty for what containers do as a whole. */
  readonly lineage: readonly string[];
  readonly ways: Ways;
  readonly doers: Doers;
  /** Of a program, as flags; 0 for everything else. */
  readonly phases: number;
  /** Patterns that are compared as one, as this profile has them, sorted (diff-overlaps.ts). */
  readonly names?: readonly string[];
}

const nobody: Doers = new Map();

/** The way of an endpoint whose port the kernel chose. */
export const anyPort = 'any port';

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
    for (const process of chain.toReversed())
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

/** Key of a process by that of its place. */
export function processKey(place: string): string {
  return `process ${place}`;
}

/** Entries of one key become one. */
export function behavioursOf(behavior: PublishedBehavior): Map<string, ComparedBehaviour> {
  const found = new Map<string, ComparedBehaviour>();
  for (const one of [...processBehaviours(behavior), ...wholeBehaviours(behavior)]) {
    const known = found.get(one.key);
    found.set(one.key, known === undefined ? one : joinCompared(one, known));
  }
  return found;
}

/** What is known of one behaviour by two entries. */
function joinCompared(one: ComparedBehaviour, known: ComparedBehaviour): ComparedBehaviour {
  return {
    ...one,
    ways: joinWays(known.ways, one.ways),
    doers: joinDoers(known.doers, one.doers),
    phases: known.phases | one.phases,
  };
}

function processBehaviours({ processes, files, dns, network }: PublishedBehavior): ComparedBehaviour[] {
  const places = placesOf(processes);
  /** Files of a process that is not listed still compare with each other. */
  const placeOf = (id: string): Place =>
    places.get(id) ?? { key: `?${id}`, lineage: [`process ${id}, which is not listed`] };
  const beginners = new Map(processes.map(({ id, actors }) => [id, actors]));
  return [
    ...processes.map(({ id, actors, phases, commonality, ...process }) => {
      const { key: place, lineage } = placeOf(id);
      const subject = { kind: 'process' as const, ...identityOf(process) };
      return {
        key: processKey(place),
        subject,
        process: place,
        lineage,
        ways: waysOf(actors, commonality),
        doers: nobody,
        phases: toFlags(phaseWords, phases),
      };
    }),
    ...files.map(({ processId, path, access, actors = beginners.get(processId) ?? [], commonality }) =>
      below(placeOf(processId), { kind: 'file', path }, waysOf(access, commonality), doersOf(access, actors)),
    ),
    ...dns.map(({ processId, name, types, commonality }) =>
      below(placeOf(processId), { kind: 'dns', name }, waysOf(types, commonality)),
    ),
    ...network.map(({ processId, direction, protocol, peer: block, port, commonality, oneContainer }) => {
      // Not the block: what lies in it is not known by it.
      const peer = oneContainer === undefined || block === undefined ? block : `${block} of one container`;
      const subject = { kind: 'network' as const, direction, protocol, ...(peer !== undefined && { peer }) };
      return below(placeOf(processId), subject, waysOf([port === undefined ? anyPort : `${port}`], commonality));
    }),
  ];
}

/** What the process at a place does. */
export function below(
  { key: process, lineage }: Place,
  subject: Subject,
  ways: Ways,
  doers: Doers = nobody,
): ComparedBehaviour {
  return { key: `${process} ${JSON.stringify(subject)}`, subject, process, lineage, ways, doers, phases: 0 };
}

function wholeBehaviours({ syscalls = [], capabilities = [] }: PublishedBehavior): ComparedBehaviour[] {
  const whole = (kind: 'syscall' | 'capability', name: string): ComparedBehaviour => {
    return { key: `${kind} ${name}`, subject: { kind, name }, lineage: [], ways: {}, doers: nobody, phases: 0 };
  };
  return [...syscalls.map((name) => whole('syscall', name)), ...capabilities.map((name) => whole('capability', name))];
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
