/** Calls that change names and attributes of files, in all their forms. */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { KernelEvent } from '../../core/event/event.ts';
import type { PathEvent } from '../../core/event/path-event.ts';
import { eventsOf } from './observed-cgroup.ts';
import { test } from './kernel-test.ts';
import type { Kernel } from './kernel-test.ts';

const EACCES = -13;
const types = [
  ...(['unlink', 'rmdir', 'rename', 'mkdir', 'chmod', 'chown', 'link', 'symlink', 'mknod', 'utimes'] as const),
  ...(['setxattr', 'removexattr', 'truncate', 'chdir', 'chroot'] as const),
];

/** System calls by number, for forms that the C library does not use. */
const prelude = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    result = libc.syscall(number, *[ctypes.c_long(each) if isinstance(each, int) else each for each in arguments])
    return -ctypes.get_errno() if result == -1 else result
CWD = -100
folder = sys.argv[1]
os.chdir(folder)
here = os.open('.', os.O_RDONLY | os.O_DIRECTORY)
`;

interface Scene {
  readonly folder: string;
  readonly events: readonly PathEvent[];
  readonly stdout: string;
}

/** Runs a script in a new folder; the events are those of files in it. */
async function play(kernel: Kernel, script: string): Promise<Scene> {
  const folder = mkdtempSync(join(kernel.folder, 'scene-'));
  const { events, stderr, stdout } = await kernel.cgroup.python(prelude + script, folder);
  expect(stderr).toBe('');
  return { folder, events: inFolder(events, folder, kernel.cgroup.id), stdout };
}

function inFolder(events: readonly KernelEvent[], folder: string, cgroup: bigint): PathEvent[] {
  return eventsOf(events, ...types).filter((event) => event.cgroupId === cgroup && event.file.path.startsWith(folder));
}

const shown = ({ folder, events }: Scene): unknown[] =>
  events.map(({ type, file, retval }) => [type, file.path.slice(folder.length), file.resolved, retval]);

describe('names', () => {
  test('made and removed: mkdir, mknod, symlink, link, rename, unlink, rmdir', async ({ kernel }) => {
    const scene = await play(
      kernel,
      `
os.mkdir('d', 0o750)
os.mkdir('e', dir_fd=here)
os.mkfifo('pipe')
os.mknod('d/pipe', 0o010600, dir_fd=here)
os.symlink('../to/nothing', 'link')
os.symlink('nothing', folder + '/d/link')
os.link('pipe', 'pipe2')
os.link('pipe', 'd/pipe3', src_dir_fd=here, dst_dir_fd=here)
os.rename('pipe2', 'd/moved')
call(316, here, b'pipe', here, b'./e/pipe', 1)
os.unlink('d/moved')
os.unlink('link', dir_fd=here)
call(263, here, b'e/pipe', 0)
call(263, here, b'e', 0x200)
call(84, b'e')`,
    );
    expect(shown(scene)).toEqual([
      ['mkdir', '/d', true, 0],
      ['mkdir', '/e', true, 0],
      ['mknod', '/pipe', true, 0],
      ['mknod', '/d/pipe', false, 0],
      ['symlink', '/link', true, 0],
      ['symlink', '/d/link', false, 0],
      ['link', '/pipe', true, 0],
      ['link', '/pipe', false, 0],
      ['rename', '/pipe2', true, 0],
      ['rename', '/pipe', true, 0],
      ['unlink', '/d/moved', false, 0],
      ['unlink', '/link', true, 0],
      ['unlink', '/e/pipe', false, 0],
      ['rmdir', '/e', true, 0],
    ]);
    const destinations = eventsOf(scene.events, 'link', 'rename').map((event) => event.file.destination);
    expect(destinations.map(({ path, resolved }) => [path.slice(scene.folder.length), resolved])).toEqual([
      ['/pipe2', true],
      ['/d/pipe3', false],
      ['/d/moved', false],
      ['/e/pipe', false],
    ]);
    expect(scene.events[0]).toMatchObject({
      file: { destination: { mode: 0o750 } },
      syscall: { path: 'd', mode: 0o750 },
    });
    expect(scene.events[4]).toMatchObject({ target: '../to/nothing' });
    expect(scene.events[9]).toMatchObject({ flags: 1, syscall: { path: 'pipe', destination: { path: './e/pipe' } } });
    expect(eventsOf(scene.events, 'unlink').map(({ syscall }) => syscall.dirfd)).toEqual([-100, 3, 3]);
  });

  test('where ".." leads, and that a link on the way is not known to be one', async ({ kernel }) => {
    const folder = mkdtempSync(join(kernel.folder, 'links-'));
    mkdirSync(join(folder, 'real/inner'), { recursive: true });
    symlinkSync('real', join(folder, 'link'));
    const { events } = await kernel.cgroup.python(
      `${prelude}
