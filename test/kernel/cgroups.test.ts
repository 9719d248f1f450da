import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { OpenedCapture } from '../../agent/kernel/open-capture.ts';
import { drainAll, eventsOf, makeCgroup, removeCgroup } from './observed-cgroup.ts';
import { test } from './kernel-test.ts';

const idOf = (path: string): bigint => statSync(path, { bigint: true }).ino;
/** Path below the mount point. */
const pathIn = (capture: OpenedCapture, path: string): string => path.slice(capture.hierarchy.mountPoint.length);

describe('observing', () => {
  test('nothing of other cgroups is reported', async ({ kernel }) => {
    const { events, status } = await kernel.outside.run('/bin/cat', '/etc/hostname');
    expect(status).toBe(0);
    expect(events).toEqual([]);
  });

  test('a cgroup made below an observed one belongs to it, in any depth', async ({ kernel }) => {
    const inner = kernel.cgroup.child('inner').child('innermost');
    const { events } = await inner.run('/bin/true');
    expect(eventsOf(events, 'exec')).toMatchObject([{ cgroupId: kernel.cgroup.id }]);
    expect(eventsOf(events, 'cgroup_mkdir')).toEqual([]);
  });

  test('unless it is observed for itself', async ({ kernel }) => {
    const own = kernel.cgroup.child('own');
    kernel.capture.observe(own.id);
    const { events } = await own.run('/bin/true');
    expect(eventsOf(events, 'exec')).toMatchObject([{ cgroupId: own.id }]);
    kernel.capture.ignore(own.id);
    expect((await own.run('/bin/true')).events).toEqual([]);
    const outer = await kernel.cgroup.run('/bin/true');
    expect(eventsOf(outer.events, 'exec')).toMatchObject([{ cgroupId: kernel.cgroup.id }]);
  });

  test('covers what was made below it before, if that is included, and gives it up with the rest', async ({
    kernel,
  }) => {
    const { capture } = kernel;
    const container = makeCgroup(capture);
    const early = container.child('early');
    expect(capture.include(container.id, [early.id])).toBe(1);
    capture.observe(container.id);
    expect((await early.run('/bin/true')).events).toEqual([]);
    expect(capture.include(container.id, [early.id])).toBe(0);
    const { events } = await early.run('/bin/true');
    expect(eventsOf(events, 'exec')).toMatchObject([{ cgroupId: container.id }]);
    const inner = early.child('inner');
    expect(eventsOf((await inner.run('/bin/true')).events, 'exec')).toHaveLength(1);
    capture.ignore(container.id);
    expect((await early.run('/bin/true')).events).toEqual([]);
    await container.remove();
  });

  test('ends with ignore, for nested cgroups too, also when another takes the slot', async ({ kernel }) => {
    const { capture } = kernel;
    const first = makeCgroup(capture);
    const second = makeCgroup(capture);
    capture.observe(first.id);
    const nested = first.child('nested');
    capture.ignore(first.id);
    capture.ignore(first.id);
    capture.observe(second.id);
    expect((await nested.run('/bin/true')).events).toEqual([]);
    expect((await first.run('/bin/true')).events).toEqual([]);
    expect(eventsOf((await second.run('/bin/true')).events, 'exec')).toMatchObject([{ cgroupId: second.id }]);
    capture.ignore(second.id);
    await Promise.all([first.remove(), second.remove()]);
  });

  test('has a limit that says so, and gives places back', async ({ kernel }) => {
    const capture = await kernel.open({});
    const many = Array.from({ length: 4095 }, (_, index) => (1n << 60n) + BigInt(index));
    for (const id of many) capture.observe(id);
    expect(() => capture.observe(1n << 61n)).toThrow(/4095 slots are taken/);

    // What the kernel itself cannot mark is counted and still announced.
    const parent = makeCgroup(capture);
    capture.watchChildren(parent.id);
    const child = parent.child('unmarked');
    expect(drainAll(capture)).toMatchObject([{ type: 'cgroup_mkdir', cgroupId: child.id }]);
    expect(capture.counters().mapFull).toBe(1);

    capture.ignore(many[0] ?? 0n);
    capture.observe(child.id);
    expect(eventsOf((await child.run('/bin/true')).events, 'exec')).toHaveLength(1);
    await parent.remove();
  });
});

describe('learning', () => {
  const read = ['/bin/cat', '/etc/hostname'] as const;

  test('reports a file once per executable, until a new epoch', async ({ kernel }) => {
    const { capture, cgroup } = kernel;
    const opened = async (...command: readonly [string, ...string[]]): Promise<number> =>
      eventsOf((await cgroup.run(...command)).events, 'open').filter((each) => each.file.path === '/etc/hostname')
        .length;
    expect(await opened(...read)).toBe(1);
    expect(await opened(...read)).toBe(0);
    expect(await opened('/usr/bin/head', '/etc/hostname')).toBe(1);
    capture.newEpoch(cgroup.id);
    expect(await opened(...read)).toBe(1);
    expect(await opened(...read)).toBe(0);
  });

  test('of one container says nothing about another', async ({ kernel }) => {
    const other = makeCgroup(kernel.capture);
    kernel.capture.observe(other.id);
    await kernel.cgroup.run(...read);
    const { events } = await other.run(...read);
    expect(eventsOf(events, 'open').map((each) => each.file.path)).toContain('/etc/hostname');
    kernel.capture.ignore(other.id);
    await other.remove();
  });

  test('of an executable of the same name elsewhere is separate', async ({ kernel: { cgroup, folder } }) => {
    execFileSync('cp', ['/bin/cat', join(folder, 'cat')]);
    await cgroup.run(...read);
    const { events } = await cgroup.run(join(folder, 'cat'), '/etc/hostname');
    expect(eventsOf(events, 'open').map((each) => each.file.path)).toContain('/etc/hostname');
  });
});

