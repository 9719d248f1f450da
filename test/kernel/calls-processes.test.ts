/** Calls by which processes act on others and on themselves, as the rules see them. */
import { describe, expect } from 'vitest';
import { test } from './kernel-test.ts';
import { eventsOf } from './observed-cgroup.ts';
import { forRules, pythonCalls } from './rule-events.ts';

const EPERM = -1;
const ESRCH = -3;

describe('processes that a call is aimed at', () => {
  test('a signal: to a child, to itself, to a group, to nobody', async ({ kernel }) => {
    const { events, stdout } = await pythonCalls(
      kernel,
      ['signal'],
      'signal',
      `
import signal, time
child = os.fork()
if child == 0:
    time.sleep(60)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
os.kill(child, signal.SIGTERM)
os.waitpid(child, 0)
os.kill(os.getpid(), signal.SIGUSR1)
call(234, os.getpid(), os.getpid(), 0)
call(200, os.getpid(), 0)
try:
    os.kill(child, 0)
except ProcessLookupError:
    pass
os.setpgid(0, 0)
os.killpg(0, 0)
print(child, os.getpid())`,
    );
    const [child, self] = stdout.split(' ').map(Number);
    expect(events.map(({ call, signal, pid, target, retval }) => [call, signal, pid, target?.pid, retval])).toEqual([
      ['kill', 15, child, child, 0],
      ['kill', 10, self, self, 0],
      ['tgkill', 0, self, self, 0],
      ['tkill', 0, self, self, 0],
      ['kill', 0, child, undefined, ESRCH],
      ['kill', 0, 0, undefined, 0],
    ]);
    expect(events[1]?.target).toEqual(events[1]?.process);
  });

  test('through a pidfd, and with a value', async ({ kernel }) => {
    const { events, stdout } = await pythonCalls(
      kernel,
      ['signal'],
      'signal',
      `
import signal
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
fd = os.pidfd_open(os.getpid())
signal.pidfd_send_signal(fd, signal.SIGUSR1)
call(424, 99, 10, 0, 0)
info = (ctypes.c_int * 32)(10, 0, -1)
call(129, os.getpid(), 10, info)
print(os.getpid())`,
    );
    const self = Number(stdout);
    expect(events.map(({ call, pid, target, retval }) => [call, pid, target?.pid, retval])).toEqual([
      ['pidfd_send_signal', self, self, 0],
      ['pidfd_send_signal', 0, undefined, -9],
      ['rt_sigqueueinfo', self, self, 0],
    ]);
  });

  test('in a pid namespace of its own, numbers are those of the caller and targets those of the agent', async ({
    kernel,
  }) => {
    const { events } = await forRules(kernel, ['signal', 'fork'], () =>
      kernel.outside.run('unshare', '--pid', '--fork', '/bin/sh', '-c', 'sleep 60 & kill -9 $!; wait'),
    );
    const [kill] = eventsOf(events, 'signal').filter(({ signal }) => signal === 9);
    const victim = eventsOf(events, 'fork').at(-1);
    expect(kill?.pid).toBe(2);
    expect(kill?.target?.pid).toBe(victim?.child.pid);
    expect(kill?.target?.pid).toBeGreaterThan(2);
  });

  test('a debugger', async ({ kernel }) => {
    const { events } = await forRules(kernel, ['ptrace'], () =>
      kernel.outside.run('/usr/bin/strace', '-o', '/dev/null', '/bin/true'),
    );
    const PTRACE_SEIZE = 0x4206;
    const seize = eventsOf(events, 'ptrace').find(({ request }) => request === PTRACE_SEIZE);
    expect(seize).toMatchObject({ call: 'ptrace', retval: 0 });
    expect(seize?.target?.pid).toBe(seize?.pid);
    expect(seize?.target?.pid).not.toBe(seize?.process.pid);
  });

  test("memory of another process, and one's own attempts at what does not exist", async ({ kernel }) => {
    const { events, stdout } = await pythonCalls(
      kernel,
      ['processVm'],
      'process_vm',
      `
class Part(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
here, there = ctypes.create_string_buffer(8), ctypes.create_string_buffer(b'secret!')
local = Part(ctypes.addressof(here), 8)
remote = Part(ctypes.addressof(there), 8)
child = os.fork()
if child == 0:
    import signal
    signal.pause()
print(child, call(310, child, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0))
call(311, child, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
os.kill(child, 9)
os.waitpid(child, 0)
call(310, child, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)`,
    );
    const [child] = stdout.split(' ').map(Number);
    expect(events.map(({ call, pid, target, retval }) => [call, pid, target?.pid, retval])).toEqual([
      ['process_vm_readv', child, child, 8],
      ['process_vm_writev', child, child, 8],
      ['process_vm_readv', child, undefined, ESRCH],
    ]);
  });

  test('limits: those that are set, not those that are read', async ({ kernel }) => {
    const { events, stdout } = await pythonCalls(
      kernel,
      ['setrlimit'],
      'setrlimit',
      `
import resource
resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_CORE, (0, resource.RLIM_INFINITY))
child = os.fork()
if child == 0:
    import signal
    signal.pause()
resource.prlimit(child, resource.RLIMIT_NOFILE, (100, 200))
call(160, 4, (ctypes.c_ulong * 2)(1, 2))
os.kill(child, 9)
print(child, os.getpid())`,
    );
    const [child, self] = stdout.split(' ').map(Number);
    expect(events.map((each) => [each.call, each.resource, each.rlimCur, each.rlimMax, each.target?.pid])).toEqual([
      ['prlimit64', 4, 0n, 2n ** 64n - 1n, self],
      ['prlimit64', 7, 100n, 200n, child],
      ['setrlimit', 4, 1n, 2n, self],
    ]);
  });
});

