/**
 * The snapshot: activity tree of one container over one period, and how complete it is. This is the wire and storage
 * format (JSON, zstd); `formatVersion` changes when an older reader could misread it.
 */
import { z } from 'zod';
import { epochMs, wholeEpochMs } from '../epoch.ts';
import { Vocabulary } from './vocabulary.ts';

export const formatVersion = 1;

/**
 * Limits of one snapshot. A tree at every limit is about 6 MB of JSON: 10,000 files × (path 256 + 150 bytes of fields)
 * ≈ 4 MB, 1,000 processes × 600 ≈ 0.6 MB, 2,000 names × 300 ≈ 0.6 MB, 2,000 endpoints × 250 ≈ 0.5 MB.
 */
export const snapshotLimits = {
  processes: 1_000,
  files: 10_000,
  dns: 2_000,
  network: 2_000,
  gaps: 100,
  syscalls: 512,
  capabilities: 64,
  pathLength: 4_096 * 4,
  /** Of a DNS name: 253 bytes, escaped. */
  nameLength: 1_024,
  /** Bytes of the JSON after decompression. */
  jsonBytes: 8 * 1024 * 1024,
  /** Bytes of the upload. */
  compressedBytes: 1024 * 1024,
} as const;

/**
 * Who began a lineage. `exec`, `probe` and `interactive` came from the runtime, from outside of the container: a probe equals
 * an exec probe or a lifecycle hook of its pod, an interactive one has a terminal. Grows at its end only (flags.ts).
 */
export const actors = ['entrypoint', 'exec', 'unknown', 'probe', 'interactive'] as const;
export const phases = ['start', 'run'] as const;
export const kinds = ['process', 'file', 'dns', 'network', 'syscall', 'capability'] as const;
/** Stored by their place in this list: new ones come last. `rename` gave its name away, `create` got it. */
export const fileAccesses = ['read', 'write', 'create', 'denied', 'delete', 'rename', 'attributes'] as const;
export const networkDirections = ['connect', 'bind', 'listen', 'accept'] as const;
const protocols = ['tcp', 'udp', 'other'] as const;

/**
 * Whose behaviour becomes known. What a person types and what the kubelet asks says nothing about the program; `unknown` is
 * what ran before the agent came, and images whose containers are all older would otherwise never be learned.
 */
export const teachers = ['entrypoint', 'exec', 'unknown'] as const satisfies readonly (typeof actors)[number][];

/**
 * Ways past the agent that a container went at least once since its cgroup was observed: what it did by them is not in its
 * snapshots. `io_uring`: files and sockets opened by requests in shared memory. `compat-syscalls`: calls of 32-bit programs,
 * or by their table. `left-cgroup`: processes moved to, or begun in, a cgroup outside of the container's. `other`: a way that a
 * newer agent knows. New ones come last, behind it.
 */
export const blindSpots = ['io_uring', 'compat-syscalls', 'left-cgroup', 'other'] as const;

export type BlindSpot = (typeof blindSpots)[number];
export type Actor = (typeof actors)[number];
export type Phase = (typeof phases)[number];
export type Kind = (typeof kinds)[number];
export type FileAccess = (typeof fileAccesses)[number];
export type NetworkDirection = (typeof networkDirections)[number];

/**
 * What agents escape (escape.ts, printable.ts) cannot come from one that is honest. It must not come from others either: it
 * would steer the terminal of whoever looks at a profile, and half a surrogate pair in one path makes the API server refuse
 * the whole profile.
 */
const shown = z.string().regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'holds characters that must be escaped');
const path = shown.min(1).max(snapshotLimits.pathLength);
export const syscallName = /^[a-z0-9_]{1,64}$/;
export const capabilityName = /^CAP_[A-Z0-9_]{1,60}$/;
const count = z.number().int().nonnegative();
const containerId = z.string().regex(/^[0-9a-f]{64}$/, 'a container ID is 64 hexadecimal digits');

/** Words of one of the lists above, as an agent that may be newer has them; see {@link understood}. */
const word = z.string().min(1).max(32);
const words = z.array(word).max(32);

