import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Approver } from '../../agent/kernel/approvers.ts';
import type { CgroupUses } from '../../agent/kernel/capture.ts';
import type { Kernel } from './kernel-test.ts';
import { test } from './kernel-test.ts';
import { eventsOf, makeCgroup, PYTHON } from './observed-cgroup.ts';

/** What one script uses, without what came before. */
async function usesOf({ capture, cgroup }: Kernel, script: string): Promise<CgroupUses> {
  capture.forgetUses(cgroup.id);
  const { stderr } = await cgroup.python(script);
  expect(stderr).toBe('');
  return capture.usesOf(cgroup.id);
}

/** `CLONE_NEWNS`, in a process of its own. */
const UNSHARE = 'import ctypes; assert ctypes.CDLL(None).unshare(0x20000) == 0';

test('system calls of a cgroup, and of no other', async ({ kernel }) => {
  const quiet = await usesOf(kernel, 'pass');
  expect(quiet.syscalls).toEqual(expect.arrayContaining(['execve', 'openat', 'read', 'mmap', 'close']));
  expect(quiet.syscalls).not.toContain('sched_yield');
  await kernel.outside.python('import os; os.sched_yield()');
  expect(kernel.capture.usesOf(kernel.cgroup.id).syscalls).not.toContain('sched_yield');
  const busy = await usesOf(kernel, 'import os; os.sched_yield(); os.getpriority(os.PRIO_PROCESS, 0)');
  expect(busy.syscalls).toEqual(expect.arrayContaining(['sched_yield', 'getpriority']));
});

test('a failed call was made all the same, and a period forgets', async ({ kernel }) => {
  const { syscalls } = await usesOf(
    kernel,
    `
import os
try: os.chroot('/no/such')
except OSError: pass`,
  );
  expect(syscalls).toContain('chroot');
  expect((await usesOf(kernel, 'pass')).syscalls).not.toContain('chroot');
});

test('the same calls that strace counts', async ({ kernel, skip }) => {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
  } catch {
    skip('strace is missing');
  }
  // Two runs have to make the same calls: one that waits, and the last ones of a thread whose process could end before it.
  const script = `
import os, socket, threading, time
os.listdir("/")
socket.socket().close()
threading.Event().wait(0.01)
threading.Thread(target=print).start()
alone = False
while not alone:
  time.sleep(0.01)
  alone = len(os.listdir("/proc/self/task")) == 1`;
  const { syscalls } = await usesOf(kernel, script);
  const report = `${kernel.folder}/strace`;
  execFileSync('strace', ['-f', '-c', '-o', report, ...PYTHON, script], { stdio: 'ignore' });
  const traced = readFileSync(report, 'utf8');
  const names = [...traced.matchAll(/^\s*\d+\.\d+.*?(\w+)$/gm)]
    .map(([, name]) => name)
    .filter((name) => name !== 'total');
  // These two never return.
  expect(names.length).toBeGreaterThan(20);
  const returning = names.filter((name) => name !== 'exit' && name !== 'exit_group');
  expect(returning.filter((name) => !syscalls.includes(name ?? ''))).toEqual([]);
});

test('capabilities that are used, and not those that a process merely has', async ({ kernel, skip }) => {
  if (!kernel.capture.seesCapabilities) skip('this kernel has no tracepoint capability/cap_capable');
  expect((await usesOf(kernel, 'x = bytearray(1 << 24)')).capabilities).not.toContain('CAP_SYS_ADMIN');
  const path = `${kernel.folder}/owned`;
  const { capabilities } = await usesOf(kernel, `import os; open('${path}', 'w'); os.chown('${path}', 1, 1)`);
  expect(capabilities).toContain('CAP_CHOWN');
  expect(capabilities).not.toContain('CAP_SYS_ADMIN');
  expect((await usesOf(kernel, UNSHARE)).capabilities).toContain('CAP_SYS_ADMIN');
  expect(
    (await usesOf(kernel, 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)')).capabilities,
  ).toContain('CAP_NET_RAW');
});

test('among the mounts in which the cgroup was made it is the runtime on its way in', async ({ kernel }) => {
  const { capture } = kernel;
  const parent = makeCgroup(capture);
  capture.watchChildren(parent.id);
  const container = parent.child('container');
  await container.python('import os; os.sched_yield()');
  expect(capture.usesOf(container.id).syscalls).toEqual([]);
  await container.pythonUnder(['unshare', '--mount'], 'import os; os.sched_yield()');
  expect(capture.usesOf(container.id).syscalls).toContain('sched_yield');
  capture.ignore(container.id);
  await parent.remove();
});

test('a program that is not of the mounts of its task is the runtime on its way in', async ({ kernel }) => {
  // Still the program of the outer namespace, as a container runtime is until it executes the container's own.
  expect((await usesOf(kernel, `${UNSHARE}\nimport os; os.sched_yield()`)).syscalls).not.toContain('sched_yield');
});

test('rules are told which process a capability was asked of, and whether it has it', async ({ kernel, skip }) => {
  const { capture, outside } = kernel;
  if (!capture.seesCapabilities) skip('this kernel has no tracepoint capability/cap_capable');
  const [CAP_SYS_CHROOT, CAP_SYS_ADMIN] = [1n << 18n, 1n << 21n];
  const script = `
import os
os.chroot('/')
child = os.fork()
if child == 0:
    os.setuid(1000)
    try: os.chroot('/')
    except PermissionError: os._exit(0)
os.waitpid(child, 0)
x = bytearray(1 << 24)
print(os.getpid(), child, os.stat('/proc/self/ns/user').st_ino)`;
  const asked = async (approver: Pick<Approver, 'flags'>) => {
    capture.approve([{ record: 'capability', ...approver }]);
    try {
      const { stdout, events } = await outside.python(script);
      const [parent, child, userNamespace] = stdout.split(' ').map(Number);
      const own = eventsOf(events, 'capability').filter(({ cgroupId }) => cgroupId === outside.id);
      return { own, parent, child, userNamespace };
    } finally {
      capture.approve([]);
    }
  };
  const { own, parent, child, userNamespace } = await asked({});
  const chroots = own.filter(({ attempted }) => attempted === CAP_SYS_CHROOT);
  expect(chroots.map((each) => [each.process.pid, each.used, each.userNamespace])).toEqual([
    [parent, CAP_SYS_CHROOT, userNamespace],
    [child, 0n, userNamespace],
  ]);
  expect(own.some(({ attempted }) => attempted !== CAP_SYS_CHROOT)).toBe(true);
  expect(own.map(({ attempted }) => attempted)).not.toContain(CAP_SYS_ADMIN);
  const narrow = await asked({ flags: Number(CAP_SYS_CHROOT) });
  expect(new Set(narrow.own.map(({ attempted }) => attempted))).toEqual(new Set([CAP_SYS_CHROOT]));
});
