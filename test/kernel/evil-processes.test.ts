/** Processes in numbers, programs without files, and execs that are not what they look like. */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { compile, suffer } from './hostile-container.ts';
import { test } from './kernel-test.ts';
import { eventsOf, PYTHON } from './observed-cgroup.ts';

const MiB = 1 << 20;

/** Every process forks until there are `argv[1]` of them in all; then they end, children before parents. */
const BOMB = `
int main(int argc, char **argv) {
  int limit = atoi(argv[1]);
  int *made = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  while (__sync_add_and_fetch(made, 1) <= limit) if (fork() < 0) return 1;
  while (wait(NULL) > 0);
  return 0;
}`;

/** As a user of its own with a limit of its own, should the program be wrong. */
function limited(folder: string): string[] {
  chmodSync(folder, 0o755);
  return ['setpriv', '--reuid=54321', '--clear-groups', 'prlimit', '--nproc=2500'];
}

describe('a fork bomb', () => {
  test('of 2,000 processes is one node; every fork and exit is seen, and memory is given back', async ({ kernel }) => {
    const bomb = compile(kernel.folder, 'bomb', BOMB);
    const { events, tree, snapshot, status } = await suffer(kernel, MiB, ...limited(kernel.folder), bomb, '2000');
    expect(status).toBe(0);
    const own = new Set(eventsOf(events, 'fork').map(({ child }) => child.pid));
    expect(own.size).toBe(2000);
    expect(eventsOf(events, 'exit').filter((event) => own.has(event.process.pid))).toHaveLength(2000);
    const node = snapshot.processes.find(({ executable }) => executable === bomb);
    expect(node?.maxInstances).toBeGreaterThan(2);
    expect(snapshot.losses.treeFull).toBe(0);
    expect(tree.bytes).toBeLessThan(16 * 1024);
  });

  test('without room for its processes: what they do is counted as lost, not attributed to others', async ({
    kernel,
  }) => {
    const bomb = compile(kernel.folder, 'small-bomb', BOMB);
    const maxBytes = 12 * 1024;
    const { tree, snapshot, status } = await suffer(kernel, maxBytes, ...limited(kernel.folder), bomb, '2000');
    expect(status).toBe(0);
    expect(tree.bytes).toBeLessThanOrEqual(maxBytes);
    expect(snapshot.processes.length).toBeGreaterThan(0);
    expect(snapshot.losses.treeFull).toBeGreaterThan(0);
  });
});

describe('a program', () => {
  test('that exists in memory alone, one that was deleted, and one that deletes itself', async ({ kernel }) => {
    const script = `
import os, sys
payload = open('/bin/true', 'rb').read()
def run(action):
    if os.fork() == 0:
        action()
    os.wait()
def memory():
    fd = os.memfd_create('\\x1b[2Jkworker')
    os.write(fd, payload)
    os.execve(fd, ['[kworker/0:1]'], {})
def deleted():
    path = sys.argv[1] + '/deleted'
    open(path, 'wb').write(payload); os.chmod(path, 0o755)
    fd = os.open(path, os.O_RDONLY); os.unlink(path)
    os.execve(fd, ['deleted'], {})
run(memory); run(deleted)`;
    const { events, snapshot } = await suffer(kernel, MiB, ...PYTHON, script, kernel.folder);
    const [memory, deleted] = eventsOf(events, 'exec').slice(-2);
    expect(memory?.file.path).toBe(String.raw`memfd:\x1b[2Jkworker`);
    expect(memory?.argv).toEqual(['[kworker/0:1]']);
    expect(deleted?.file).toMatchObject({ path: join(kernel.folder, 'deleted'), deleted: true });
    expect(snapshot.processes.map(({ executable }) => executable).slice(-2)).toEqual([
      memory?.file.path,
      deleted?.file.path,
    ]);
  });

  test('that cannot be executed leaves the process what it was', async ({ kernel }) => {
    const script = `
import os, sys
open(sys.argv[1], 'w').write('no program'); os.chmod(sys.argv[1], 0o755)
for path in ('/nowhere', '/etc/passwd', sys.argv[1], '/'):
    try: os.execv(path, ['disguise'])
    except OSError: pass
os.open('/etc/hostname', os.O_RDONLY)`;
    const { events, snapshot } = await suffer(kernel, MiB, ...PYTHON, script, join(kernel.folder, 'no-program'));
    expect(eventsOf(events, 'exec').filter((event) => event.argv[0] === 'disguise')).toEqual([]);
    expect(snapshot.processes).toHaveLength(1);
    expect(snapshot.losses.treeFull).toBe(0);
    expect(snapshot.files).toContainEqual(expect.objectContaining({ process: 0, path: '/etc/hostname' }));
  });

  test('that is executed by a thread takes the place of the process, and of nothing else', async ({ kernel }) => {
    const source = `
static void *execute(void *path) { execl("/bin/cat", "cat", path, NULL); return NULL; }
static void *rest(void *path) { pause(); return NULL; }
int main(int argc, char **argv) {
  pthread_t thread;
  for (int index = 0; index < 20; index++) pthread_create(&thread, NULL, rest, NULL);
  if (fork() == 0) { pthread_create(&thread, NULL, execute, "/etc/hostname"); pause(); }
  wait(NULL);
  pthread_create(&thread, NULL, execute, "/etc/passwd");
  pause();
}`;
    const program = compile(kernel.folder, 'threads', source);
    const { snapshot, status } = await suffer(kernel, MiB, program);
    expect(status).toBe(0);
    expect(
      snapshot.processes.map(({ executable, parent, maxInstances }) => [executable, parent, maxInstances]),
    ).toEqual([
      [program, -1, 2],
      ['/usr/bin/cat', 0, 1],
    ]);
    const read = snapshot.files.filter(({ process }) => process === 1).map(({ path }) => path);
    expect(read).toEqual(expect.arrayContaining(['/etc/hostname', '/etc/passwd']));
    expect(snapshot.losses.treeFull).toBe(0);
  });

  test('that executes itself under ever new names makes a chain that ends', async ({ kernel }) => {
    const script = `
n=\${0##*-}
[ "$n" -lt 200 ] || exit 0
ln -s link-0 "$(dirname "$0")/link-$((n + 1))" && exec "$(dirname "$0")/link-$((n + 1))"`;
    const { snapshot, events, status } = await suffer(
      kernel,
      MiB,
      '/bin/sh',
      '-c',
      `printf '#!/bin/sh%s\\n' "$1" > "$0/link-0"; chmod 755 "$0/link-0"; exec "$0/link-0"`,
      kernel.folder,
      script,
    );
    expect(status).toBe(0);
    expect(eventsOf(events, 'exec').length).toBeGreaterThan(400);
    expect(snapshot.processes.length).toBeLessThan(100);
    expect(snapshot.losses.truncated).toBeGreaterThan(0);
  });
});
