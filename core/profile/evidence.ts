/**
 * Layer 1 of a profile: everything that was learned of one image, as behaviour -> set of containers that showed it. No
 * counts are kept, only sets and extremes, so that merging is a union: in whatever order snapshots arrive, and however
 * often, the same evidence comes out (merge.ts).
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import {
  actors as actorWords,
  type FileAccess,
  type Losses,
  type NetworkDirection,
  teachers,
} from '../activity/snapshot.ts';
import type { ContainerSet, PeriodSet } from './container-set.ts';
import { toFlags } from './flags.ts';
import type { Members } from './members.ts';

/**
 * Limits of one image's evidence in rows; who writes it limits its bytes besides, as rows may have the longest of names. At
 * every limit, with usual names, it is about 16 MB of JSON: 20,000 files × 2 accesses × (path 150 + 100 of
 * fields) ≈ 10 MB, 4,000 processes × 250 = 1 MB, 8,000 names × 120 ≈ 1 MB, 27,000 endpoints × 120 ≈ 3 MB, 1,000 patterns ×
 * members of 1 KB = 1 MB; in front of each behaviour up to 1 KB of container bits, which compress well because neighbours
 * share them.
 */
export const evidenceLimits = {
  processes: 4_000,
  /** By signature, as are names: of one signature there are at most 9 paths × 7 accesses (patterns.ts). A shape counts as 32. */
  files: 20_000,
  dns: 8_000,
  /** A group of external blocks that are or may become one (close-blocks.ts) is kept as a whole, at most 651, and counts as at most 192. */
  network: 8_000,
  /**
   * Files, by signature, that one process uses in one directory, and names of one domain that it asks for. More than that is a
   * program that makes up names, of which no number of examples says more; they shall not push out what others do.
   */
  siblings: 1_000,
  /**
   * Signatures of one shape at which all names of the shape become one pattern: a program that gives that many names of one
   * length and one beginning makes them up. A person reads a list of 30, and less than a twentieth of what a directory may have.
   */
  shapes: 32,
  /**
   * Question types of one DNS name; programs use A, AAAA, SRV, TXT and a few more. What is beyond is not counted: `omitted` is
   * of behaviours, and the name stays, by which alone it is known or not.
   */
  dnsTypes: 16,
  /** Snapshots of one image. Four times what the settings allow for learning, because short ones do not count there. */
  snapshots: 4_000,
} as const;

/** What every behaviour has. `actors` and `phases` are flags (flags.ts); times are whole milliseconds since the epoch. */
export interface Behaviour {
  readonly actors: number;
  readonly phases: number;
  readonly first: number;
  readonly last: number;
  readonly containers: ContainerSet;
  /**
   * Which snapshots showed it, as bits of the table of these, while the evidence is of one container alone; gone with the
   * second (recurrence.ts), and unknown in evidence that is older than this field. Learning ends at 200 snapshots that count, so
   * it has some 25 bytes.
   */
  readonly periods: PeriodSet | undefined;
}

/** What one process of a lineage is, apart from where it stands in it. */
export interface ProcessIdentity {
  readonly executable: string;
  readonly applet?: string;
  readonly script?: string;
  readonly inline?: true;
}

export interface ProcessEvidence extends Behaviour, ProcessIdentity {
  readonly id: string;
  /** Absent at the root of a lineage. */
  readonly parentId?: string;
  /** 0 at the root. */
  readonly depth: number;
  readonly maxInstances: number;
}

/** A behaviour whose object has a name, which may be a pattern (patterns.ts). */
export interface NamedBehaviour extends Behaviour {
  readonly processId: string;
  /** What all names have in common with which it could become one pattern; the same before and after. */
  readonly signature: string;
  /** What it would have in common with names of other signatures (core/pattern/shape.ts), if these are many; never changes. */
  readonly shape: string;
  /** Of a pattern: what it was made of. */
  readonly members?: Members;
}

/** One way of using one file: who reads and who writes a file are different sets of containers. */
export interface FileEvidence extends NamedBehaviour {
  readonly path: string;
  readonly access: FileAccess;
}

export interface DnsEvidence extends NamedBehaviour {
  readonly name: string;
  /** Sorted. */
  readonly types: readonly string[];
}

export interface NetworkEvidence extends Behaviour {
  readonly processId: string;
  readonly direction: NetworkDirection;
  readonly protocol: 'tcp' | 'udp' | 'other';
  /** Text of the peer of a connect, class of the peer of an accept (from-snapshot.ts), empty for bind and listen. */
  readonly peer: string;
  /** Remote port of a connect, own port of the rest; 0 for ports that the kernel chose. */
  readonly port: number;
  /** Of a block that stands for many (blocks.ts): these. */
  readonly members?: Members;
}

