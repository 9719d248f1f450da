/** Learning tells apart what different comers to a container do: what one did first hides it from no other. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect } from 'vitest';
import type { OpenedCapture } from '../../agent/kernel/open-capture.ts';
import { type Kernel, test } from './kernel-test.ts';
import { drainAll, eventsOf, makeCgroup, PYTHON } from './observed-cgroup.ts';
import { PlayedContainer } from './played-container.ts';

interface Subject {
  readonly container: PlayedContainer;
  /** Becomes a line of the shell that is the container's own first program; resolves when it is done. */
  readonly own: (line: string) => Promise<void>;
  /** How often it was reported that a file was opened by what happened in between. */
  readonly reports: (path: string, step: () => Promise<unknown>) => Promise<number>;
}

/** Runs `use` with a container that the kernel has seen being made, or that is observed only once it runs. */
async function withContainer(
  capture: OpenedCapture,
  use: (subject: Subject) => Promise<void>,
  late = false,
): Promise<void> {
  const pod = makeCgroup(capture);
  if (!late) capture.watchChildren(pod.id);
  const container = new PlayedContainer(pod.path);
  const shell = container.launch(['/bin/sh', '-c', 'while read line; do eval "$line"; echo; done'], 'pipe');
  const { stdin, stdout } = shell;
  if (stdin === null || stdout === null) throw new Error('the shell has no pipes');
  const own = async (line: string): Promise<void> => {
    const done = once(stdout, 'data');
    stdin.write(`${line}\n`);
    await done;
  };
  const reports = async (path: string, step: () => Promise<unknown>): Promise<number> => {
    drainAll(capture);
    await step();
    return eventsOf(drainAll(capture), 'open').filter(({ file }) => file.path === path).length;
  };
  await own(':');
  if (late) capture.observe(container.cgroupId);
  try {
    await use({ container, own, reports });
  } finally {
    await container.discard();
    await pod.remove();
  }
}

function makeFile({ folder }: Kernel, name: string, text = ''): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe.each([
  ['made under our eyes', false],
  ['met late', true],
])('in a container %s', (_, late) => {
  test('each comer is reported once, in whatever order they come', async ({ kernel }) => {
    await withContainer(
      kernel.capture,
      async ({ container, own, reports }) => {
        const [first, second] = [makeFile(kernel, 'first'), makeFile(kernel, 'second')];
        const ownFirst = () => own(`cat ${first} >&2`);
        expect(await reports(first, ownFirst)).toBe(1);
        expect(await reports(first, () => container.inject(['/bin/cat', first]))).toBe(1);
        expect(await reports(first, () => container.inject(['/bin/cat', first]))).toBe(0);
        expect(await reports(first, () => container.inject(['/bin/cat', '-u', first]))).toBe(1);
        expect(await reports(first, () => container.inject(['/bin/cat', first], { terminal: true }))).toBe(1);
        expect(await reports(first, ownFirst)).toBe(0);

        expect(await reports(second, () => container.inject(['/bin/cat', second]))).toBe(1);
        expect(await reports(second, () => own(`cat ${second} >&2`))).toBe(1);
      },
      late,
    );
  });

  test('children belong to whoever began them, also in a session or a cgroup of their own', async ({ kernel }) => {
    await withContainer(
      kernel.capture,
      async ({ container, own, reports }) => {
        const file = makeFile(kernel, 'of-children');
        const nested = join(container.path, 'nested');
        mkdirSync(nested);
        const move = `echo 0 > ${nested}/cgroup.procs`;
        const script = makeFile(kernel, 'script', `(setsid cat ${file}) >&2; ${move}; cat ${file}; :\n`);
        const injected = () => container.inject(['/bin/sh', script]);
        expect(await reports(file, () => own(`cat ${file} >&2`))).toBe(1);
        expect(await reports(file, injected)).toBe(1);
        expect(await reports(file, injected)).toBe(0);
        expect(await reports(file, () => own(`(setsid cat ${file}; ${move}; cat ${file}) >&2`))).toBe(0);
      },
      late,
    );
  });
});

test('commands that differ only at their far end are two', async ({ kernel }) => {
  await withContainer(kernel.capture, async ({ container, reports }) => {
    const file = makeFile(kernel, 'of-long-commands');
    const command = (end: string) => ['/bin/cat', ...Array<string>(1_900).fill('-'), end, file];
    const inject = (end: string) => () => container.inject(command(end));
    expect(await reports(file, inject('-u'))).toBe(1);
    expect(await reports(file, inject('-u'))).toBe(0);
    expect(await reports(file, inject('-v'))).toBe(1);
  });
});

/** clone3 (435) with CLONE_INTO_CGROUP: the child is born in the cgroup and runs a program among the mounts of a process. */
const BORN = `
import ctypes, os, sys
cgroup, mounts, *command = sys.argv[1:]
fd = os.open(cgroup, os.O_RDONLY)
arguments = (ctypes.c_uint64 * 11)(0x200000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, fd)
pid = ctypes.CDLL(None, use_errno=True).syscall(435, arguments, 88)
if pid == 0:
    os.execv('/usr/bin/nsenter', ['nsenter', '--mount=' + mounts, '--', *command])
sys.exit(0 if pid > 0 and os.waitpid(pid, 0)[1] == 0 else 1)`;

const run = promisify(execFile);
const [python, ...options] = PYTHON;

test('who is born into the container from outside is no child of it', async ({ kernel, skip }) => {
  const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];
  const root = roots.find((path) => existsSync(join(path, 'cgroup.controllers')));
  if (root === undefined) return skip('no cgroup v2 is mounted');
  const capture = await kernel.open({ cgroupRoot: root });
  await withContainer(capture, async ({ container, own, reports }) => {
    const file = makeFile(kernel, 'of-the-born');
    const born = () => run(python, [...options, BORN, container.path, container.mounts, '/bin/cat', file]);
    expect(await reports(file, () => own(`cat ${file} >&2`))).toBe(1);
    expect(await reports(file, born)).toBe(1);
    expect(await reports(file, born)).toBe(0);
  });
  capture.close();
});
