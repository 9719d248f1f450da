/**
 * The activity tree of one container, built from its kernel events. Pure: the caller gives it events and the time, and
 * takes snapshots.
 */
import type { BehaviourEvent, ExecEvent, ForkEvent, ProcessKey } from '../event/event.ts';
import { isUnixSocket } from '../event/network-events.ts';
import { isPathEvent } from '../event/path-event.ts';
import { Account } from './account.ts';
import { type BaselineProcess, parentsFirst } from './baseline.ts';
import { accessOf, socketAccessOf, usesOf } from './file-access.ts';
import { type Execution, identify, identityKey, type ProcessIdentity } from './identity.ts';
import { maxDepth, Node, nodeBytes, walk } from './node.ts';
import { ProcessTable, type Running } from './process-table.ts';
import type { Circumstances } from './sighting.ts';
import { type Actor, type Phase, type Snapshot, teachers } from './snapshot.ts';
import { type SnapshotHeader, toSnapshot } from './to-snapshot.ts';

export interface TreeOptions {
  /** Inode of the host's mount namespace: what execs in it is the runtime, still outside of the container. */
  readonly hostMountNamespace: number;
  /** The container's cgroup has been watched since it was made. */
  readonly startSeen: boolean;
  readonly startPhaseSeconds: number;
  /** Memory for the whole tree, see {@link Account}. */
  readonly maxBytes: number;
  /** Who brought a program into the container from outside, after its start. */
  readonly injectedBy: (program: Injected) => Actor;
}

/** What tells one injected program from another. A program that was found running has no `filename`. */
export type Injected = Pick<ExecEvent, 'argv' | 'argsTruncated' | 'filename' | 'tty'>;

/**
 * Of a tree whose container did not get a slot yet: all of them together share 8 MiB, a single one has at most 1 MiB (a
 * database that makes its files at its first start has opened a thousand of them before it serves) and at least 256 KiB. The
 * most that can come together: 8 MiB by the first of them, then 256 KiB for each of 64 waiting and 32 finished ones, 32 MiB.
 */
export const provisionalBytes = { together: 8 * 1024 * 1024, most: 1024 * 1024, least: 256 * 1024 } as const;

/** What each of this many trees may have. */
export function provisionalShare(trees: number): number {
  const { together, most, least } = provisionalBytes;
  return Math.max(least, Math.min(most, Math.floor(together / Math.max(1, trees))));
}

/** Of a tree that is being profiled, with room for every limit of a snapshot at usual lengths; with 5 slots 20 MiB. */
export const profilingBytes = 4 * 1024 * 1024;

export class ActivityTree {
  readonly #options: TreeOptions;
  readonly #account: Account;
  readonly #processes: ProcessTable;
  readonly #roots = new Map<string, Node>();
  #entrypoint:
    | {
        readonly at: number;
        readonly ppid: number;
        readonly node: Node;
        readonly isInit: boolean;
        /** What it is if it turns out not to be the entrypoint. */
        readonly otherwise: Actor;
      }
    | undefined;
  /** Of the container's own first program; undefined while that is not known. */
  #mountNamespace: number | undefined;
  #startSeen: boolean;
  #baselined = false;
  #events = 0;

  constructor(options: TreeOptions) {
    this.#options = options;
    this.#account = new Account(options.maxBytes);
    this.#processes = new ProcessTable(this.#account);
    this.#startSeen = options.startSeen;
  }

  /** Memory in use, approximately. */
  get bytes(): number {
    return this.#account.bytes;
  }

  /** When the container's own first program began; undefined before, and if that was not seen. */
  get entrypointAt(): number | undefined {
    return this.#entrypoint?.at;
  }

  setMaxBytes(bytes: number): void {
    this.#account.maxBytes = bytes;
  }

  apply(event: BehaviourEvent): void {
    this.#events += 1;
    if (event.type === 'exec') this.#exec(event);
    else if (event.type === 'fork') this.#fork(event);
    else if (event.type === 'exit') this.#exit(event.process, event.timestamp);
    else this.#behave(event);
  }

