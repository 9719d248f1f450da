/** Calls to the kernel itself as the rules see them. What this kernel lacks is refused, and reported all the same. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { test } from './kernel-test.ts';
import { eventsOf } from './observed-cgroup.ts';
import { forRules, pythonCalls } from './rule-events.ts';

describe('pipes', () => {
  test('what is spliced from a file, copied, and mapped into a pipe', async ({ kernel }) => {
    const { events } = await pythonCalls(
      kernel,
      ['splice'],
      'splice',
      `
fd = os.open('/usr/bin/true', os.O_RDONLY)
reader, writer = os.pipe()
other = os.pipe()
call(275, fd, 0, writer, 0, 100, 0)
call(276, reader, other[1], 100, 0)
class Part(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
memory = ctypes.create_string_buffer(8)
call(278, writer, ctypes.byref(Part(ctypes.addressof(memory), 8)), 1, 0)
call(275, 999, 0, writer, 0, 100, 0)
os.set_blocking(other[0], False)
os.read(other[0], 100)
call(275, other[0], 0, writer, 0, 100, 2)`,
    );
    expect(events.map(({ call, retval, file }) => [call, retval, file?.path.replace(/\d+/, 'N')])).toEqual([
      ['splice', 100, '/usr/bin/true'],
      ['tee', 100, 'pipe:[N]'],
      ['vmsplice', 8, 'pipe:[N]'],
      ['splice', -9, undefined],
    ]);
    const PIPE_BUF_FLAG_CAN_MERGE = 0x10;
    expect((events[0]?.pipeExitFlag ?? -1) & PIPE_BUF_FLAG_CAN_MERGE).toBe(0);
  });
});

describe('programs and counters of the kernel', () => {
  test('bpf: what is made, used, refused', async ({ kernel }) => {
    const { events, stdout } = await pythonCalls(
      kernel,
      ['bpf'],
      'bpf',
      `
import struct
def bpf(command, *parts):
    attributes = b''.join(parts).ljust(128, b'\\0')
    return call(321, command, attributes, 128)
u32 = lambda *words: struct.pack('%dI' % len(words), *words)
array = bpf(0, u32(2, 4, 4, 1, 0, 0, 0), b'counts'.ljust(16, b'\\0'))
key, value = ctypes.c_uint(0), ctypes.c_uint(7)
pair = struct.pack('QQQ', ctypes.addressof(key), ctypes.addressof(value), 0)
bpf(2, u32(array, 0), pair)
key.value = 5
bpf(1, u32(array, 0), pair)
code = ctypes.create_string_buffer(struct.pack('QQ', 0xb7, 0x95))
license = ctypes.create_string_buffer(b'GPL')
pointers = struct.pack('QQ', ctypes.addressof(code), ctypes.addressof(license))
program = lambda type: bpf(5, u32(type, 2), pointers, u32(0, 0), struct.pack('Q', 0), u32(0, 0), b'nothing'.ljust(16, b'\\0'))
loaded = program(1)
program(9999)
print(*[line.split()[1] for line in open('/proc/self/fdinfo/%d' % loaded) if line.startswith('prog_tag')])`,
    );
    expect(events).toMatchObject([
      { cmd: 0, map: { type: 2, name: 'counts' } },
      { cmd: 2, retval: 0, map: { type: 2, name: 'counts' } },
      { cmd: 5, prog: { type: 1, attachType: 0, name: 'nothing', tag: stdout.trim() } },
      { cmd: 5, retval: -22, prog: { type: 9999, name: 'nothing', tag: '0000000000000000' } },
    ]);
    expect(events[0]?.retval).toBeGreaterThan(0);
  });

  test('perf_event_open', async ({ kernel }) => {
    const { events } = await pythonCalls(
      kernel,
      ['perfEventOpen'],
      'perf_event_open',
      `
import struct
call(298, struct.pack('IIQ', 1, 112, 3).ljust(112, b'\\0'), 0, -1, -1, 0)
call(298, 0, 0, -1, -1, 0)`,
    );
    expect(events).toMatchObject([
      { eventType: 1, config: 3n, pid: 0, cpu: -1 },
      { eventType: 0, config: 0n, retval: -14 },
    ]);
  });

  test('modules: attempts count', async ({ kernel }) => {
    const path = join(kernel.folder, 'module.ko');
    writeFileSync(path, 'no module');
    const { events } = await forRules(kernel, ['loadModule', 'unloadModule'], () =>
      kernel.outside.python(
        `
import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.syscall(313, os.open(sys.argv[1], os.O_RDONLY), b'debug=1', 0)
libc.syscall(175, b'no module', 9, b'a=b')
libc.syscall(176, b'no_such', 0x800)`,
        path,
      ),
    );
    const loads = eventsOf(events, 'load_module');
    expect(loads).toMatchObject([
      { call: 'finit_module', loadedFromMemory: false, args: 'debug=1', file: { path } },
      { call: 'init_module', loadedFromMemory: true, args: 'a=b' },
    ]);
    expect(loads.every(({ retval }) => retval < 0)).toBe(true);
    expect(eventsOf(events, 'unload_module')).toMatchObject([{ name: 'no_such', flags: 0x800 }]);
    expect(eventsOf(events, 'unload_module')[0]?.retval).toBeLessThan(0);
  });
});

/** `fd` is the host name of a namespace of its own, and `refused` writes what a number of the kernel's cannot be. */
const HOST_NAME = `
ctypes.CDLL(None).unshare(0x4000000)
fd = os.open('/proc/sys/kernel/hostname', os.O_WRONLY)
def refused(write):
    try:
        write(os.open('/proc/sys/net/ipv4/ip_forward', os.O_WRONLY))
    except OSError:
        pass`;