/** What every behaviour carries. First and last seen are milliseconds since the epoch by the node's clock. */
const seen = {
  actors: words.min(1),
  phases: words.min(1),
  first: epochMs,
  last: epochMs,
};

/**
 * A process node: one executable at one place of the lineage. `parent` is the index of its parent in `processes`, always
 * smaller than its own; -1 for a root. Workers that fork without exec belong to the node; `maxInstances` says how many
 * processes lived in it at once.
 */
const processNode = z.object({
  ...seen,
  parent: z.number().int().min(-1),
  executable: path,
  /** Name under which a multi-call binary (busybox, toybox, coreutils) ran. */
  applet: shown.max(256).optional(),
  /** Script that an interpreter ran. */
  script: path.optional(),
  /** The interpreter ran code from its arguments (`-c`, `-e`). */
  inline: z.literal(true).optional(),
  maxInstances: z.number().int().positive(),
});

const fileNode = z.object({
  ...seen,
  process: count,
  path,
  access: words.min(1),
});

const dnsNode = z.object({
  ...seen,
  process: count,
  name: shown.min(1).max(snapshotLimits.nameLength),
  types: z.array(shown.max(16)).min(1).max(64),
});

/** `port` is the remote port of a connect, the local one of everything else; `address` likewise. */
const networkNode = z.object({
  ...seen,
  process: count,
  direction: word,
  protocol: word,
  address: shown.max(64),
  /** Who connected to us; only for accept. */
  peer: shown.max(64).optional(),
  port: z.number().int().min(0).max(65_535),
});

export const losses = z.object({
  /** Records that found the ring buffer full. */
  ringDrops: count,
  /**
   * Program runs that the kernel skipped because another instance was active on the CPU. It counts them for the whole node
   * alone: of this container they are the most that there can have been.
   */
  recursionMisses: count,
  /** Entries that found a kernel map full. */
  mapFull: count,
  /** Paths, arguments or names cut short. */
  truncated: count,
  /** Records that could not be decoded: whose they were is not known, so as with `recursionMisses` the most. */
  decodeErrors: count,
  /** Behaviours beyond {@link snapshotLimits} or the byte budget of the tree. */
  treeFull: count,
});

/**
 * A stretch of time in which nothing was watched although the container ran: within the period, or before it, when the
 * agent that was to watch it had only just come. `reason` is `agent-restarted`.
 */
const gap = z
  .object({ from: epochMs, to: epochMs, reason: shown.max(64) })
  .refine(({ from, to }) => from < to, 'must end after it begins');

/** The container as its agent knows it. What the operator believes comes from the Pod, never from here. */
export const containerIdentity = z.object({
  id: containerId,
  name: z.string().max(253),
  podUid: z.string().max(64),
  podName: z.string().max(253),
  podNamespace: z.string().max(63),
});

const wireSnapshot = z
  .object({
    formatVersion: z.literal(formatVersion),
    /** `<container id>/<from>`: one container and one period. */
    snapshotId: z.string().max(96),
    /** The slot that the operator granted. */
    slotId: z.string().max(64),
    container: containerIdentity,
    from: wholeEpochMs,
    to: wholeEpochMs,
    /** The container ended within this period. */
    ended: z.boolean(),
    /** The agent watched from before the first exec. */
    startSeen: z.boolean(),
    gaps: z.array(gap).max(snapshotLimits.gaps),
    /** Records of this container that were read within the period. Agents before this field: 0, of which any loss is all. */
    events: count.default(0),
    losses,
    /** Agents before this field: none were looked for. */
    blindSpots: words.default([]),
    /** Kinds that were watched at all: what is not listed here was not collected, which is not the same as absent. */
    kindsCollected: words,
    processes: z.array(processNode).max(snapshotLimits.processes),
    files: z.array(fileNode).max(snapshotLimits.files),
    dns: z.array(dnsNode).max(snapshotLimits.dns),
    network: z.array(networkNode).max(snapshotLimits.network),
    /** Of the container as a whole, sorted. Absent where they were not collected, so from all agents before these fields. */
    syscalls: z.array(z.string().regex(syscallName)).max(snapshotLimits.syscalls).exactOptional(),
    capabilities: z.array(z.string().regex(capabilityName)).max(snapshotLimits.capabilities).exactOptional(),
  })
  .superRefine((snapshot, context) => {
    const refuse = (message: string, ...at: (string | number)[]): void =>
      context.addIssue({ code: 'custom', message, path: at });
    if (snapshot.snapshotId !== snapshotId(snapshot.container.id, snapshot.from)) {
      refuse('must be <container id>/<from>', 'snapshotId');
    }
    if (snapshot.to < snapshot.from) refuse('lies before from', 'to');
    snapshot.gaps.forEach(({ to }, index) => {
      if (to > snapshot.to) refuse('lies after the end of the period', 'gaps', index, 'to');
    });
    snapshot.processes.forEach((node, index) => {
      if (node.parent >= index)
        refuse('must be smaller than the index of the node itself', 'processes', index, 'parent');
    });
    for (const list of ['files', 'dns', 'network'] as const) {
      snapshot[list].forEach((node, index) => {
        if (node.process >= snapshot.processes.length)
          refuse('names no process of this snapshot', list, index, 'process');
      });
    }
  });

