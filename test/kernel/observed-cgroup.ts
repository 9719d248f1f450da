/** Cgroups of the tests' own, programs that run in them, and the events that come of it. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KernelEvent } from '../../core/event/event.ts';
import type { OpenedCapture } from '../../agent/kernel/open-capture.ts';

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the capture reported from before the start to after the end. */
  readonly events: readonly KernelEvent[];
}

export interface TestCgroup {
  readonly id: bigint;
  readonly path: string;
  /** A cgroup in this one, removed with it. */
  child(name: string): TestCgroup;
  /**
   * Runs a program in the cgroup and waits until it and all that hold its output are gone. All its events are in the ring
   * by then: they are written before the call that they describe returns.
   */
  run(command: string, ...args: readonly string[]): Promise<Finished>;
  /** `run` of a shell script. */
  sh(script: string, ...args: readonly string[]): Promise<Finished>;
  python(script: string, ...args: readonly string[]): Promise<Finished>;
  /** `python` as the command of another program, such as unshare. */
  pythonUnder(wrapper: readonly [string, ...string[]], script: string, ...args: readonly string[]): Promise<Finished>;
  remove(): Promise<void>;
}

/** Events whose type is, or may be, one of `Type`. */
type Having<Event, Type> = Event extends { readonly type: infer Own } ? (Type extends Own ? Event : never) : never;
export type EventOf<Type extends KernelEvent['type']> = Having<KernelEvent, Type>;

export function eventsOf<Type extends KernelEvent['type']>(
  events: readonly KernelEvent[],
  ...types: readonly Type[]
): EventOf<Type>[] {
  return events.filter((event): event is EventOf<Type> => types.some((type) => type === event.type));
}

export function drainAll(capture: OpenedCapture): KernelEvent[] {
  const events: KernelEvent[] = [];
  while (capture.drain((event) => events.push(event)) > 0);
  return events;
}

/** Before a script: neither the user's nor the site's modules, which differ between machines. */
export const PYTHON = ['/usr/bin/python3', '-IS', '-c'] as const;

/** Moves itself into the cgroup and becomes the program. */
const ENTER = 'echo 0 > "$0/cgroup.procs" && exec "$@"';

export function makeCgroup(capture: OpenedCapture): TestCgroup {
  return cgroupAt(capture, join(capture.hierarchy.mountPoint, `test-${randomBytes(6).toString('hex')}`));
}

function cgroupAt(capture: OpenedCapture, path: string): TestCgroup {
  mkdirSync(path);
  const children: TestCgroup[] = [];
  const run: TestCgroup['run'] = async (command, ...args) => {
    const child = spawn('/bin/sh', ['-c', ENTER, path, command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr, status] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((resolve) => child.on('close', resolve)),
    ]);
    return { status, stdout, stderr, events: drainAll(capture) };
  };
  return {
    id: statSync(path, { bigint: true }).ino,
    path,
    run,
    sh: (script, ...args) => run('/bin/sh', '-c', script, 'sh', ...args),
    python: (script, ...args) => run(...PYTHON, script, ...args),
    pythonUnder: ([wrapper, ...options], script, ...args) => run(wrapper, ...options, ...PYTHON, script, ...args),
    child: (name) => {
      const child = cgroupAt(capture, join(path, name));
      children.push(child);
      return child;
    },
    remove: async () => {
      for (const child of children) {
        await child.remove();
      }
      await removeCgroup(path);
    },
  };
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

/** A task that has just died may hold its cgroup for a moment: on a busy machine, for a minute at most. */
export async function removeCgroup(path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if (attempt === 3_000) throw error;
      await delay(20);
    }
  }
}