describe('files that control the kernel', () => {
  test('a write below /proc/sys, in a namespace of its own', async ({ kernel }) => {
    const { events } = await forRules(kernel, ['sysctl'], () =>
      kernel.outside.run(
        'unshare',
        '--uts',
        '/bin/sh',
        '-c',
        'echo renamed > /proc/sys/kernel/hostname; echo x > /proc/self/oom_score_adj; cat /proc/sys/kernel/hostname',
      ),
    );
    expect(eventsOf(events, 'sysctl')).toMatchObject([
      { call: 'write', action: 'write', name: 'kernel/hostname', value: 'renamed', valueTruncated: false, retval: 8 },
    ]);
  });

  test('a refused one, at an offset, and one that is too long to keep', async ({ kernel }) => {
    const { events } = await pythonCalls(
      kernel,
      ['sysctl'],
      'sysctl',
      `${HOST_NAME}
os.pwrite(fd, b'n', 0)
os.write(fd, b'a' * 300)
refused(lambda bad: os.write(bad, b'neither'))`,
    );
    expect(events).toMatchObject([
      { call: 'pwrite64', name: 'kernel/hostname', value: 'n' },
      { call: 'write', value: 'a'.repeat(256), valueTruncated: true },
      { name: 'net/ipv4/ip_forward', value: 'neither', retval: -22 },
    ]);
  });

  test('by every call that writes', async ({ kernel }) => {
    const { events } = await pythonCalls(
      kernel,
      ['sysctl'],
      'sysctl',
      `${HOST_NAME}
os.writev(fd, [b'', b'in', b'parts'])
os.pwritev(fd, [b'at'], 0)
os.pwritev(fd, [b'with flags'], 0, os.RWF_HIPRI)
os.writev(fd, [b'a' * 200, b'b' * 100])
os.writev(fd, [b'1', b'2', b'3', b'4', b'5'])
call(20, fd, 0, 1)
refused(lambda bad: os.writev(bad, [b'nei', b'ther']))
reader, writer = os.pipe()
os.write(writer, b'spliced')
os.splice(reader, fd, 7)
memory = os.memfd_create('content')
os.write(memory, b'sent')
os.sendfile(fd, memory, 0, 4)`,
    );
    const seen = events.map(({ call, name, value, valueTruncated, retval }) => [
      call,
      name.slice(name.indexOf('/') + 1),
      value,
      valueTruncated,
      retval,
    ]);
    expect(seen).toEqual([
      ['writev', 'hostname', 'inparts', false, 7],
      ['writev', 'hostname', 'at', false, 2],
      ['writev', 'hostname', 'with flags', false, 10],
      ['writev', 'hostname', `${'a'.repeat(200)}${'b'.repeat(56)}`, true, 300],
      ['writev', 'hostname', '1234', true, 5],
      ['writev', 'hostname', '', false, -14],
      ['writev', 'ipv4/ip_forward', 'neither', false, -22],
      ['splice', 'hostname', '', true, 7],
      ['sendfile', 'hostname', '', true, 4],
    ]);
  });

  test('a splice into one is a splice as well', async ({ kernel }) => {
    const { events } = await forRules(kernel, ['sysctl', 'splice'], () =>
      kernel.outside.python(`
import ctypes, os
ctypes.CDLL(None).unshare(0x4000000)
reader, writer = os.pipe()
os.write(writer, b'name')
os.splice(reader, os.open('/proc/sys/kernel/hostname', os.O_WRONLY), 4)`),
    );
    expect(eventsOf(events, 'splice', 'sysctl').map(({ type }) => type)).toEqual(['splice', 'sysctl']);
  });

  test('writes to cgroups: processes that move, and other files', async ({ kernel }) => {
    const child = kernel.outside.child('inner');
    const { events } = await forRules(kernel, ['cgroupWrite'], () =>
      kernel.outside.sh(
        'echo 1 > "$2/notify_on_release"; echo $$ > "$1/cgroup.procs"; echo $$ > "$2/cgroup.procs"',
        child.path,
        kernel.outside.path,
      ),
    );
    // The first moves the shell into the cgroup, and while it is in the inner one it counts as another.
    const writes = eventsOf(events, 'cgroup_write').map(({ file, value, pid }) => [file.path, value, pid]);
    const self = eventsOf(events, 'cgroup_write')[0]?.process.pid;
    expect(writes).toEqual([
      [join(kernel.outside.path, 'cgroup.procs'), '0', 0],
      [join(kernel.outside.path, 'notify_on_release'), '1', undefined],
      [join(kernel.outside.path, 'cgroup.procs'), String(self), self],
    ]);
  });
});

