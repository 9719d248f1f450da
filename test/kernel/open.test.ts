import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { KernelEvent } from '../../core/event/event.ts';
import { eventsOf } from './observed-cgroup.ts';
import type { EventOf } from './observed-cgroup.ts';
import { test } from './kernel-test.ts';

/** Python's way to mount: `libc`, and `check` for what it returns. */
const MOUNTS = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def check(result):
    if result != 0: raise OSError(ctypes.get_errno(), 'failed')`;

const O_TRUNC = 0o1000;
const O_APPEND = 0o2000;

/** Opens whose path contains `part`. */
function opens(events: readonly KernelEvent[], part: string): EventOf<'open'>[] {
  return eventsOf(events, 'open').filter((event) => event.file.path.includes(part));
}

describe('open: the canonical path', () => {
  test('through symbolic links, relative names and dot-dot', async ({ kernel: { cgroup, folder } }) => {
    mkdirSync(join(folder, 'real/inner'), { recursive: true });
    writeFileSync(join(folder, 'real/target'), 'x');
    symlinkSync('real', join(folder, 'link'));
    const { events } = await cgroup.python(
      `
import os, sys
os.chdir(sys.argv[1] + '/link/inner')
fd = os.open('..', os.O_RDONLY | os.O_DIRECTORY)
for name, flags, dirfd in (('../target', os.O_RDONLY, None), (sys.argv[1] + '/link/target', os.O_WRONLY, None), ('target', os.O_RDWR, fd)):
    os.close(os.open(name, flags, dir_fd=dirfd))`,
      folder,
    );
    const target = join(folder, 'real/target');
    expect(opens(events, 'target').map((event) => [event.file.path, event.flags & 3])).toEqual([
      [target, 0],
      [target, 1],
      [target, 2],
    ]);
    expect(opens(events, join(folder, 'real')).map((event) => event.file.path)).toContain(join(folder, 'real'));
  });

  test('created, truncated, appended; inode and mode', async ({ kernel: { cgroup, folder } }) => {
    const path = join(folder, 'made');
    const { events, stdout } = await cgroup.sh(`echo 1 > "$1"; echo 2 >> "$1"; echo 3 > "$1"; stat -c %i "$1"`, path);
    const [made, appended, truncated] = opens(events, path);
    expect(made).toMatchObject({
      created: true,
      retval: 0,
      file: { facts: { inode: Number(stdout), mode: 0o100644 } },
    });
    expect(appended).toMatchObject({ created: false, file: { facts: { inode: Number(stdout) } } });
    expect((appended?.flags ?? 0) & O_APPEND).toBe(O_APPEND);
    expect((truncated?.flags ?? 0) & O_TRUNC).toBe(O_TRUNC);
  });

  test('in bind mounts of folders and of single files', async ({ kernel: { cgroup, folder } }) => {
    mkdirSync(join(folder, 'source'));
    mkdirSync(join(folder, 'mounted'));
    writeFileSync(join(folder, 'source/file'), 'x');
    writeFileSync(join(folder, 'single'), '');
    const { events, stderr } = await cgroup.run(
      'unshare',
      '--mount',
      '/bin/sh',
      '-c',
      `cd "$1"; mount --bind source mounted && mount --bind source/file single && cat mounted/file single`,
      'sh',
      folder,
    );
    expect(stderr).toBe('');
    const paths = eventsOf(events, 'open').map((event) => event.file.path);
    expect(paths).toContain(join(folder, 'mounted/file'));
    expect(paths).toContain(join(folder, 'single'));
  });

  test('in a chroot: as seen from the mount namespace, not from the chroot', async ({ kernel: { cgroup, folder } }) => {
    mkdirSync(join(folder, 'jail/etc'), { recursive: true });
    writeFileSync(join(folder, 'jail/etc/secret'), 'x');
    const { events } = await cgroup.python(
      `
import os, sys
os.chroot(sys.argv[1])
os.close(os.open('/etc/secret', os.O_RDONLY))`,
      join(folder, 'jail'),
    );
    expect(opens(events, 'secret')[0]?.file.path).toBe(join(folder, 'jail/etc/secret'));
  });

  test('in a root of its own, as a container has: the path inside', async ({ kernel: { cgroup, folder } }) => {
    mkdirSync(join(folder, 'rootfs'));
    const { events, stderr } = await cgroup.pythonUnder(
      ['unshare', '--mount'],
      `${MOUNTS}
os.chdir(sys.argv[1])
check(libc.mount(b'none', b'.', b'tmpfs', 0, None))
os.chdir('../rootfs')
os.mkdir('etc'); os.mkdir('old')
open('etc/inside', 'w').close()
check(libc.syscall(155, b'.', b'old'))
os.chdir('/')
check(libc.umount2(b'/old', 2))
os.close(os.open('/etc/inside', os.O_RDONLY))`,
      join(folder, 'rootfs'),
    );
    expect(stderr).toBe('');
    expect(opens(events, 'inside').map((event) => event.file.path)).toEqual([
      join(folder, 'rootfs/etc/inside'),
      '/etc/inside',
    ]);
  });

  test('of files that are gone, and of things that never had a name', async ({ kernel: { cgroup, folder } }) => {
    const { events } = await cgroup.python(
      `