interface Seen {
  readonly actors: Actor[];
  readonly phases: Phase[];
}

export type ProcessNode = Omit<z.infer<typeof processNode>, keyof Seen> & Seen;
export type FileNode = Omit<z.infer<typeof fileNode>, keyof Seen | 'access'> & Seen & { readonly access: FileAccess[] };
export type DnsNode = Omit<z.infer<typeof dnsNode>, keyof Seen> & Seen;
export type NetworkNode = Omit<z.infer<typeof networkNode>, keyof Seen | 'direction' | 'protocol'> &
  Seen & { readonly direction: NetworkDirection; readonly protocol: (typeof protocols)[number] };

/**
 * What of a newer agent's words can be understood. What nobody known did stays, as nobody's whose behaviour becomes known; what
 * was done in an unknown way is left out, because there is nothing to compare it with; an unknown way past the agent is one all
 * the same.
 */
function understood(wire: z.infer<typeof wireSnapshot>) {
  const vocabulary = new Vocabulary();
  const seenIn = <Node extends { readonly actors: string[]; readonly phases: string[] }>(node: Node) => {
    const known = vocabulary.among(phases, node.phases);
    // `start` says more of a behaviour than `run`.
    const inPhases: Phase[] = known.length > 0 ? known : ['run'];
    return { ...node, actors: vocabulary.among(actors, node.actors), phases: inPhases };
  };
  const files = wire.files.flatMap((node) => {
    const access = vocabulary.among(fileAccesses, node.access);
    return access.length === 0 ? [] : [{ ...seenIn(node), access }];
  });
  const network = wire.network.flatMap((node) => {
    const direction = vocabulary.one(networkDirections, node.direction);
    const protocol = vocabulary.one(protocols, node.protocol) ?? 'other';
    return direction === undefined ? [] : [{ ...seenIn(node), direction, protocol }];
  });
  const ways = vocabulary.among(blindSpots, wire.blindSpots);
  const other = wire.blindSpots.some((each) => !ways.some((way) => way === each));
  const snapshot = {
    ...wire,
    blindSpots: other ? [...new Set<BlindSpot>([...ways, 'other'])] : ways,
    kindsCollected: vocabulary.among(kinds, wire.kindsCollected),
    processes: wire.processes.map(seenIn),
    files,
    dns: wire.dns.map(seenIn),
    network,
  };
  return { ...snapshot, ...(vocabulary.unknown > 0 && { notUnderstood: vocabulary.unknown }) };
}

export const snapshotSchema = wireSnapshot.transform(understood);

/** `notUnderstood`: words of a newer agent that this reader left out; absent if there were none. */
export type Snapshot = z.infer<typeof snapshotSchema>;
export type Gap = z.infer<typeof gap>;
export type Losses = z.infer<typeof losses>;
export type ContainerIdentity = z.infer<typeof containerIdentity>;

export function snapshotId(container: string, from: number): string {
  return `${container}/${from}`;
}

export function noLosses(): Losses {
  return { ringDrops: 0, recursionMisses: 0, mapFull: 0, truncated: 0, decodeErrors: 0, treeFull: 0 };
}