describe('watching', () => {
  test('sees the first exec of every new cgroup, however short it lives', async ({ kernel }) => {
    const { capture } = kernel;
    const parent = makeCgroup(capture);
    capture.watchChildren(parent.id);
    const script = `
import os, sys
for i in range(100):
    path = f'{sys.argv[1]}/c{i}'
    os.mkdir(path)
    pid = os.fork()
    if pid == 0:
        open(path + '/cgroup.procs', 'w').write('0')
        os.execv('/bin/true', ['true', str(i)])
    os.waitpid(pid, 0)`;
    const { stderr, events } = await kernel.outside.python(script, parent.path);
    expect(stderr).toBe('');
    const made = eventsOf(events, 'cgroup_mkdir');
    expect(made.map((event) => [event.parentCgroupId, event.path])).toEqual(
      Array.from({ length: 100 }, (_, index) => [parent.id, `${pathIn(capture, parent.path)}/c${index}`]),
    );
    const execs = eventsOf(events, 'exec');
    expect(execs.map((event) => event.argv[1])).toEqual(Array.from({ length: 100 }, (_, index) => `${index}`));
    expect(execs.map((event) => event.cgroupId)).toEqual(made.map((event) => event.cgroupId));
    // The exec comes after the announcement: user space can always tell whose it is.
    for (const { cgroupId } of made) {
      const own = events.filter((event) => event.cgroupId === cgroupId).map((event) => event.type);
      expect(own.indexOf('cgroup_mkdir')).toBe(0);
    }

    for (const { path } of made) {
      await removeCgroup(join(capture.hierarchy.mountPoint, path));
    }
    const removed = eventsOf(drainAll(capture), 'cgroup_rmdir');
    expect(removed.map((event) => event.cgroupId)).toEqual(made.map((event) => event.cgroupId));
    capture.unwatchChildren(parent.id);
    await parent.remove();
  });

  test('reaches as many levels down as asked', async ({ kernel }) => {
    const { capture } = kernel;
    const root = makeCgroup(capture);
    capture.watchChildren(root.id, 3);
    const pod = root.child('burstable').child('pod');
    const container = pod.child('container');
    const nested = container.child('nested');
    const events = drainAll(capture);
    expect(eventsOf(events, 'cgroup_mkdir').map((event) => event.path)).toEqual(
      ['/burstable', '/burstable/pod', '/burstable/pod/container'].map((path) => pathIn(capture, root.path) + path),
    );
    expect(eventsOf((await nested.run('/bin/true')).events, 'exec')).toMatchObject([{ cgroupId: container.id }]);
    expect(eventsOf((await pod.run('/bin/true')).events, 'exec')).toMatchObject([{ cgroupId: pod.id }]);
    await root.remove();
    expect(eventsOf(drainAll(capture), 'cgroup_rmdir')).toHaveLength(3);
  });

  test('ends with unwatch', ({ kernel }) => {
    const { capture } = kernel;
    const path = join(kernel.outside.path, 'later');
    capture.watchChildren(kernel.outside.id);
    capture.unwatchChildren(kernel.outside.id);
    mkdirSync(path);
    rmdirSync(path);
    expect(drainAll(capture)).toEqual([]);
  });

  test('losses and epochs of a cgroup can be asked for after it is gone', async ({ kernel }) => {
    const { capture } = kernel;
    const parent = makeCgroup(capture);
    capture.watchChildren(parent.id);
    const child = parent.child('short');
    const id = idOf(child.path);
    await child.run('/bin/true', 'x'.repeat(5000));
    await parent.remove();
    drainAll(capture);
    expect(capture.lossesOf(id)).toEqual({ ringDrops: 0, mapFull: 0, truncated: 1 });
    capture.ignore(id);
    expect(capture.lossesOf(id).truncated).toBe(1);
  });
});

/** The v2 hierarchy of this machine, be it the only one or beside v1. */
const unified = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) =>
  existsSync(join(path, 'cgroup.controllers')),
);

describe.skipIf(unified === undefined)('the unified hierarchy', () => {
  test('names and marks cgroups as the others do', async ({ kernel }) => {
    const capture = await kernel.open({ cgroupRoot: unified ?? '' });
    expect(capture.hierarchy).toEqual({ source: 'unified', id: 0, mountPoint: unified });
    const parent = makeCgroup(capture);
    capture.watchChildren(parent.id);
    const child = parent.child('pod');
    const { events } = await child.run('/bin/true');
    expect(eventsOf(events, 'cgroup_mkdir')).toMatchObject([{ cgroupId: child.id, parentCgroupId: parent.id }]);
    expect(eventsOf(events, 'exec')).toMatchObject([{ cgroupId: child.id, file: { path: '/usr/bin/true' } }]);
    await parent.remove();
  });
});