os.chdir('link/inner')
os.mkdir('../one')
os.mkdir(folder + '/link/two')`,
      folder,
    );
    expect(inFolder(events, folder, kernel.cgroup.id).map(({ file }) => [file.path, file.resolved])).toEqual([
      [join(folder, 'real/one'), true],
      [join(folder, 'link/two'), false],
    ]);
  });

  test('absolute names in a chroot, and names relative to a directory outside of it', async ({ kernel }) => {
    const scene = await play(
      kernel,
      `
os.mkdir('jail')
os.mkdir('jail/etc')
os.mkdir('cwd')
os.chdir('cwd')
os.chroot('../jail')
os.mkdir('/etc/a')
os.mkdir('/../../b')
os.mkdir('../escaped')
os.chdir('/etc')
os.mkdir('../../c')`,
    );
    expect(shown(scene)).toEqual([
      ['mkdir', '/jail', true, 0],
      ['mkdir', '/jail/etc', false, 0],
      ['mkdir', '/cwd', true, 0],
      ['mkdir', '/jail/etc/a', false, 0],
      ['mkdir', '/jail/b', true, 0],
      ['mkdir', '/escaped', true, 0],
      ['mkdir', '/jail/c', true, 0],
    ]);
  });
});

describe('attributes', () => {
  test('by name and by descriptor: chmod, chown, utimes, truncate, xattr', async ({ kernel }) => {
    const scene = await play(
      kernel,
      `
for name in ('a', 'b', 'c'): open(name, 'w').close()
file = os.open('a', os.O_RDWR); other = os.open('c', os.O_RDWR)
os.chmod('a', 0o600); os.chmod(file, 0o4711); call(268, here, b'b', 0o640); call(452, here, b'c', 0o644, 0x100)
os.chown('a', 7, -1); os.chown(file, -1, 8); os.lchown('b', 9, 9); os.chown('c', 1, 2, dir_fd=here, follow_symlinks=False)
call(260, other, b'', 3, 4, 0x1000)
os.utime('a'); os.utime(file); call(235, b'b', None); call(132, b'./c', None); call(280, other, None, None, 0)
os.truncate('a', 5); os.truncate(file, 6)
os.setxattr('a', 'trusted.x', b'1'); os.setxattr('b', 'trusted.x', b'1', follow_symlinks=False); os.setxattr(file, 'trusted.y', b'2')
os.removexattr('a', 'trusted.x'); os.removexattr('b', 'trusted.x', follow_symlinks=False); os.removexattr(file, 'trusted.y')`,
    );
    expect(shown(scene)).toEqual([
      ['chmod', '/a', false, 0],
      ['chmod', '/a', true, 0],
      ['chmod', '/b', false, 0],
      ['chmod', '/c', true, 0],
      ['chown', '/a', false, 0],
      ['chown', '/a', true, 0],
      ['chown', '/b', true, 0],
      ['chown', '/c', true, 0],
      ['chown', '/c', true, 0],
      ['utimes', '/a', false, 0],
      ['utimes', '/a', true, 0],
      ['utimes', '/b', false, 0],
      ['utimes', '/c', false, 0],
      ['utimes', '/c', true, 0],
      ['truncate', '/a', false, 0],
      ['truncate', '/a', true, 0],
      ['setxattr', '/a', false, 0],
      ['setxattr', '/b', true, 0],
      ['setxattr', '/a', true, 0],
      ['removexattr', '/a', false, 0],
      ['removexattr', '/b', true, 0],
      ['removexattr', '/a', true, 0],
    ]);
  });

  test('a descriptor brings the facts of the file, as they are after the call', async ({ kernel }) => {
    const { events, stdout } = await play(
      kernel,
      `
