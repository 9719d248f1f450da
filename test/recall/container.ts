/** A container of runc's whose root is an overlay over the programs' root file system, observed from its first moment. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelEvent } from '../../core/event/event.ts';
import type { CgroupLosses } from '../../agent/kernel/capture.ts';
import type { OpenedCapture } from '../../agent/kernel/open-capture.ts';
import { removeCgroup } from '../kernel/observed-cgroup.ts';
import { specification } from './bundle.ts';

export interface ContainerOptions {
  readonly capture: OpenedCapture;
  /** Lower layer of the overlay. */
  readonly programs: string;
  readonly command: readonly string[];
  readonly binds: Readonly<Record<string, string>>;
}

export interface ContainerRun {
  readonly status: number | null;
  /** Standard output and error. */
  readonly output: string;
  readonly events: readonly KernelEvent[];
  readonly losses: CgroupLosses;
}

/** Where the container sees a folder of the machine into which it may write. */
export const OUT = '/out';
/** The slowest program takes 5 s alone; when this has passed, a container is killed, in time for the test to say what failed. */
const DEADLINE_MS = 120_000;

/** Every hierarchy has a folder of this path once runc has used it. */
function cgroupFolders(name: string): string[] {
  const mounts = readdirSync('/sys/fs/cgroup').map((hierarchy) => join('/sys/fs/cgroup', hierarchy, name));
  return [...mounts, join('/sys/fs/cgroup', name)].filter((path) => existsSync(path));
}

/**
 * Runs `command` to its end.
 * @param inspect is called with the container's root and the folder behind {@link OUT}, while both are still there.
 */
export async function runContainer<Result>(
  { capture, programs, command, binds }: ContainerOptions,
  inspect: (root: string, out: string, run: ContainerRun) => Result,
): Promise<Result> {
  const id = `test-recall-${randomBytes(6).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), 'recall-'));
  const undo: (() => void | Promise<void>)[] = [() => rmSync(folder, { recursive: true })];
  try {
    const at = (name: string): string => {
      const path = join(folder, name);
      mkdirSync(path, { recursive: true });
      return path;
    };
    const [root, out, state, bundle] = [at('root'), at('out'), at('state'), at('bundle')];
    const layers = `lowerdir=${programs},upperdir=${at('upper')},workdir=${at('overlay')}`;
    execFileSync('mount', ['-t', 'overlay', '-o', layers, 'overlay', root]);
    undo.push(() => void execFileSync('umount', [root]));
    mkdirSync(join(root, 'work'));

    const spec = specification({
      root,
      cgroup: `/${id}/container`,
      args: command,
      binds: { ...binds, [OUT]: out },
      writable: [OUT],
    });
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));

    const parent = join(capture.hierarchy.mountPoint, id);
    mkdirSync(parent);
    undo.push(async () => {
      for (const path of cgroupFolders(id)) await removeCgroup(path);
    });
    capture.watchChildren(statSync(parent, { bigint: true }).ino);
    const run = await runtime(capture, state, bundle, id);
    return inspect(root, out, run);
  } finally {
    for (const step of undo.toReversed()) await step();
  }
}

async function runtime(capture: OpenedCapture, state: string, bundle: string, id: string): Promise<ContainerRun> {
  const runc = spawn('runc', ['--root', state, 'run', '--bundle', bundle, id], { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => {
    execFile('runc', ['--root', state, 'kill', id, 'KILL']);
  }, DEADLINE_MS);
  let output = '';
  for (const stream of [runc.stdout, runc.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const events: KernelEvent[] = [];
  const drain = (): void => {
    while (capture.drain((event) => events.push(event)) > 0);
  };
  const ended = new AbortController();
  const status = new Promise<number | null>((resolve) => runc.on('close', resolve)).finally(() => ended.abort());
  // The ring holds seconds of a busy container, not minutes.
  while (!ended.signal.aborted) {
    await capture.wait(50);
    drain();
  }
  clearTimeout(timer);
  drain();
  const made = events.find((event) => event.type === 'cgroup_mkdir');
  const losses = made === undefined ? { ringDrops: 0, mapFull: 0, truncated: 0 } : capture.lossesOf(made.cgroupId);
  return { status: await status, output, events, losses };
}
