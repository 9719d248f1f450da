/** The known behaviour of a profile, laid out for looking up what is near to something. From evidence, or from an object. */
import { type FileAccess, type Kind, kinds as kindWords } from '../activity/snapshot.ts';
import { splitName } from '../pattern/dns.ts';
import { listedKinds } from '../profile/diff-behaviours.ts';
import {
  type BehaviourKind,
  byText,
  type Evidence,
  identityOf,
  lineageId,
  type NetworkEvidence,
  type ProcessIdentity,
} from '../profile/evidence.ts';
import { toFlags } from '../profile/flags.ts';
import { generalise } from '../profile/generalise.ts';
import { knownEvidence } from '../profile/known.ts';
import type { PublishedBehavior } from '../profile/publication.ts';
import { sketchCount } from '../profile/sketch.ts';

export interface KnownProcess {
  readonly id: string;
  readonly parentId?: string;
  readonly identity: ProcessIdentity;
}

export interface KnownFile {
  readonly processId: string;
  readonly path: string;
  readonly access: FileAccess;
}

export interface KnownName {
  readonly processId: string;
  readonly name: string;
}

export type KnownEndpoint = Pick<NetworkEvidence, 'processId' | 'direction' | 'protocol' | 'peer' | 'port'>;

type By<Entry> = ReadonlyMap<string, readonly Entry[]>;

/** How much the profile could know at all. */
interface Extent {
  /** That were watched, as flags. */
  readonly kinds: number;
  /** Behaviours that found no room. */
  readonly omitted: Readonly<Record<BehaviourKind, number>>;
  /** Of containers as a whole. */
  readonly syscalls: ReadonlySet<string>;
  readonly capabilities: ReadonlySet<string>;
}

/** References to what the evidence holds already: some 60 bytes for each behaviour. */
export interface KnownBehaviour extends Extent {
  readonly processes: ReadonlyMap<string, KnownProcess>;
  /** By parent; roots under the empty text. */
  readonly children: By<KnownProcess>;
  readonly files: readonly KnownFile[];
  readonly filesOf: By<KnownFile>;
  readonly filesAt: By<KnownFile>;
  readonly names: readonly KnownName[];
  readonly namesOf: By<KnownName>;
  readonly namesBelow: By<KnownName>;
  readonly endpointsOf: By<KnownEndpoint>;
  readonly endpoints: readonly KnownEndpoint[];
}

interface Lists extends Extent {
  readonly processes: readonly KnownProcess[];
  readonly files: readonly KnownFile[];
  readonly names: readonly KnownName[];
  readonly endpoints: readonly KnownEndpoint[];
}

/** What is in quarantine has to be taken out before, as for compiling. */
export function knownByEvidence(evidence: Evidence): KnownBehaviour {
  const { processes, files, dns, network, syscalls, capabilities } = generalise(knownEvidence(evidence));
  const { omitted } = evidence;
  return layOut({
    kinds: evidence.containers.reduce((flags, facts) => flags | facts.kinds, 0),
    omitted: {
      processes: sketchCount(omitted.processes),
      files: sketchCount(omitted.files),
      dns: sketchCount(omitted.dns),
      network: sketchCount(omitted.network),
    },
    syscalls: new Set(syscalls.keys()),
    capabilities: new Set(capabilities.keys()),
    processes: Array.from(processes.values(), (process) => ({
      id: process.id,
      ...(process.parentId !== undefined && { parentId: process.parentId }),
      identity: identityOf(process),
    })),
    files: [...files.values()],
    names: [...dns.values()],
    endpoints: [...network.values()],
  });
}

/** What an object says of itself; one that somebody wrote by hand may not say it. */
export interface PublicationFacts {
  readonly completeness?: { readonly kindsCollected?: readonly Kind[] };
  readonly omitted?: Readonly<Record<BehaviourKind, number>>;
}

const nothingOmitted = { processes: 0, files: 0, dns: 0, network: 0 } as const;

/** Of an object without its evidence. It may be written by hand, so its identifiers are computed anew. */
export function knownByPublication(behavior: PublishedBehavior, facts: PublicationFacts = {}): KnownBehaviour {
  const { processes, files, dns, network } = behavior;
  const ids = new Map<string, string>();
  const known: KnownProcess[] = [];
  // Parents stand before their children; what lies below a process that is left out is not shown either.
  for (const process of processes) {
    const parentId = process.parentId === undefined ? undefined : ids.get(process.parentId);
    if (process.parentId !== undefined && parentId === undefined) continue;
    const identity = identityOf(process);
    const id = lineageId(parentId, identity);
    ids.set(process.id, id);
    known.push({ id, ...(parentId !== undefined && { parentId }), identity });
  }
  const below = <Row extends { readonly processId: string }>(rows: readonly Row[]): Row[] =>
    rows.flatMap((row) => {
      const processId = ids.get(row.processId);
      return processId === undefined ? [] : [{ ...row, processId }];
    });
  const collected = facts.completeness?.kindsCollected ?? [...listedKinds(behavior)];
  return layOut({
    kinds: toFlags(kindWords, collected),
    omitted: facts.omitted ?? nothingOmitted,
    syscalls: new Set(behavior.syscalls),
    capabilities: new Set(behavior.capabilities),
    processes: known,
    files: below(files).flatMap(({ processId, path, access }) =>
      access.map((one) => ({ processId, path, access: one })),
    ),
    names: below(dns),
    endpoints: below(network.filter(({ oneContainer }) => oneContainer === undefined)).map(
      ({ peer = '', port = 0, ...endpoint }) => ({ ...endpoint, peer, port }),
    ),
  });
}

/** Sorted, so that what is near comes out the same however the profile was put together. */
function layOut({ processes, files, names, endpoints, ...extent }: Lists): KnownBehaviour {
  const sortedFiles = files.toSorted(
    (a, b) => byText(a.path, b.path) || byText(a.processId, b.processId) || byText(a.access, b.access),
  );
  const sortedNames = names.toSorted((a, b) => byText(a.name, b.name) || byText(a.processId, b.processId));
  const sortedEndpoints = endpoints.toSorted((a, b) => byText(endpointKey(a), endpointKey(b)));
  const sortedProcesses = processes.toSorted((a, b) => byText(a.id, b.id));
  const processOf = ({ processId }: { readonly processId: string }): string => processId;
  return {
    ...extent,
    processes: new Map(sortedProcesses.map((process) => [process.id, process])),
    children: Map.groupBy(sortedProcesses, ({ parentId = '' }) => parentId),
    files: sortedFiles,
    filesOf: Map.groupBy(sortedFiles, processOf),
    filesAt: Map.groupBy(sortedFiles, ({ path }) => path),
    names: sortedNames,
    namesOf: Map.groupBy(sortedNames, processOf),
    namesBelow: Map.groupBy(sortedNames, ({ name }) => splitName(name).domain),
    endpointsOf: Map.groupBy(sortedEndpoints, processOf),
    endpoints: sortedEndpoints,
  };
}

function endpointKey({ processId, direction, protocol, peer, port }: KnownEndpoint): string {
  return `${direction} ${protocol} ${peer} ${String(port).padStart(5, '0')} ${processId}`;
}

/** The processes from the root of a lineage to this one. */
export function lineageOf({ processes }: KnownBehaviour, id: string): ProcessIdentity[] {
  const lineage: ProcessIdentity[] = [];
  for (let at = processes.get(id); at !== undefined; at = processes.get(at.parentId ?? '')) lineage.push(at.identity);
  return lineage.toReversed();
}
