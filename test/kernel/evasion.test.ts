/** Opens by which a program tries to get past an approver: it may let through too much, never too little. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { Purpose } from '../../core/event/event.ts';
import type { Approver } from '../../agent/kernel/approvers.ts';
import { compile } from './hostile-container.ts';
import { type Kernel, test } from './kernel-test.ts';
import { eventsOf } from './observed-cgroup.ts';

/** Paths of the opens that the approver let through while the program ran. */
async function passed({ capture, outside }: Kernel, approver: Approver, ...command: readonly [string, ...string[]]) {
  capture.approve([approver]);
  try {
    const { events, stderr } = await outside.run(...command);
    const opens = eventsOf(events, 'open').filter(
      ({ purpose, cgroupId }) => (purpose & Purpose.rules) !== 0 && cgroupId === outside.id,
    );
    return { paths: opens.map(({ file }) => file.path), stderr };
  } finally {
    capture.approve([]);
  }
}

/** A mount namespace of the script's own: nothing is left behind. */
const inMounts = (script: string, ...args: readonly string[]) =>
  ['unshare', '--mount', 'sh', '-ec', script, 'sh', ...args] as const;

function folderOf({ folder }: Kernel, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

describe('an approver lets pass', () => {
  test('a file by the name under which it is mounted', async ({ kernel }) => {
    const folder = folderOf(kernel, 'mounted');
    const [file, name] = [join(folder, 'other-name'), join(folder, 'wanted-name')];
    for (const path of [file, name]) writeFileSync(path, '');
    // Twice: mounts may lie on mounts.
    const script = 'mount --bind "$1" "$2"; mount --bind "$2" "$2"; cat "$2"';
    const { paths, stderr } = await passed(
      kernel,
      { record: 'open', name: 'wanted-name' },
      ...inMounts(script, file, name),
    );
    expect(stderr).toBe('');
    expect(paths).toContain(name);
  });

  test('a file whose directories are hidden below more mounts than are followed', async ({ kernel }) => {
    const folder = folderOf(kernel, 'stacked');
    writeFileSync(join(folder, 'file'), '');
    const script = 'for i in $(seq 70); do mount --bind "$1" "$1"; done; cat "$1/file"';
    const { paths, stderr } = await passed(kernel, { record: 'open', prefix: folder }, ...inMounts(script, folder));
    expect(stderr).toBe('');
    expect(paths).toContain('…/file');
  });

  test('a file deep in folders that have just been moved below the prefix', async ({ kernel }) => {
    const folder = folderOf(kernel, 'moved');
    const deep = 'd/'.repeat(30);
    const script = `mkdir -p "$1/from/${deep}"; : > "$1/from/${deep}f"; cat "$1/from/${deep}f"
      mv "$1/from" "$1/to"; cat "$1/to/${deep}f"`;
    const to = join(folder, 'to');
    const { paths, stderr } = await passed(kernel, { record: 'open', prefix: to }, 'sh', '-ec', script, 'sh', folder);
    expect(stderr).toBe('');
    expect(paths).toEqual([`${to}/${deep}f`]);
  });

  test('a write by its flags alone', async ({ kernel }) => {
    const file = join(folderOf(kernel, 'flags'), 'file');
    const { paths } = await passed(kernel, { record: 'open', flags: 0o3 }, 'sh', '-c', ': > "$0"; cat "$0"', file);
    expect(paths.filter((path) => path === file)).toEqual([file]);
  });

  test('a write whose flags are gone when openat2 returns, for they lay in the file that it truncated', async ({
    kernel,
  }) => {
    const folder = folderOf(kernel, 'truncated');
    const file = join(folder, 'file');
    const program = compile(
      folder,
      'truncate-flags',
      `#include <sys/syscall.h>
      int main(int count, char **arguments)
      {
        int fd = open(arguments[1], O_RDWR | O_CREAT, 0600);
        unsigned long *how;

        if (ftruncate(fd, 4096))
          return 1;
        how = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        how[0] = O_WRONLY | O_TRUNC;
        return syscall(SYS_openat2, AT_FDCWD, arguments[1], how, 24) < 0;
      }`,
    );
    const { paths } = await passed(kernel, { record: 'open', flags: 0o1 }, program, file);
    expect(paths.filter((path) => path === file)).toEqual([file]);
  });
});