  /** Processes that run already. Those that are known from events are left as they are. */
  addBaseline(processes: readonly BaselineProcess[], at: number): void {
    this.#baselined = true;
    const init = processes.find(({ namespacePid }) => namespacePid === 1);
    this.#mountNamespace ??= init?.mountNamespace;
    for (const process of parentsFirst(processes)) {
      if (this.#processes.byPid(process.pid) === undefined) this.#addFound(process, at, init !== undefined);
    }
  }

  /** The tree so far; what lives at `header.to` counts as seen until then. */
  snapshot(header: SnapshotHeader): Snapshot {
    const phase = this.#phase(header.to);
    for (const node of walk(this.#roots.values())) node.persist(phase, header.to);
    return toSnapshot(header, this.#roots.values(), {
      startSeen: this.#startSeen && this.#entrypoint !== undefined,
      events: this.#events,
      treeFull: this.#account.refused,
      truncated: this.#account.truncated,
    });
  }

  /**
   * Begins another period: living processes keep their place and their listening sockets, everything else is forgotten.
   * The start belongs to the period before.
   */
  restart(at: number): void {
    this.#startSeen = false;
    this.#events = 0;
    this.#account.forgetLosses();
    const phase = this.#phase(at);
    for (const node of walk(this.#roots.values())) node.restart(phase, at);
    for (const { node, actor, attributed } of this.#processes) if (attributed) node.claim({ actor, phase, at });
    this.#prune(this.#roots, new Set(Array.from(this.#processes, ({ node }) => node)));
  }

  /** Drops the branches in which no process is; returns whether anything is left. */
  #prune(nodes: Map<string, Node>, inUse: ReadonlySet<Node>): boolean {
    for (const [key, node] of nodes) {
      if (this.#prune(node.children, inUse) || inUse.has(node)) continue;
      nodes.delete(key);
      this.#account.give('processes', nodeBytes(node.identity));
    }
    return nodes.size > 0;
  }

  #phase(at: number): Phase {
    const start = this.#options.startSeen ? this.#entrypoint?.at : undefined;
    return start !== undefined && at - start <= this.#options.startPhaseSeconds * 1_000 ? 'start' : 'run';
  }

  #circumstances(actor: Actor, at: number): Circumstances {
    return { actor, phase: this.#phase(at), at };
  }

  #exec(event: ExecEvent): void {
    const { process, timestamp: at } = event;
    const running = this.#processes.find(process, at) ?? this.#adopt(event);
    if (running !== undefined) {
      running.execId = process.execId;
      this.#become(running, running.node, this.#execution(event), at);
    } else if (event.mountNamespace !== this.#options.hostMountNamespace) this.#root(event);
  }

  /** A process whose fork was not seen, if its parent is known: it ran its parent's program until now. */
  #adopt({ process, ppid, timestamp: at }: ExecEvent): Running | undefined {
    const parent = this.#processes.byPid(ppid);
    if (parent === undefined || parent.pid === process.pid) return undefined;
    const { node, actor } = parent;
    return this.#processes.add({ ...keyOf(process), since: at, actor, node, attributed: false });
  }

  #become(running: Running, from: Node, what: Execution, at: number): void {
    const node = this.#place(from, identify(what), this.#circumstances(running.actor, at));
    if (node === undefined) this.#processes.detach(running);
    else this.#processes.move(running, node);
  }

  /** The node for a program that was executed in `from`; undefined, and counted, if there is no room for it. */
  #place(from: Node | undefined, identity: ProcessIdentity, circumstances: Circumstances): Node | undefined {
    const key = identityKey(identity);
    const deepest = from !== undefined && from.depth >= maxDepth;
    if (deepest && from.key !== key) this.#account.truncate();
    const siblings = from?.children ?? this.#roots;
    const known = deepest || from?.key === key ? from : siblings.get(key);
    if (known !== undefined) {
      known.sighting.again(circumstances);
      return known;
    }
    if (!this.#account.take('processes', nodeBytes(identity))) return undefined;
    const node = new Node(from, identity, this.#account, circumstances);
    siblings.set(node.key, node);
    return node;
  }

  /** A program that came into the container from outside: its own first one, or one that the runtime injected. */
  #root(event: ExecEvent): void {
    const { process, timestamp: at } = event;
    this.#correctEntrypoint(event);
    const first = this.#options.startSeen && this.#entrypoint === undefined;
    const injected = this.#options.startSeen || this.#baselined ? this.#options.injectedBy(event) : 'unknown';
    const actor = first ? 'entrypoint' : injected;
    const phase = first ? 'start' : this.#phase(at);
    if (first) this.#mountNamespace = event.mountNamespace;
    const node = this.#place(undefined, identify(this.#execution(event)), { actor, phase, at });
    if (node === undefined) return;
    if (first) this.#entrypoint = { at, ppid: event.ppid, node, isInit: event.namespaceInit, otherwise: injected };
    this.#processes.add({ ...keyOf(process), since: at, actor, node, attributed: true });
  }

  #execution({ file, filename, argv, mountNamespace }: ExecEvent): Execution {
    const ownMounts = this.#mountNamespace !== undefined && mountNamespace !== this.#mountNamespace;
    return { executable: file.path, filename, argv, ownMounts };
  }

  /**
   * What was taken for the entrypoint is not: it was started by a process that only now enters the container (a hook that
   * the runtime ran inside before the container's own start), or the container's process 1 starts only now (a probe that
   * overtook it; the kubelet begins probing as soon as the runtime says that it has started the container).
   */
  #correctEntrypoint({ process, namespaceInit }: ExecEvent): void {
    const taken = this.#entrypoint;
    if (taken?.ppid === process.pid) this.#disownEntrypoint(taken.node, 'unknown');
    else if (taken?.isInit === false && namespaceInit) this.#disownEntrypoint(taken.node, taken.otherwise);
  }