test('a process that is moved by writev', async ({ kernel }) => {
  const { events } = await pythonCalls(
    kernel,
    ['cgroupWrite'],
    'cgroup_write',
    `
fd = os.open(${JSON.stringify(join(kernel.outside.path, 'cgroup.procs'))}, os.O_WRONLY)
os.writev(fd, [b'', str(os.getpid()).encode()])`,
  );
  // The first is how the program came into its cgroup.
  expect(events.map(({ call, pid }) => [call, pid])).toEqual([
    ['write', 0],
    ['writev', events[0]?.process.pid],
  ]);
});

test('calls without an event of their own', async ({ kernel }) => {
  const { events } = await pythonCalls(
    kernel,
    ['systemCall'],
    'syscall',
    `
call(425, 0, 0)
call(426, 999, 0, 0, 0, 0, 0)
call(427, 999, 0, 0, 0)
call(246, 0, 99, 0, 0)
call(320, 999, 999, 0, 0, 0)
call(323, 0x7fffffff)
call(250, 0, -3, 0, 0, 0)
call(248, b'user', b'name', b'x', 1, -999)
call(249, b'user', b'no such key', 0, 0)
call(304, -100, 0, 0)
call(438, 999, 0, 0)
call(116, 65537, 0)`,
  );
  expect(events.map(({ call }) => call)).toEqual([
    'io_uring_setup',
    'io_uring_enter',
    'io_uring_register',
    'kexec_load',
    'kexec_file_load',
    'userfaultfd',
    'keyctl',
    'add_key',
    'request_key',
    'open_by_handle_at',
    'pidfd_getfd',
    'setgroups',
  ]);
  expect(events.every(({ call, retval }) => retval < 0 || call === 'keyctl')).toBe(true);
  expect(events[1]?.arguments[0]).toBe(999n);
});
