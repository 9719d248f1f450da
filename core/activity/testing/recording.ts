/** Writes down the kernel events of an imagined container, with the clock and the counters a kernel would give them. */
import { Purpose, type BehaviourEvent, type ProcessKey, type SocketEvent } from '../../event/event.ts';

export const hostMountNamespace = 4_026_531_841;
export const containerMountNamespace = 4_026_532_500;

const noTruncation = { truncated: false, deleted: false };

export interface ExecOptions {
  readonly argv?: readonly string[];
  readonly filename?: string;
  readonly ppid?: number;
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
      cgroupId: this.cgroupId,
      mountNamespace,
      process: this.#key(pid),
      uid: 0,
    };
  }

  exec(pid: number, path: string, options: ExecOptions = {}): this {
    const { argv = [path], filename = path, ppid = 1, mountNamespace, namespaceInit = false } = options;
    const before = this.#key(pid);
    this.#processes.set(pid, { ...before, execId: before.execId + 1 });
    const base = this.#base(pid, mountNamespace);
    const file = { path, ...noTruncation, inode: 1 };
    this.events.push({ ...base, type: 'exec', file, filename, argv, argsTruncated: false, ppid, namespaceInit });
    return this;
  }

  fork(pid: number, child: number): this {
    const base = this.#base(pid);
    this.#processes.set(child, { pid: child, startedAt: this.now * 1_000, execId: base.process.execId });
    this.events.push({ ...base, type: 'fork', child: { pid: child } });
    return this;
  }

  exit(pid: number): this {
    this.events.push({ ...this.#base(pid), type: 'exit', status: 0 });
    this.#processes.delete(pid);
    return this;
  }

  open(pid: number, path: string, { flags = 0, created = false, retval = 0 } = {}): this {
    const file = { path, ...noTruncation, inode: 1, mode: 0o100_644 };
    this.events.push({ ...this.#base(pid), type: 'open', file, flags, created, retval });
    return this;
  }

  socket(pid: number, type: SocketEvent['type'], address: string, options: Partial<SocketEvent> = {}): this {
    const [ip = '', port = ''] = address.split(/:(?=\d+$)/);
    const at = { family: ip.includes(':') ? 'ipv6' : 'ipv4', ip, port: Number(port) } as const;
    const ends = type === 'connect' ? { local: { ...at, ip: '10.0.0.9', port: 40_000 }, remote: at } : { local: at };
    this.events.push({ ...this.#base(pid), type, protocol: 'tcp', retval: 0, ...ends, ...options });
    return this;
  }

  dns(pid: number, name: string, options: { type?: string; direction?: 'query' | 'response' } = {}): this {
    const { type = 'A', direction = 'query' } = options;
    const server = { family: 'ipv4', ip: '10.96.0.10', port: 53 } as const;
    this.events.push({ ...this.#base(pid), type: 'dns', direction, server, questions: [{ name, type }] });
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
