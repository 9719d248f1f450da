/** Containers made of cgroups: a process in one, with a mount namespace of its own, is one for all that the agent can tell. */
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { removeCgroup } from './observed-cgroup.ts';

/** A process in a cgroup and a mount namespace of its own is as much of a container as the agent can tell. */
export class PlayedContainer {
  readonly id = randomBytes(32).toString('hex');
  readonly path: string;
  /** Options of unshare(1) for the namespaces of its own; as it is, it has those of a pod with hostPID and hostNetwork. */
  namespaces: readonly string[] = ['--mount'];
  #process: ChildProcess | undefined;

  constructor(pod: string) {
    this.path = join(pod, this.id);
    mkdirSync(this.path);
  }

  get cgroupId(): bigint {
    return statSync(this.path, { bigint: true }).ino;
  }

  /** Its mount namespace, as a file; only while it runs. */
  get mounts(): string {
    return `/proc/${this.#process?.pid}/ns/mnt`;
  }

  start(...command: readonly string[]): this {
    this.launch(command, 'ignore');
    return this;
  }

  /** Becomes the program, after a step in the host's mount namespace, as a runtime has one. */
  launch(command: readonly string[], stdio: StdioOptions): ChildProcess {
    const enter = 'echo 0 > "$0/cgroup.procs" && exec unshare "$@"';
    this.#process = spawn('/bin/sh', ['-c', enter, this.path, ...this.namespaces, ...command], {
      stdio,
      detached: true,
    });
    return this.#process;
  }

  /** Runs a program inside, as a runtime does: it enters from outside. Resolves when it has ended. */
  async inject(command: readonly string[], { terminal = false } = {}): Promise<void> {
    const enter = 'echo 0 > "$0/cgroup.procs" && exec nsenter --mount="$1" -- $2';
    const argv = ['/bin/sh', '-c', enter, this.path, this.mounts, command.join(' ')];
    const quoted = argv.map((argument) => `'${argument}'`).join(' ');
    const [program = '', ...rest] = terminal
      ? ['script', '--quiet', '--return', '--command', quoted, '/dev/null']
      : argv;
    const child = spawn(program, rest, { stdio: 'ignore' });
    await once(child, 'exit');
    if (child.exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${child.exitCode}`);
  }

  /** Resolves when it has made this cgroup below its own and entered it. */
  async made(name: string): Promise<void> {
    const isEntered = (): boolean => {
      const nested = join(this.path, name, 'cgroup.procs');
      return existsSync(nested) && readFileSync(nested, 'utf8') !== '';
    };
    while (!isEntered()) await setTimeout(20);
  }

  /** Resolves when its processes and its cgroup are gone. */
  async end(signal?: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined) throw new Error('the container was not started');
    const isOver = child.exitCode !== null || child.signalCode !== null;
    if (signal !== undefined && !isOver) process.kill(-child.pid, signal);
    if (!isOver) await once(child, 'exit');
    await this.#remove();
  }

  /** Ends it in any case, if a test has not. */
  async discard(): Promise<void> {
    if (!existsSync(this.path)) return;
    if (this.#process === undefined) await this.#remove();
    else await this.end('SIGKILL');
  }

  async #remove(): Promise<void> {
    const nested = readdirSync(this.path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of nested) await removeCgroup(join(this.path, name));
    await removeCgroup(this.path);
  }
}