  #disownEntrypoint(root: Node, actor: Actor): void {
    this.#entrypoint = undefined;
    for (const node of walk([root])) node.disown(actor);
    for (const running of this.#processes) if (running.actor === 'entrypoint') running.actor = actor;
  }

  #fork({ process, child, timestamp: at }: ForkEvent): void {
    const known = this.#processes.byPid(child.pid);
    if (known !== undefined && known.since >= at) return;
    if (known !== undefined) this.#processes.remove(known);
    const parent = this.#current(process, at);
    if (parent === undefined) return;
    const { node, actor, attributed, execId } = parent;
    this.#processes.add({ pid: child.pid, startedAt: undefined, execId, since: at, actor, node, attributed });
    if (attributed) node.sighting.again(this.#circumstances(actor, at));
  }

  /** The process, detached from its node if it has executed something else without our knowledge. */
  #current(process: ProcessKey, at: number): Running | undefined {
    const running = this.#processes.find(process, at);
    if (running === undefined) return undefined;
    running.execId ??= process.execId;
    if (process.execId > running.execId) {
      running.execId = process.execId;
      this.#processes.detach(running);
    }
    return running;
  }

  #exit(process: ProcessKey, at: number): void {
    const running = this.#processes.find(process, at);
    if (running !== undefined) this.#processes.remove(running);
  }

  /** Of a process without an entry nothing is kept: it is the runtime on its way into the container. */
  #behave(event: Exclude<BehaviourEvent, { type: 'exec' | 'fork' | 'exit' }>): void {
    const running = this.#current(event.process, event.timestamp);
    if (running === undefined) return;
    if (!running.attributed || event.process.execId !== running.execId) {
      this.#account.refuse();
      return;
    }
    const circumstances = this.#circumstances(running.actor, event.timestamp);
    const { node } = running;
    node.sighting.again(circumstances);
    if (event.type === 'open') node.files.record(event.file.path, accessOf(event), circumstances);
    else if (event.type === 'dns') node.dns.record(event, circumstances);
    else if (isPathEvent(event))
      for (const { path, access } of usesOf(event)) node.files.record(path, access, circumstances);
    else if (!isUnixSocket(event)) node.endpoints.record(event, circumstances);
    else if (event.file !== undefined) node.files.record(event.file.path, socketAccessOf(event), circumstances);
  }

  /**
   * Orphans are handed to process 1, so descent from it proves nothing; only processes of the very same program are taken
   * for its workers. Descent from what a person or the kubelet began does prove something.
   */
  #whoBegan(
    process: BaselineProcess,
    identity: ProcessIdentity,
    parent: Running | undefined,
    besideInit: boolean,
  ): Actor {
    if (parent !== undefined) {
      const worker = parent.actor === 'entrypoint' && parent.node.key === identityKey(identity);
      return worker ? 'entrypoint' : (untaught(parent.actor) ?? 'unknown');
    }
    if (process.namespacePid === 1) return 'entrypoint';
    // Without a process 1 of its own, the container's own program may be the one with the terminal.
    if (!besideInit) return 'unknown';
    const { argv, terminal } = process;
    const program = { argv, argsTruncated: false, filename: '', tty: terminal ? 'unknown' : '' };
    return untaught(this.#options.injectedBy(program)) ?? 'unknown';
  }

  #addFound(process: BaselineProcess, at: number, besideInit: boolean): void {
    const parent = this.#processes.byPid(process.ppid);
    const { mountNamespace = this.#mountNamespace } = process;
    const ownMounts = this.#mountNamespace !== undefined && mountNamespace !== this.#mountNamespace;
    const identity = identify({ ...process, ownMounts });
    const actor = this.#whoBegan(process, identity, parent, besideInit);
    const circumstances = this.#circumstances(actor, at);
    const node = this.#place(parent?.node, identity, circumstances);
    if (node === undefined) return;
    const running = {
      pid: process.pid,
      startedAt: undefined,
      execId: undefined,
      since: 0,
      actor,
      node,
      attributed: true,
    };
    if (this.#processes.add(running) === undefined) return;
    for (const { path, flags } of process.files) {
      node.files.record(path, accessOf({ flags, created: false, retval: 0 }), circumstances);
    }
    for (const { protocol, local } of process.sockets) node.endpoints.recordHeld(protocol, local, circumstances);
  }
}

/** The actor, if what it does does not become known. */
function untaught(actor: Actor): Actor | undefined {
  return teachers.some((teacher) => teacher === actor) ? undefined : actor;
}

function keyOf({ pid, startedAt, execId }: ProcessKey): Pick<Running, 'pid' | 'startedAt' | 'execId'> {
  return { pid, startedAt, execId };
}
