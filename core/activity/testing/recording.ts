/** Writes down the kernel events of an imagined container, with the clock and the counters a kernel would give them. */
import { Purpose, type BehaviourEvent, type FileFacts, type ProcessKey } from '../../event/event.ts';
import type { SocketEvent, UnixSocketEvent } from '../../event/network-events.ts';
import type { PathEvent } from '../../event/path-event.ts';

export const hostMountNamespace = 4_026_531_841;
export const containerMountNamespace = 4_026_532_500;

const noTruncation = { truncated: false, deleted: false };
const facts: FileFacts = {
  inode: 1,
  device: 1,
  mode: 0o100_644,
  uid: 0,
  gid: 0,
  mountId: 1,
  filesystem: 'overlay',
  modifiedAt: 0,
  changedAt: 0,
  inUpperLayer: false,
};
const root = {
  uid: 0,
  gid: 0,
  euid: 0,
  egid: 0,
  fsuid: 0,
  fsgid: 0,
  auid: undefined,
  capEffective: 0n,
  capPermitted: 0n,
};

export interface ExecOptions {
  readonly argv?: readonly string[];
  readonly filename?: string;
  readonly ppid?: number;
  readonly tty?: string;
  readonly mountNamespace?: number;
  readonly namespaceInit?: boolean;
}

export class Recording {
  readonly events: BehaviourEvent[] = [];
  readonly #processes = new Map<number, ProcessKey>();
  readonly cgroupId: bigint;
  /** Milliseconds since the epoch of the next event; each takes one. */
  now: number;

  constructor(cgroupId = 77n, now = 1_800_000_000_000) {
    this.cgroupId = cgroupId;
    this.now = now;
  }

  #key(pid: number): ProcessKey {
    const known = this.#processes.get(pid);
    if (known !== undefined) return known;
    const key = { pid, startedAt: this.now * 1_000, execId: 0 };
    this.#processes.set(pid, key);
    return key;
  }

  #base(pid: number, mountNamespace = containerMountNamespace) {
    this.now += 1;
    return {
      timestamp: this.now,
      purpose: Purpose.learning,
      approver: 0,
      cgroupId: this.cgroupId,
      mountNamespace,
      process: this.#key(pid),
      tid: pid,
      uid: 0,
    };
  }

  exec(pid: number, path: string, options: ExecOptions = {}): this {
    const { argv = [path], filename = path, ppid = 1, tty = '', mountNamespace, namespaceInit = false } = options;
    const before = this.#key(pid);
    this.#processes.set(pid, { ...before, execId: before.execId + 1 });
    const base = this.#base(pid, mountNamespace);
    const file = { path, ...noTruncation, ...facts };
    this.events.push({
      ...base,
      type: 'exec',
      file,
      filename,
      argv,
      argsTruncated: false,
      envsTruncated: false,
      filenameTruncated: false,
      cwd: { path: '/', ...noTruncation },
      tty,
      credentials: root,
      ppid,
      namespaceInit,
    });
    return this;
  }

  fork(pid: number, child: number): this {
    const base = this.#base(pid);
    this.#processes.set(child, { pid: child, startedAt: this.now * 1_000, execId: base.process.execId });
    this.events.push({ ...base, type: 'fork', child: { pid: child }, flags: 0 });
    return this;
  }

  exit(pid: number): this {
    this.events.push({ ...this.#base(pid), type: 'exit', status: 0 });
    this.#processes.delete(pid);
    return this;
  }

  open(pid: number, path: string, { flags = 0, created = false, retval = 0 } = {}): this {
    const file = { path, ...noTruncation, resolved: retval >= 0, ...(retval >= 0 && { facts }) };
    this.events.push({ ...this.#base(pid), type: 'open', file, flags, created, retval });
    return this;
  }

  /** `to` is the second path of a rename or link. */
  change(pid: number, type: PathEvent['type'], path: string, { to = '', retval = 0, flags = 0 } = {}): this {
    const named = (name: string) => ({ path: name, ...noTruncation, resolved: true });
    const common = { ...this.#base(pid), retval, flags };
    const file = named(path);
    const two = { ...file, destination: named(to) };
    const mode = { ...file, destination: { mode: 0o644 } };
    const owner = { ...file, destination: { uid: 0, gid: 0 } };
    const attribute = { ...file, destination: { name: 'user.a', namespace: 'user' } };
    const syscall = { path, mode: 0o644, dirfd: -100, destination: { path: to } };
    const events: Readonly<Record<PathEvent['type'], PathEvent>> = {
      unlink: { ...common, type: 'unlink', file, syscall },
      rmdir: { ...common, type: 'rmdir', file, syscall },
      rename: { ...common, type: 'rename', file: two, syscall },
      link: { ...common, type: 'link', file: two, syscall },
      mkdir: { ...common, type: 'mkdir', file: mode, syscall },
      mknod: { ...common, type: 'mknod', file: mode, syscall },
      chmod: { ...common, type: 'chmod', file: mode, syscall },
      chown: { ...common, type: 'chown', file: owner, syscall },
      symlink: { ...common, type: 'symlink', file, target: to, syscall },
      setxattr: { ...common, type: 'setxattr', file: attribute, syscall },
      removexattr: { ...common, type: 'removexattr', file: attribute, syscall },
      utimes: { ...common, type: 'utimes', file, syscall },
      truncate: { ...common, type: 'truncate', file, syscall },
      chdir: { ...common, type: 'chdir', file, syscall },
      chroot: { ...common, type: 'chroot', file, syscall },
    };
    this.events.push(events[type]);
    return this;
  }

  socket(pid: number, type: SocketEvent['type'], address: string, options: Partial<SocketEvent> = {}): this {
    const [ip = '', port = ''] = address.split(/:(?=\d+$)/);
    const at = { family: ip.includes(':') ? 'ipv6' : 'ipv4', ip, port: Number(port) } as const;
    const ends = type === 'connect' ? { local: { ...at, ip: '10.0.0.9', port: 40_000 }, remote: at } : { local: at };
    this.events.push({ ...this.#base(pid), type, protocol: 'tcp', retval: 0, ...ends, ...options });
    return this;
  }

  /** Without a path: of the abstract namespace. */
  unixSocket(pid: number, type: UnixSocketEvent['type'], path: string | undefined, retval = 0): this {
    const name = path === undefined ? { abstractName: 'x' } : { file: { path, truncated: false, deleted: false } };
    this.events.push({ ...this.#base(pid), type, retval, ...name });
    return this;
  }

  dns(pid: number, name: string, options: { type?: string; direction?: 'query' | 'response' } = {}): this {
    const { type = 'A', direction = 'query' } = options;
    const server = { family: 'ipv4', ip: '10.96.0.10', port: 53 } as const;
    this.events.push({
      ...this.#base(pid),
      type: 'dns',
      direction,
      protocol: 'udp',
      server,
      id: 1,
      questions: [{ name, type, class: 1 }],
      responseCode: 0,
      answers: [],
      length: 40,
      truncated: false,
    });
    return this;
  }

  /** Sent to a name server, and no DNS message. */
  garbage(pid: number): this {
    this.dns(pid, '');
    const sent = this.events.pop();
    if (sent?.type === 'dns') this.events.push({ ...sent, questions: [] });
    return this;
  }

  wait(seconds: number): this {
    this.now += seconds * 1_000;
    return this;
  }
}