file = os.open('f', os.O_RDWR | os.O_CREAT)
os.fchmod(file, 0o4711)
os.fchown(file, 7, 8)
print(os.fstat(file).st_ino)`,
    );
    const inode = Number(stdout);
    expect(events).toMatchObject([
      { type: 'chmod', file: { facts: { inode, mode: 0o104711 }, destination: { mode: 0o4711 } } },
      { type: 'chown', file: { facts: { inode, uid: 7, gid: 8 }, destination: { uid: 7, gid: 8 } } },
    ]);
  });
});

describe('learning', () => {
  test('the same change of the same name is reported once, each other one for itself', async ({ kernel }) => {
    const scene = await play(
      kernel,
      `
for _ in range(3):
    for name in ('a', 'b'):
        os.mkdir(name)
        os.rmdir(folder + '/' + name)`,
    );
    expect(shown(scene)).toEqual([
      ['mkdir', '/a', true, 0],
      ['rmdir', '/a', false, 0],
      ['mkdir', '/b', true, 0],
      ['rmdir', '/b', false, 0],
    ]);
  });

  test('refusals are behaviour; other failures, and going to a directory, are not', async ({ kernel }) => {
    const folder = mkdtempSync(join(kernel.folder, 'refused-'));
    writeFileSync(join(folder, 'file'), '');
    const { events } = await kernel.cgroup.pythonUnder(
      ['setpriv', '--reuid=1000', '--clear-groups'],
      `
import os, sys
for attempt in (lambda: os.unlink('/etc/passwd'), lambda: os.rename('/etc/passwd', '/tmp/p'), lambda: os.mkdir('/etc'),
                lambda: os.unlink('/etc/nothing-here/x'), lambda: os.chdir('/')):
    try: attempt()
    except OSError: pass`,
    );
    expect(eventsOf(events, ...types).map(({ type, file, retval }) => [type, file.path, retval])).toEqual([
      ['unlink', '/etc/passwd', EACCES],
      ['rename', '/etc/passwd', EACCES],
    ]);
  });
});

describe('rules', () => {
  test('get every call, failed ones too, and where a change of directory led', async ({ kernel }) => {
    const folder = mkdtempSync(join(kernel.folder, 'rules-'));
    mkdirSync(join(folder, 'real/root'), { recursive: true });
    symlinkSync('real', join(folder, 'link'));
    kernel.capture.approve((['mkdir', 'chdir', 'chroot'] as const).map((record) => ({ record })));
    const { events } = await kernel.outside.python(
      `${prelude}
call(83, b'real'); call(83, b'real')
call(80, b'link'); call(81, here); call(80, b'missing')
call(161, b'link/root')`,
      folder,
    );
    kernel.capture.approve([]);
    const mine = inFolder(events, folder, kernel.outside.id);
    expect(shown({ folder, events: mine, stdout: '' })).toEqual([
      ['chdir', '', true, 0],
      ['mkdir', '/real', true, -17],
      ['mkdir', '/real', true, -17],
      ['chdir', '/real', true, 0],
      ['chdir', '', true, 0],
      ['chdir', '/missing', false, -2],
      ['chroot', '/real/root', true, 0],
    ]);
    expect(mine[3]).toMatchObject({ syscall: { path: 'link' }, file: { facts: { mode: 0o040755 } } });
  });
});
