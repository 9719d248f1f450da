/** A cluster of hack/cluster for tests: its commands, its kubectl, and what it leaves on the host. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const hack = new URL('../../hack/', import.meta.url).pathname;
const scripts = join(hack, 'cluster');
const plugin = join(hack, '..', 'operator', 'cli', 'main.ts');

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** Runs a program to its end; a status other than 0 is a result, not an error. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { env: options.env, maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
    if (options.input === undefined) child.stdin?.end();
    else child.stdin?.end(options.input);
  });
}

/** As `run`, but a status other than 0 fails the test with everything that was printed. */
export async function ran(...[file, args, options]: Parameters<typeof run>): Promise<string> {
  const { code, stdout, stderr } = await run(file, args, options);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Limits are what an idle machine keeps with ease. One on which everybody waits for a processor takes as many times as long. */
export const patience = 3;

/** Polls until the condition holds. Real processes give no other signal when they have healed. */
export async function eventually(
  what: string,
  seconds: number,
  holds: () => Promise<boolean> | boolean,
): Promise<void> {
  const end = performance.now() + seconds * patience * 1000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${seconds * patience} s: ${what}`);
    await delay(250);
  }
}

type Script = 'up' | 'down' | 'load-image';
type ProductScript = 'install' | 'samples';

/** Why no native cluster can run here; undefined if one can. */
export async function whyNoCluster(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'a native cluster needs root on Linux';
  return existsSync(join(await binaries(), 'pause')) ? undefined : 'no cluster programs: run hack/cluster/binaries.sh';
}

export class Cluster {
  readonly name: string;
  readonly state: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(name: string, stateHome: string) {
    this.name = name;
    this.state = join(stateHome, 'workload-security', name);
    const kubeconfig = join(this.state, 'kubeconfig');
    this.#env = { ...process.env, XDG_STATE_HOME: stateHome, KUBECONFIG: kubeconfig, PATIENCE: String(patience) };
  }

  /** A script of hack/cluster, with the cluster's name as the first argument; its output, or an error with all it printed. */
  async do(name: Script, ...args: string[]): Promise<string> {
    return ran('bash', [join(scripts, `${name}.sh`), this.name, ...args], { env: this.#env });
  }

  async try(name: Script, ...args: string[]): Promise<Output> {
    return run('bash', [join(scripts, `${name}.sh`), this.name, ...args], { env: this.#env });
  }

  /** A script of hack/product. The images that it needs are built if their sources changed. */
  async product(name: ProductScript): Promise<string> {
    const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
    const env = { ...this.#env, PATH: path };
    return ran('bash', [join(hack, 'product', `${name}.sh`), this.name], { env });
  }

  async kubectl(...args: string[]): Promise<string> {
    return (await ran(join(await binaries(), 'kubectl'), args, { env: this.#env })).trim();
  }

  /** The plugin, from its sources. */
  async wsp(...args: string[]): Promise<string> {
    return ran(process.execPath, [plugin, ...args], { env: this.#env });
  }

  /** As `wsp`, for commands whose end is an answer. */
  async tryWsp(...args: string[]): Promise<Output> {
    return run(process.execPath, [plugin, ...args], { env: this.#env });
  }

  /** As `kubectl`, for commands that shall fail. */
  async tryKubectl(args: readonly string[], input?: string): Promise<Output> {
    const options = input === undefined ? { env: this.#env } : { env: this.#env, input };
    return run(join(await binaries(), 'kubectl'), args, options);
  }

  async helm(...args: string[]): Promise<string> {
    return ran(join(await binaries(), 'helm'), args, { env: this.#env });
  }

  async apply(manifest: string): Promise<void> {
    await ran(join(await binaries(), 'kubectl'), ['apply', '-f', '-'], { env: this.#env, input: manifest });
  }

  /** Runs a program of the host in the node's network, to its end; there the addresses of Services and pods are reached. */
  async inNetwork(args: readonly string[], input: string): Promise<Output> {
    const [supervisor] = this.processes().get('runsvdir') ?? [];
    if (supervisor === undefined) throw new Error(`cluster ${this.name} does not run`);
    return run('nsenter', ['--target', String(supervisor), '--net', ...args], { input });
  }

  /** Runs a program of the host on the node, where its file systems and sockets are. */
  async inNode(...args: string[]): Promise<string> {
    const [supervisor] = this.processes().get('runsvdir') ?? [];
    if (supervisor === undefined) throw new Error(`cluster ${this.name} does not run`);
    return ran('nsenter', ['--target', String(supervisor), '--net', '--mount', ...args]);
  }

  /** Lines of a shell, as a person runs them who works with this cluster, in the folder `at`. */
  async shell(script: string, at: string): Promise<Output> {
    const env = { ...this.#env, PATH: `${await binaries()}:${process.env['PATH'] ?? ''}` };
    // Bash reads its startup file where standard input is a socket and no shell is above it, as beneath a daemon.
    return run('bash', ['--norc', '-euo', 'pipefail', '-c', `cd "$1"; ${script}`, 'bash', at], { env });
  }

  /** Ends a component as if its machine had failed, and for as long as it takes keeps the supervisor from starting it again. */
  async without<T>(component: string, work: () => Promise<T>): Promise<T> {
    const service = join(this.state, 'services', component);
    const [victim] = this.processes().get(component) ?? [];
    if (victim === undefined) throw new Error(`no ${component} runs`);
    await this.inNode('sv', 'once', service);
    process.kill(victim, 'SIGKILL');
    try {
      return await work();
    } finally {
      await this.inNode('sv', 'up', service);
    }
  }

  /** Ends everything that runs in the cluster, as when a machine fails: files and control groups stay. */
  async kill(): Promise<void> {
    await eventually('every process has ended', 30, async () => {
      // Status 1: a group went while it was looked into.
      const { stdout } = await run('find', [...this.groups(), '-name', 'cgroup.procs', '-exec', 'cat', '{}', '+']);
      const ids = new Set(stdout.split('\n').filter(Boolean).map(Number));
      for (const id of ids) if (link(`/proc/${id}/exe`) !== '') process.kill(id, 'SIGKILL');
      return ids.size === 0;
    });
  }

  /** Control groups of containers, whether anything runs in them or not. */
  async containerGroups(): Promise<string[]> {
    const names = ['-type', 'd', '-regextype', 'posix-extended', '-regex', '.*/[0-9a-f]{64}'];
    return (await run('find', [...this.groups(), ...names])).stdout.split('\n').filter(Boolean);
  }

  /** Program and options of `kubectl`, for another program to run. */
  async kubectlCommand(): Promise<string[]> {
    return [join(await binaries(), 'kubectl'), '--kubeconfig', join(this.state, 'kubeconfig')];
  }

  /** Node Ready as the API server tells it now; false while nobody answers. */
  async ready(): Promise<boolean> {
    const path = 'jsonpath={.items[0].status.conditions[?(@.type=="Ready")].status}';
    const { stdout } = await run(join(await binaries(), 'kubectl'), ['get', 'nodes', '-o', path], { env: this.#env });
    return stdout === 'True';
  }

  /** Ids by name of all processes of supervisor, components and container shims, read from their control group. */
  processes(): ReadonlyMap<string, readonly number[]> {
    const found = new Map<string, number[]>();
    for (const group of this.groups()) {
      const file = join(group, 'system', 'cgroup.procs');
      if (!existsSync(file)) continue;
      for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
        const name = nameOf(Number(line));
        const ids = found.get(name) ?? [];
        if (!ids.includes(Number(line))) found.set(name, [...ids, Number(line)]);
      }
    }
    return found;
  }

  /** The cluster's control group in each hierarchy that has it. */
  groups(): string[] {
    const hierarchies = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2');
    return hierarchies.map(([, path]) => join(path ?? '', `workload-security-${this.name}`)).filter(existsSync);
  }

  /** Everything on the host that belongs to this cluster, as lines a failing test can print. */
  traces(networkNamespace: string): string[] {
    const traces = [...this.groups(), ...[this.state].filter(existsSync)];
    // What has no program has ended and waits for init to take note, or is a thread of the kernel.
    const living = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && link(`/proc/${entry}/exe`) !== '');
    for (const id of living) {
      const text = `${read(`/proc/${id}/cmdline`)} ${read(`/proc/${id}/mountinfo`)} ${read(`/proc/${id}/cgroup`)}`;
      if (text.includes(this.state) || text.includes(`/workload-security-${this.name}/`)) traces.push(`process ${id}`);
      if (link(`/proc/${id}/ns/net`) === networkNamespace) traces.push(`process ${id} in the network namespace`);
    }
    for (const name of readdirSync('/sys/class/net')) {
      if (read(`/sys/class/net/${name}/ifalias`).trim() === `workload-security/${this.name}`)
        traces.push(`link ${name}`);
    }
    for (const slot of list('/run/workload-security/addresses')) {
      if (link(`/run/workload-security/addresses/${slot}`) === this.state) traces.push(`address range ${slot}`);
    }
    return traces;
  }
}

/** Where containers, kubelet and network plugins usually write: a cluster must not touch the host's. Plus links and packet rules. */
export async function hostFootprint(): Promise<Record<string, string>> {
  const folders = ['/run/containerd', '/run/netns', '/var/lib/cni', '/var/lib/containerd', '/var/lib/kubelet'];
  const more = ['/var/log/pods', '/var/log/containers', '/etc/cni', '/opt/cni', '/opt/containerd'];
  const rules = await run('iptables-save', []);
  return {
    ...Object.fromEntries(
      [...folders, ...more].map((path) => [path, existsSync(path) ? list(path).join(' ') : 'absent']),
    ),
    // The kinds that containers make; others come and go for reasons of their own.
    mounts:
      read('/proc/self/mounts')
        .match(/^.* (?:overlay|nsfs) .*$|^.*workload-security.*$/gm)
        ?.join('\n') ?? '',
    // Counters and dates differ from one second to the next.
    rules: rules.stdout.replace(/^#.*$/gm, '').replace(/\[\d+:\d+\]/g, ''),
  };
}

let directory: string | undefined;

/** The folder of the built programs. */
export async function binaries(): Promise<string> {
  directory ??= (await ran('bash', [join(scripts, 'binaries.sh'), '--print-dir'])).trim();
  return directory;
}

export function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // the process has ended
  }
}

function nameOf(id: number): string {
  return read(`/proc/${id}/comm`).trim();
}

export function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the process has ended, or the link has no such file
  }
}

function list(path: string): string[] {
  return existsSync(path) ? readdirSync(path).toSorted() : [];
}
