/** What events say of a file beside its path, against what the file system says. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import { eventsOf } from './observed-cgroup.ts';
import { test } from './kernel-test.ts';

const printed = z.array(
  z.object({
    path: z.string(),
    inode: z.number(),
    device: z.number(),
    mode: z.number(),
    uid: z.number(),
    gid: z.number(),
    mtime: z.number(),
    ctime: z.number(),
    mountId: z.number(),
    filesystem: z.string(),
  }),
);

/** Opens files in an overlay and outside of it, and prints what fstat() and /proc know of each at the end. */
const script = `
import json, os, subprocess, sys
os.chdir(sys.argv[1])
def mount(*arguments): subprocess.run(['mount', *arguments], check=True)
mount('-t', 'tmpfs', 'none', '.')
os.chdir(sys.argv[1])
for name in ('lower', 'upper', 'work', 'merged'): os.mkdir(name)
for name in ('read', 'written', 'changed'): open('lower/' + name, 'w').write('x')
mount('-t', 'overlay', 'none', '-o', 'lowerdir=lower,upperdir=upper,workdir=work', 'merged')
def made(path, flags):
    fd = os.open(path, flags, 0o640)
    if flags & os.O_ACCMODE: os.write(fd, b'y')
    os.close(fd)
    return os.open(path, os.O_RDONLY | os.O_APPEND)
os.chmod('merged/changed', 0o4711); os.chown('merged/changed', 7, 8)
files = [made('merged/read', os.O_RDONLY), made('merged/written', os.O_WRONLY), made('merged/new', os.O_CREAT | os.O_WRONLY),
         made('merged/changed', os.O_RDONLY), made('tmpfs', os.O_CREAT | os.O_WRONLY), made(sys.argv[2], os.O_CREAT | os.O_WRONLY)]
mounts = {}
for line in open('/proc/self/mountinfo'):
    fields = line.split()
    mounts[int(fields[0])] = fields[fields.index('-') + 1]
def known(fd):
    stat = os.fstat(fd)
    mount = int([line.split()[1] for line in open(f'/proc/self/fdinfo/{fd}') if line.startswith('mnt_id')][0])
    return dict(path=os.readlink(f'/proc/self/fd/{fd}'), inode=stat.st_ino, device=os.major(stat.st_dev) << 20 | os.minor(stat.st_dev),
                mode=stat.st_mode, uid=stat.st_uid, gid=stat.st_gid, mtime=stat.st_mtime_ns / 1e6, ctime=stat.st_ctime_ns / 1e6,
                mountId=mount, filesystem=mounts[mount])
print(json.dumps([known(fd) for fd in files]))`;

test('owner, mode, times, file system, mount and layer are those of the file', async ({ kernel }) => {
  const folder = join(kernel.folder, 'facts');
  mkdirSync(folder);
  const outside = join(kernel.folder, 'outside');
  const { events, stdout, stderr } = await kernel.cgroup.pythonUnder(['unshare', '--mount'], script, folder, outside);
  expect(stderr).toBe('');
  const files = printed.parse(JSON.parse(stdout));
  for (const { path, mtime, ctime, ...exact } of files) {
    // The last open of each: nothing was written since.
    const facts = eventsOf(events, 'open').findLast((event) => event.file.path === path)?.file.facts;
    expect({ path, ...facts }).toMatchObject({ path, ...exact });
    expect(facts?.modifiedAt).toBeCloseTo(mtime, 2);
    expect(facts?.changedAt).toBeCloseTo(ctime, 2);
  }
  const layers = files.map(({ path }) => {
    const opened = eventsOf(events, 'open').filter((event) => event.file.path === path);
    return opened.map((event) => event.file.facts?.inUpperLayer);
  });
  // Read: never. Written: copied up by the very open. New: from the start. Changed: copied up by the change before.
  expect(layers).toEqual([
    [false, false],
    [true, true],
    [true, true],
    [true, true],
    [false, false],
    [false, false],
  ]);
});