describe('names and memory', () => {
  test('a name as the kernel keeps it', async ({ kernel }) => {
    const { events } = await pythonCalls(
      kernel,
      ['prctl'],
      'prctl',
      `
call(157, 15, b'kworker/0:1')
call(157, 15, b'123456789012345x')
call(157, 38, 1, 0, 0, 0)
call(157, 9999, 7, 0, 0, 0)`,
    );
    expect(events).toMatchObject([
      { option: 15, newName: 'kworker/0:1', isNameTruncated: false, retval: 0 },
      { option: 15, newName: '123456789012345', isNameTruncated: true, retval: 0 },
      { option: 38, arguments: [1n, 0n, 0n, 0n], isNameTruncated: false, retval: 0 },
      { option: 9999, retval: -22 },
    ]);
    expect(events[2]).not.toHaveProperty('newName');
  });

  test('a file in memory', async ({ kernel }) => {
    const { events } = await pythonCalls(
      kernel,
      ['memfdCreate'],
      'memfd_create',
      `os.memfd_create('payload', os.MFD_CLOEXEC)
call(319, 0, 0)`,
    );
    expect(events).toMatchObject([
      { name: 'payload', flags: 1 },
      { name: '', retval: -14 },
    ]);
  });

  test('executable memory: of a file, anonymous, changed later; nothing of what is not executable', async ({
    kernel,
  }) => {
    const { events } = await forRules(kernel, ['mmap', 'mprotect'], () =>
      kernel.outside.python(`
import ctypes, mmap, os
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
fd = os.open('/usr/bin/true', os.O_RDONLY)
code = libc.mmap(None, 4096, 5, 2, fd, 0)
plain = libc.mmap(None, 4096, 1, 2, fd, 0)
nothing = libc.mmap(None, 4096, 7, 0x22, -1, 0)
libc.mprotect(plain, 4096, 5)
libc.mprotect(nothing, 4096, 3)
libc.mprotect(nothing, 4096, 7)
libc.mprotect(16, 4096, 5)`),
    );
    const maps = eventsOf(events, 'mmap');
    // Before them the loader's own, of the program's libraries.
    expect(maps.map(({ file }) => file?.path)).toContainEqual(expect.stringMatching(/^\/usr\/lib.*libc\.so\.6$/));
    expect(maps.slice(-2)).toMatchObject([
      { protection: 5, flags: 2, file: { path: '/usr/bin/true' } },
      { protection: 7, flags: 0x22 },
    ]);
    expect(maps.at(-1)).not.toHaveProperty('file');
    const changes = eventsOf(events, 'mprotect');
    expect(changes.slice(-3)).toMatchObject([
      { reqProtection: 5, file: { path: '/usr/bin/true' }, retval: 0 },
      { reqProtection: 7, retval: 0 },
      { reqProtection: 5, retval: -22 },
    ]);
    expect(changes.at(-2)).not.toHaveProperty('file');
  });
});

describe('credentials', () => {
  test('after each call, and what a refused one wanted', async ({ kernel }) => {
    const { events } = await forRules(kernel, ['setuid', 'setgid', 'capset'], () =>
      kernel.outside.python(`
import ctypes, os
os.setresgid(7, 8, 9)
os.setresuid(1001, 1002, 1002)
for change in (lambda: os.setuid(0), lambda: os.setregid(0, 0)):
    try:
        change()
    except PermissionError:
        pass
libc = ctypes.CDLL(None)
libc.setfsuid(1001)
header = (ctypes.c_uint * 2)(0x20080522, 0)
libc.capset(header, (ctypes.c_uint * 6)())
libc.capset(header, (ctypes.c_uint * 6)(*[1] * 6))`),
    );
    const users = eventsOf(events, 'setuid');
    expect(
      users.map(({ call, requested, retval, credentials: { uid, euid, fsuid } }) => [
        call,
        requested,
        retval,
        uid,
        euid,
        fsuid,
      ]),
    ).toEqual([
      ['setresuid', [1001, 1002, 1002], 0, 1001, 1002, 1002],
      ['setuid', [0], EPERM, 1001, 1002, 1002],
      ['setfsuid', [1001], 1002, 1001, 1002, 1001],
    ]);
    const groups = eventsOf(events, 'setgid');
    expect(
      groups.map(({ call, requested, retval, credentials: { gid, egid, fsgid } }) => [
        call,
        requested,
        retval,
        gid,
        egid,
        fsgid,
      ]),
    ).toEqual([
      ['setresgid', [7, 8, 9], 0, 7, 8, 8],
      ['setregid', [0, 0], EPERM, 7, 8, 8],
    ]);
    expect(eventsOf(events, 'capset')).toMatchObject([
      { retval: 0, credentials: { capEffective: 0n, capPermitted: 0n } },
      { retval: EPERM, credentials: { capEffective: 0n, capPermitted: 0n } },
    ]);
  });
});

test('of what nobody wants there is nothing', async ({ kernel }) => {
  const { events } = await pythonCalls(kernel, ['prctl'], 'signal', `os.kill(os.getpid(), 0)`);
  expect(events).toEqual([]);
});