import os, sys
path = sys.argv[1] + '/gone'
fd = os.open(path, os.O_RDWR | os.O_CREAT)
os.unlink(path)
os.close(os.open(f'/proc/self/fd/{fd}', os.O_RDONLY))
r, w = os.pipe()
os.close(os.open(f'/proc/self/fd/{r}', os.O_RDONLY))
os.open('/', os.O_RDONLY)`,
      folder,
    );
    expect(opens(events, 'gone').map((event) => event.file.deleted)).toEqual([false, true]);
    expect(eventsOf(events, 'open').map((event) => event.file.path)).toContainEqual(
      expect.stringMatching(/^pipe:\[\d+\]$/),
    );
    expect(eventsOf(events, 'open').at(-1)?.file.path).toBe('/');
  });

  test('of a file that was made without a name: created', async ({ kernel: { cgroup, folder } }) => {
    const { events } = await cgroup.python(
      `
import os, sys
os.close(os.open(sys.argv[1], os.O_TMPFILE | os.O_RDWR))`,
      folder,
    );
    const [file] = opens(events, `${folder}/#`);
    expect(file).toMatchObject({ created: true, file: { deleted: true } });
  });

  test('of names that are not text', async ({ kernel: { cgroup, folder } }) => {
    const { events } = await cgroup.python(
      `
import os, sys
os.close(os.open(sys.argv[1].encode() + b'/odd\\xff\\n\\\\', os.O_CREAT | os.O_WRONLY))`,
      folder,
    );
    expect(opens(events, '/odd')[0]?.file.path).toBe(join(folder, String.raw`odd\xff\x0a\\`));
  });

  test('deeper than the kernel side follows: the leaf end, marked and counted', async ({ kernel }) => {
    const { cgroup, capture, folder } = kernel;
    const before = capture.lossesOf(cgroup.id).truncated;
    const deep = join(folder, ...Array.from({ length: 100 }, (_, depth) => `d${depth}`));
    mkdirSync(deep, { recursive: true });
    const { events } = await cgroup.python(
      `
import os, sys
os.chdir(sys.argv[1])
os.close(os.open('leaf', os.O_CREAT | os.O_WRONLY))`,
      deep,
    );
    const path = opens(events, '/leaf')[0]?.file;
    expect(path?.truncated).toBe(true);
    expect(path?.path).toMatch(/^…\/d3\d\/.*\/d98\/d99\/leaf$/);
    expect(capture.lossesOf(cgroup.id).truncated).toBe(before + 1);
  });

  test('with the longest names', async ({ kernel: { cgroup, folder } }) => {
    const name = 'n'.repeat(255);
    const { events } = await cgroup.python(
      `
import os, sys
os.chdir(sys.argv[1])
for _ in range(10):
    os.mkdir(sys.argv[2])
    os.chdir(sys.argv[2])
os.close(os.open('last', os.O_CREAT | os.O_WRONLY))`,
      folder,
      name,
    );
    expect(opens(events, '/last')[0]?.file).toMatchObject({
      path: `${folder}/${Array<string>(10).fill(name).join('/')}/last`,
      truncated: false,
    });
  });
});

describe('open: refused', () => {
  test('permission denied and read-only file systems, with the name that was asked for, from where it was', async ({
    kernel,
  }) => {
    const { events } = await kernel.cgroup.pythonUnder(
      ['setpriv', '--reuid=1000', '--clear-groups'],
      `
import os
os.chdir('/etc')
for name, flags in (('../etc/shadow', os.O_RDONLY), ('/proc/sys/kernel/hostname', os.O_WRONLY), ('/nowhere', os.O_RDONLY)):
    try: os.open(name, flags)
    except OSError as error: print(error.errno)`,
    );
    const refused = eventsOf(events, 'open').filter((event) => event.retval < 0);
    expect(refused.map((event) => [event.file.path, event.retval, event.uid])).toEqual([
      ['/etc/shadow', -13, 1000],
      ['/proc/sys/kernel/hostname', -13, 1000],
    ]);
  });

  test('a refusal that repeats itself is reported once', async ({ kernel }) => {
    const { events } = await kernel.cgroup.run(
      'setpriv',
      '--reuid=1000',
      '/bin/sh',
      '-c',
      'for i in 1 2 3 4 5; do : < /root/.nothing; done 2> /dev/null; : < /root/.other',
    );
    const refused = eventsOf(events, 'open').filter((event) => event.retval < 0);
    expect(refused.map((event) => event.file.path)).toEqual(['/root/.nothing']);
  });

  test('a write to a read-only file system', async ({ kernel: { cgroup, folder } }) => {
    mkdirSync(join(folder, 'read-only'));
    const { events } = await cgroup.run(
      'unshare',
      '--mount',
      '/bin/sh',
      '-c',
      `mount -t tmpfs -o ro none "$1" && { : > "$1/file"; } 2> /dev/null`,
      'sh',
      join(folder, 'read-only'),
    );
    expect(opens(events, 'read-only/file')).toMatchObject([
      { retval: -30, file: { path: join(folder, 'read-only/file') } },
    ]);
  });
});

