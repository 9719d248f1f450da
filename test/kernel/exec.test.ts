import { copyFileSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { eventsOf } from './observed-cgroup.ts';
import type { EventOf, Finished } from './observed-cgroup.ts';
import { test } from './kernel-test.ts';

/** Effective capabilities of this process, which its children inherit. */
function capabilities(): bigint {
  const [, mask = ''] = /^CapEff:\t(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return BigInt(`0x${mask}`);
}

/** As stat(2) packs major and minor, from the kernel's own packing (12 and 20 bits). */
function deviceNumber(device: number): number {
  const major = device >>> 20;
  const minor = device & 0xfffff;
  return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

describe('exec', () => {
  test('arguments, canonical executable, parent and identity', async ({ kernel }) => {
    const link = join(kernel.folder, 'linked-true');
    symlinkSync('/usr/bin/true', link);
    const before = Date.now();
    const { events } = await kernel.cgroup.run(link, 'a', '', 'b c', 'ä');
    const { ino, dev, mode, mtimeMs, ctimeMs } = statSync('/usr/bin/true');
    const [exec] = eventsOf(events, 'exec');
    expect(exec).toMatchObject({
      cgroupId: kernel.cgroup.id,
      purpose: 1,
      uid: 0,
      filename: link,
      argv: [link, 'a', '', 'b c', 'ä'],
      argsTruncated: false,
      namespaceInit: false,
      ppid: process.pid,
      file: { path: '/usr/bin/true', truncated: false, deleted: false, inode: ino, mode, uid: 0, gid: 0 },
      cwd: { path: process.cwd(), truncated: false },
      tty: '',
      credentials: { uid: 0, euid: 0, fsuid: 0, gid: 0, capEffective: capabilities(), capPermitted: capabilities() },
    });
    expect(exec).not.toHaveProperty('envp');
    expect(exec?.tid).toBe(exec?.process.pid);
    expect(exec?.file.modifiedAt).toBeCloseTo(mtimeMs, 3);
    expect(exec?.file.changedAt).toBeCloseTo(ctimeMs, 3);
    expect(deviceNumber(exec?.file.device ?? 0)).toBe(dev);
    expect(exec?.timestamp).toBeGreaterThan(before - 5);
    expect(exec?.timestamp).toBeLessThan(Date.now() + 5);
    expect(exec?.mountNamespace).toBeGreaterThan(0);
    const [exit] = eventsOf(events, 'exit');
    expect(exit?.process).toEqual(exec?.process);
  });

  test('a script: the interpreter runs, the script gave the name', async ({ kernel }) => {
    const script = join(kernel.folder, 'script');
    writeFileSync(script, '#!/bin/sh -e\nexit 0\n', { mode: 0o755 });
    const { events } = await kernel.cgroup.run(script, 'x');
    expect(eventsOf(events, 'exec')[0]).toMatchObject({
      file: { path: '/usr/bin/dash' },
      filename: script,
      argv: ['/bin/sh', '-e', script, 'x'],
    });
  });

  test('the first program of a pid namespace', async ({ kernel }) => {
    const { events } = await kernel.cgroup.run('/usr/bin/unshare', '--pid', '--fork', '/bin/sh', '-c', '/bin/true; :');
    const inits = eventsOf(events, 'exec').map(({ file, namespaceInit }) => [file.path, namespaceInit]);
    expect(inits).toEqual([
      ['/usr/bin/unshare', false],
      ['/usr/bin/dash', true],
      ['/usr/bin/true', false],
    ]);
  });

  test('arguments beyond 4 KB are cut, and counted', async ({ kernel }) => {
    const before = kernel.capture.lossesOf(kernel.cgroup.id).truncated;
    const { events } = await kernel.cgroup.run('/bin/true', 'x'.repeat(5000));
    const [exec] = eventsOf(events, 'exec');
    expect(exec?.argsTruncated).toBe(true);
    expect(exec?.argv[1]).toBe('x'.repeat(4096 - '/bin/true\0'.length));
    expect(kernel.capture.lossesOf(kernel.cgroup.id).truncated).toBe(before + 1);
  });

  test('argument bytes that are not text', async ({ kernel }) => {
    const { events } = await kernel.cgroup.sh(String.raw`exec /bin/true "$(printf 'a\377\033[1m')"`);
    expect(eventsOf(events, 'exec').at(-1)?.argv).toEqual(['/bin/true', String.raw`a\xff\x1b[1m`]);
  });

  test('a program in memory only', async ({ kernel }) => {
    const { events } = await kernel.cgroup.python(`
import os
fd = os.memfd_create('payload')
os.write(fd, open('/usr/bin/true', 'rb').read())
os.execve(fd, ['innocent'], {})`);
    expect(eventsOf(events, 'exec').at(-1)).toMatchObject({ file: { path: 'memfd:payload' }, argv: ['innocent'] });
  });

  test('a program that was deleted while it ran', async ({ kernel }) => {
    const copy = join(kernel.folder, 'vanishing');
    copyFileSync('/usr/bin/sleep', copy);
    const { events } = await kernel.cgroup.python(
      `
import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
os.unlink(sys.argv[1])
os.execve(fd, ['sleep', '0'], {})`,
      copy,
    );
    expect(eventsOf(events, 'exec').at(-1)?.file).toMatchObject({ path: copy, deleted: true });
  });

  test('the terminal, the working directory, and who runs it', async ({ kernel }) => {
    const { events } = await kernel.cgroup.run(
      '/usr/bin/script',
      '-qec',
      'cd /usr/lib; setpriv --reuid 12 true',
      '/dev/null',
    );
    const last = eventsOf(events, 'exec').at(-1);
    expect(last?.tty).toMatch(/^pts\d+$/);
    expect(last).toMatchObject({
      argv: ['true'],
      cwd: { path: '/usr/lib' },
      uid: 12,
      credentials: { uid: 12, euid: 12 },
    });
    expect(last?.credentials.capEffective).toBe(0n);
  });

  test('for rules: execs of every cgroup, with their environment, and none once they are not wanted', async ({
    kernel,
  }) => {
    kernel.capture.approve([{ record: 'exec' }]);
    const own = await kernel.cgroup.run('/usr/bin/env', '-i', 'A=1', 'B=x y', '/bin/true');
    const other = await kernel.outside.run('/usr/bin/env', '-i', 'C=3', '/bin/true');
    kernel.capture.approve([]);
    const execsOf = ({ events }: Finished, id: bigint): EventOf<'exec'>[] =>
      eventsOf(events, 'exec').filter(({ cgroupId }) => cgroupId === id);
    expect(execsOf(own, kernel.cgroup.id).at(-1)).toMatchObject({ purpose: 3, envp: ['A=1', 'B=x y'] });
    const [, last] = execsOf(other, kernel.outside.id);
    expect(last).toMatchObject({ purpose: 2, argv: ['/bin/true'], envp: ['C=3'] });
    const after = await kernel.outside.run('/bin/true');
    // Others may have been seen before the approver was gone.
    expect(execsOf(after, kernel.outside.id)).toEqual([]);
  });

  test('every exec of one process counts, none is deduplicated', async ({ kernel }) => {
    const { events } = await kernel.cgroup.sh('exec sh -c "exec sh -c \'exec true\'"');
    const execs = eventsOf(events, 'exec');
    expect(execs.map((each) => each.file.path)).toEqual([...Array<string>(3).fill('/usr/bin/dash'), '/usr/bin/true']);
    expect(new Set(execs.map((each) => each.process.pid)).size).toBe(1);
    const ids = execs.map((each) => each.process.execId);
    expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index));
    const again = await kernel.cgroup.run('/bin/true');
    expect(eventsOf(again.events, 'exec')).toHaveLength(1);
  });

  test('an exec from a thread belongs to the process', async ({ kernel }) => {
    const { events, stdout } = await kernel.cgroup.python(`
import os, threading
print(os.getpid(), flush=True)
threading.Thread(target=lambda: os.execv('/bin/true', ['true'])).start()`);
    expect(eventsOf(events, 'exec').at(-1)).toMatchObject({ argv: ['true'], process: { pid: Number(stdout) } });
  });
});

describe('fork and exit', () => {
  test('parents, children and wait status', async ({ kernel }) => {
    const { events, stdout } = await kernel.cgroup.python(`
import os, signal
def child(action):
    pid = os.fork()
    if pid == 0:
        action()
        os._exit(0)
    return pid, os.waitpid(pid, 0)[1]
print(os.getpid())
for action in (lambda: None, lambda: os._exit(7), lambda: os.kill(os.getpid(), signal.SIGKILL)):
    print(*child(action))`);
    const [parent = '', ...children] = stdout.trim().split('\n');
    const expected = children.map((line) => line.split(' ').map(Number));
    const forks = eventsOf(events, 'fork').filter((event) => event.process.pid === Number(parent));
    expect(forks.map((event) => event.child.pid)).toEqual(expected.map(([pid]) => pid));
    const statuses = new Map(eventsOf(events, 'exit').map((event) => [event.process.pid, event.status]));
    for (const [pid = 0, status] of expected) expect(statuses.get(pid)).toBe(status);
    expect(expected.map(([, status]) => status)).toEqual([0, 7 << 8, 9]);
  });

  test('threads are no processes, and the process ends with its last one', async ({ kernel }) => {
    const { events, stdout } = await kernel.cgroup.python(`
import os, threading
threads = [threading.Thread(target=lambda: None) for _ in range(5)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(os.getpid())`);
    const own = (event: { process: { pid: number } }): boolean => event.process.pid === Number(stdout);
    expect(eventsOf(events, 'fork').filter(own)).toEqual([]);
    expect(eventsOf(events, 'exit').filter(own)).toHaveLength(1);
  });

  test('a child in a pid namespace of its own has the number that the agent sees', async ({ kernel }) => {
    const { events } = await kernel.cgroup.run('unshare', '--pid', '--fork', '--kill-child', 'true');
    const [fork] = eventsOf(events, 'fork');
    const inner = eventsOf(events, 'exec').at(-1);
    expect(inner?.argv).toEqual(['true']);
    expect(inner?.process.pid).toBe(fork?.child.pid);
    expect(inner?.process.pid).toBeGreaterThan(1);
  });
});
