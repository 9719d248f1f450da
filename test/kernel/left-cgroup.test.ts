/** Processes that leave the cgroups of their container leave a mark: learning does not see what they do from then on. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Kernel, test } from './kernel-test.ts';
import { makeCgroup, type TestCgroup } from './observed-cgroup.ts';

const MOVE = 'echo 0 > "$1/cgroup.procs"';

async function marksOf({ capture, cgroup }: Kernel, run: (inner: TestCgroup) => Promise<unknown>): Promise<unknown> {
  const inner = cgroup.child(`left-${process.hrtime.bigint()}`);
  capture.observe(inner.id);
  await run(inner);
  const marks = capture.blindSpotsOf(inner.id);
  capture.ignore(inner.id);
  return marks;
}

describe('a mark is left', () => {
  test('by a program that moves itself away, into another observed cgroup too', async ({ kernel }) => {
    const { outside, cgroup } = kernel;
    expect(await marksOf(kernel, (inner) => inner.sh(MOVE, outside.path))).toEqual(['left-cgroup']);
    expect(await marksOf(kernel, (inner) => inner.sh(MOVE, cgroup.path))).toEqual(['left-cgroup']);
    expect(kernel.capture.blindSpotsOf(cgroup.id)).toEqual([]);
  });

  test('by a child that has started no program of its own', async ({ kernel }) => {
    const { outside } = kernel;
    expect(await marksOf(kernel, (inner) => inner.sh(`(${MOVE}); :`, outside.path))).toEqual(['left-cgroup']);
  });

  test('by a process that came in, and is taken away again', async ({ kernel }) => {
    const { outside } = kernel;
    const toAndFro = 'echo 0 > "$1/cgroup.procs"; echo 0 > "$2/cgroup.procs"';
    expect(await marksOf(kernel, (inner) => outside.sh(toAndFro, inner.path, outside.path))).toEqual(['left-cgroup']);
  });
});

test('no mark by who comes in, ends, or moves below the container; none for a process long gone', async ({
  kernel,
}) => {
  const stay = async (inner: TestCgroup) => {
    const below = inner.child('below');
    await inner.sh(`/bin/true; (${MOVE}); ${MOVE}; /bin/true`, below.path);
    await inner.sh(`${MOVE}; echo 0 > "$2/cgroup.procs"`, below.path, inner.path);
  };
  expect(await marksOf(kernel, stay)).toEqual([]);
});

/** clone3 (435) with CLONE_INTO_CGROUP: the child ends at once. */
const BORN = `
import ctypes, os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
arguments = (ctypes.c_uint64 * 11)(0x200000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, fd)
pid = ctypes.CDLL(None, use_errno=True).syscall(435, arguments, 88)
if pid == 0:
    os._exit(0)
sys.exit(0 if pid > 0 and os.waitpid(pid, 0)[1] == 0 else 1)`;

test('by a child that is born elsewhere, and none if that is below the container', async ({ kernel, skip }) => {
  const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];
  const root = roots.find((path) => existsSync(join(path, 'cgroup.controllers')));
  if (root === undefined) return skip('no cgroup v2 is mounted');
  const capture = await kernel.open({ cgroupRoot: root });
  const [inner, elsewhere] = [makeCgroup(capture), makeCgroup(capture)];
  capture.observe(inner.id);
  const below = inner.child('below');
  expect((await inner.python(BORN, below.path)).status).toBe(0);
  expect(capture.blindSpotsOf(inner.id)).toEqual([]);
  expect((await inner.python(BORN, elsewhere.path)).status).toBe(0);
  expect(capture.blindSpotsOf(inner.id)).toEqual(['left-cgroup']);
  capture.close();
  await inner.remove();
  await elsewhere.remove();
});
