/** Mounts and namespaces as the rules see them; all in namespaces that end with the test. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from './kernel-test.ts';
import { eventsOf } from './observed-cgroup.ts';
import { forRules, pythonCalls } from './rule-events.ts';

const MS_BIND = 0x1000;
const CLONE_NEWNS = 0x2_0000;
const CLONE_NEWUTS = 0x400_0000;
const CLONE_NEWUSER = 0x1000_0000;
const CLONE_CLEAR_SIGHAND = 0x1_0000_0000;

test('a mount in one call, the root that is exchanged, and what is unmounted', async ({ kernel }) => {
  const root = join(kernel.folder, 'root');
  mkdirSync(root);
  const { events } = await forRules(kernel, ['mount', 'umount', 'pivotRoot', 'unshare'], () =>
    kernel.outside.python(
      `
import ctypes, os, sys
libc = ctypes.CDLL(None)
root = sys.argv[1].encode()
libc.unshare(0x20000)
libc.mount(None, b'/', None, 0x44000, None)
libc.mount(b'scratch', root, b'tmpfs', 0, b'size=1m')
libc.mount(b'none', b'/does/not/exist', b'tmpfs', 0, None)
os.chdir(root)
os.mkdir('old')
libc.mount(b'/usr', b'old', None, 0x1000, None)
libc.umount2(b'old', 2)
libc.syscall(155, b'.', b'old')`,
      root,
    ),
  );
  expect(eventsOf(events, 'unshare')).toMatchObject([{ flags: CLONE_NEWNS, retval: 0 }]);
  const mounts = eventsOf(events, 'mount').map((each) => [each.source, each.mountpoint, each.fsType, each.retval]);
  expect(mounts).toEqual([
    ['', '/', '', 0],
    ['scratch', root, 'tmpfs', 0],
    ['none', '/does/not/exist', 'tmpfs', -2],
    ['/usr', 'old', '', 0],
  ]);
  expect(eventsOf(events, 'mount').at(-1)).toMatchObject({ flags: MS_BIND, detached: false });
  expect(eventsOf(events, 'umount')).toMatchObject([{ call: 'umount2', mountpoint: 'old', flags: 2, retval: 0 }]);
  expect(eventsOf(events, 'pivot_root')).toMatchObject([{ newRoot: '.', putOld: 'old', retval: 0 }]);
});

test('a mount in steps', async ({ kernel }) => {
  const { events } = await pythonCalls(
    kernel,
    ['mount'],
    'mount',
    `
ctypes.CDLL(None).unshare(0x20000)
context = call(430, b'tmpfs', 0)
call(431, context, 1, b'size', b'1m', 0)
call(431, context, 6, 0, 0, 0)
root = call(432, context, 0, 0)
call(429, root, b'', -100, b'/mnt', 4)
copy = call(428, -100, b'/usr/lib', 1)
call(442, copy, b'', 0x1000, 0, 0)`,
  );
  expect(events).toMatchObject([
    { call: 'fsopen', fsType: 'tmpfs' },
    { call: 'fsconfig', option: { key: 'size', value: '1m' } },
    { call: 'fsconfig', option: { key: '', value: '' } },
    { call: 'fsmount', fsType: 'tmpfs', detached: true, file: { path: '/', filesystem: 'tmpfs' } },
    { call: 'move_mount', mountpoint: '/mnt', fsType: 'tmpfs', detached: false, retval: 0 },
    { call: 'open_tree', source: '/usr/lib', detached: true },
    { call: 'mount_setattr', mountpoint: '', retval: -22 },
  ]);
});

test('a namespace that is entered, and what is none', async ({ kernel }) => {
  const { events } = await pythonCalls(
    kernel,
    ['setns'],
    'setns',
    `
fd = os.open('/proc/self/ns/uts', os.O_RDONLY)
call(308, fd, 0x4000000)
call(308, os.open('/dev/null', os.O_RDONLY), 0)
call(308, 999, 0)`,
  );
  expect(events).toMatchObject([
    { flags: CLONE_NEWUTS, retval: 0, file: { filesystem: 'nsfs' } },
    { flags: 0, retval: -22, file: { path: '/dev/null' } },
    { flags: 0, retval: -9 },
  ]);
  expect(events.at(-1)).not.toHaveProperty('file');
});

test('namespaces that a child is made with', async ({ kernel }) => {
  const { events } = await pythonCalls(
    kernel,
    ['fork'],
    'fork',
    `
import signal, struct
flags = ${CLONE_NEWUSER + CLONE_NEWNS}
clone3 = struct.pack('11Q', flags + ${CLONE_CLEAR_SIGHAND}, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, 0)
for make in (lambda: call(56, flags + signal.SIGCHLD, 0, 0, 0, 0), lambda: call(435, clone3, len(clone3))):
    child = make()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)`,
  );
  const asked = CLONE_NEWUSER + CLONE_NEWNS;
  expect(events.slice(0, 2).map(({ flags }) => flags)).toEqual([asked, asked + CLONE_CLEAR_SIGHAND]);
  expect((events[2]?.flags ?? -1) & asked).toBe(0);
});