export interface ContainerFacts {
  readonly id: string;
  readonly startSeen: boolean;
  /** Kinds that were collected in any of its snapshots, as flags. */
  readonly kinds: number;
  /** Ways past the agent that it went in any of its snapshots, as flags. */
  readonly blindSpots: number;
  readonly node: string;
  /** `namespace/Kind/name` */
  readonly workload: string;
  /** `sha256:…`, or empty while the pod's status did not have it. */
  readonly digest: string;
}

export interface SnapshotFacts {
  readonly containerId: string;
  readonly from: number;
  readonly to: number;
  readonly ended: boolean;
  /** Stretches in which nothing was watched, within the period or before it, and their milliseconds together. */
  readonly gaps: number;
  readonly gapMs: number;
  /** Records that were read. */
  readonly events: number;
  readonly losses: Losses;
}

/** Names of what a container used as a whole, each with who did: nobody knows which process, or when. */
export type NameSets = ReadonlyMap<string, ContainerSet>;

export const behaviourKinds = ['processes', 'files', 'dns', 'network'] as const;
export type BehaviourKind = (typeof behaviourKinds)[number];

export interface Evidence {
  /** Sorted by ID: the table that container sets refer to. */
  readonly containers: readonly ContainerFacts[];
  /** Sorted by container, then time. */
  readonly snapshots: readonly SnapshotFacts[];
  readonly processes: ReadonlyMap<string, ProcessEvidence>;
  /** A process that was omitted leaves its files, names and endpoints here without it. */
  readonly files: ReadonlyMap<string, FileEvidence>;
  readonly dns: ReadonlyMap<string, DnsEvidence>;
  readonly network: ReadonlyMap<string, NetworkEvidence>;
  readonly syscalls: NameSets;
  readonly capabilities: NameSets;
  /** What did not fit, as sketches that merge (bound.ts). */
  readonly omitted: Readonly<Record<BehaviourKind, readonly number[]>>;
}

export const emptyEvidence: Evidence = {
  containers: [],
  snapshots: [],
  processes: new Map(),
  files: new Map(),
  dns: new Map(),
  network: new Map(),
  syscalls: new Map(),
  capabilities: new Map(),
  omitted: { processes: [], files: [], dns: [], network: [] },
};

/**
 * Name of a place in a lineage: hash of the parent's name and of what runs there, so equal lineages have equal names in
 * every container, node and version of the product. 64 bits: among 4,000 processes two collide by chance once in 10^12
 * profiles.
 */
export function lineageId(parentId: string | undefined, identity: ProcessIdentity): string {
  const { executable, applet = null, script = null, inline = false } = identity;
  const text = JSON.stringify([parentId ?? null, executable, applet, script, inline]);
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, 16);
}

/** Only what identifies it, in one order of fields: equal identities give equal text. */
export function identityOf({
  executable,
  applet,
  script,
  inline,
}: {
  readonly [Field in keyof ProcessIdentity]: ProcessIdentity[Field] | undefined;
} & { readonly executable: string }): ProcessIdentity {
  return {
    executable,
    ...(applet !== undefined && { applet }),
    ...(script !== undefined && { script }),
    ...(inline !== undefined && { inline }),
  };
}

const teacherFlags = toFlags(actorWords, teachers);

/** Somebody showed it whose behaviour becomes known. */
export function isTaught({ actors }: Pick<Behaviour, 'actors'>): boolean {
  return (actors & teacherFlags) !== 0;
}

/**
 * What only probes and people at terminals did in a container is kept apart from what the same object is to others: the two
 * never become one entry, so its containers are none of those that showed it by themselves.
 */
export function side(behaviour: Pick<Behaviour, 'actors'>): string {
  return isTaught(behaviour) ? '' : '~';
}

/** Lineage ids have a fixed length and paths no control characters: the parts of a key cannot run into each other. */
export const keyOf = {
  process: (process: Pick<ProcessEvidence, 'id' | 'actors'>): string => `${side(process)}${process.id}`,
  file: (file: Pick<FileEvidence, 'processId' | 'path' | 'access' | 'actors'>): string =>
    `${side(file)}${file.processId} ${file.path}\n${file.access}`,
  dns: (dns: Pick<DnsEvidence, 'processId' | 'name' | 'actors'>): string => `${side(dns)}${dns.processId} ${dns.name}`,
  network: (
    network: Pick<NetworkEvidence, 'processId' | 'direction' | 'protocol' | 'peer' | 'port' | 'actors'>,
  ): string =>
    `${side(network)}${network.processId} ${network.direction} ${network.protocol} ${network.port} ${network.peer}`,
} as const;

/** Order of code units: the same on every machine, whatever its locale. */
export function byText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