describe('open: each path once, and none taken for another', () => {
  const made = (events: readonly KernelEvent[], folder: string): string[] =>
    opens(events, folder)
      .filter((event) => event.created)
      .map((event) => event.file.path.slice(folder.length));

  test('in folders that are made and removed in turn', async ({ kernel: { cgroup, folder } }) => {
    const { events } = await cgroup.python(
      `
import os, shutil, sys
for depth in range(1, 7):
    for turn in range(40):
        top = f'{sys.argv[1]}/{depth}-{turn}'
        path = top + '/same' * depth
        os.makedirs(path)
        os.close(os.open(path + '/file', os.O_CREAT | os.O_WRONLY))
        shutil.rmtree(top)`,
      folder,
    );
    const expected = Array.from({ length: 240 }, (_, index) => {
      const depth = Math.floor(index / 40) + 1;
      return `/${depth}-${index % 40}${'/same'.repeat(depth)}/file`;
    });
    expect(made(events, folder)).toEqual(expected);
  });

  test('in a folder that is renamed', async ({ kernel: { cgroup, folder } }) => {
    const { events } = await cgroup.python(
      `
import os, sys
os.chdir(sys.argv[1])
os.makedirs('renamed0/a/b')
open('renamed0/a/b/file', 'w').close()
for turn in range(1, 4):
    os.rename(f'renamed{turn - 1}', f'renamed{turn}')
    open(f'renamed{turn}/a/b/file').close()`,
      folder,
    );
    const paths = opens(events, '/a/b/file').map((event) => event.file.path.slice(folder.length));
    expect(paths).toEqual(Array.from({ length: 4 }, (_, turn) => `/renamed${turn}/a/b/file`));
  });

  test('in a mount that goes from place to place', async ({ kernel: { cgroup, folder } }) => {
    const { events, stderr } = await cgroup.pythonUnder(
      ['unshare', '--mount'],
      `${MOUNTS}
os.chdir(sys.argv[1])
os.mkdir('wandering')
open('wandering/file', 'w').close()
for turn in range(1500):
    os.mkdir(f'place{turn}')
    check(libc.mount(b'wandering', f'place{turn}'.encode(), None, 4096, None))
    os.close(os.open(f'place{turn}/file', os.O_RDONLY))
    check(libc.umount2(f'place{turn}'.encode(), 0))`,
      folder,
    );
    expect(stderr).toBe('');
    const paths = opens(events, '/place').map((event) => event.file.path.slice(folder.length));
    expect(paths).toEqual(Array.from({ length: 1500 }, (_, turn) => `/place${turn}/file`));
  });

  test('by programs that are links of one file', async ({ kernel: { cgroup, folder } }) => {
    const { events } = await cgroup.sh(
      `cd "$1" && cp /bin/cat one && ln one two && ln -s one three && for each in one two three; do "./$each" /etc/hostname; done`,
      folder,
    );
    expect(opens(events, '/etc/hostname')).toHaveLength(2);
  });

  test('by programs that take the place of one another', async ({ kernel: { cgroup, folder } }) => {
    const { events } = await cgroup.sh(
      `cd "$1" && for turn in 1 2 3 4 5 6 7 8 9; do cp /bin/cat "cat$turn" && "./cat$turn" /etc/hostname && rm "cat$turn"; done`,
      folder,
    );
    expect(opens(events, '/etc/hostname')).toHaveLength(9);
  });

  test('refused under names that differ in the case of a letter', async ({ kernel: { cgroup, folder } }) => {
    const { events } = await cgroup.python(
      `
import os, sys
os.chmod(sys.argv[1], 0o711)
for name in ('refused', 'Refused'):
    os.close(os.open(f'{sys.argv[1]}/{name}', os.O_CREAT, 0))
os.setuid(65534)
for name in ('refused', 'Refused', 'refused'):
    try: os.open(f'{sys.argv[1]}/{name}', os.O_RDONLY)
    except PermissionError: pass`,
      folder,
    );
    const refused = eventsOf(events, 'open').filter((event) => event.retval < 0);
    expect(refused.map((event) => event.file.path)).toEqual([join(folder, 'refused'), join(folder, 'Refused')]);
  });
});
