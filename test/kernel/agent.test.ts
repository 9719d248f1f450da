/** The whole agent on this kernel: from programs in a cgroup to what the operator receives. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { commandDigest } from '../../core/wire/command-digest.ts';
import { test } from './agent-process.ts';
import { ready, until } from './agent-waiting.ts';
import { PYTHON } from './observed-cgroup.ts';

/** A server with two workers that share its socket, and that opens a file for as long as it lives. */
const server = `
import os, socket, time
listening = socket.socket(); listening.bind(('127.0.0.1', 0)); listening.listen()
for _ in range(2):
    if os.fork() == 0: break
while True: open('/etc/hostname').read(); time.sleep(0.2)`;
const python = [...PYTHON, server] as const;

test('a container that ends before a slot comes still teaches its start', async ({ machine }) => {
  const { operator } = machine;
  machine.startAgent();
  await ready(machine);
  const container = machine.container().start('/bin/sh', '-c', 'cat /etc/passwd; exec /bin/sleep 0.3');
  await container.end();
  await until(() => expect(operator.last?.containers).toMatchObject([{ id: container.id, state: 'finished' }]));
  operator.grant([{ slotId: 's1', containerId: container.id, periodSeconds: 600 }]);
  await until(() => expect(operator.snapshots).toHaveLength(1));
  const [snapshot] = operator.snapshots;
  expect(snapshot).toMatchObject({ slotId: 's1', ended: true, startSeen: true });
  expect(
    snapshot?.processes.map(({ parent, executable, inline, actors }) => [parent, executable, inline, ...actors]),
  ).toEqual([
    [-1, '/usr/bin/dash', true, 'entrypoint'],
    [0, '/usr/bin/cat', undefined, 'entrypoint'],
    [0, '/usr/bin/sleep', undefined, 'entrypoint'],
  ]);
  expect(snapshot?.files).toContainEqual(
    expect.objectContaining({ process: 1, path: '/etc/passwd', access: ['read'] }),
  );
});

test('the first program of each of 50 containers is seen', async ({ machine }) => {
  machine.startAgent();
  await ready(machine);
  const containers = Array.from({ length: 50 }, () => machine.container().start('/bin/true'));
  await Promise.all(containers.map((container) => container.end()));
  await until(() => {
    expect(machine.operator.last?.counters['container_starts_total{seen="true"}']).toBe(50);
  });
});

test('probes and people at a terminal are told from other commands that the runtime injects', async ({ machine }) => {
  const { operator } = machine;
  const probe = ['/bin/cat', '/etc/hostname'];
  operator.probes = [{ podUid: machine.podUid, container: 'any', digests: [commandDigest(probe)] }];
  machine.startAgent();
  await ready(machine);
  const container = machine.container().start('/bin/sleep', '600');
  operator.grant([{ slotId: 's1', containerId: container.id, periodSeconds: 600 }]);
  await until(() => {
    expect(operator.last?.containers).toMatchObject([{ state: 'profiling' }]);
    expect(operator.last?.counters['container_starts_total{seen="true"}']).toBe(1);
  });
  await container.inject(probe);
  await container.inject(['/bin/cat', '/etc/passwd']);
  await container.inject(['/usr/bin/head', '/etc/hostname'], { terminal: true });
  await container.end('SIGKILL');
  await until(() => expect(operator.snapshots).toHaveLength(1));
  const { processes = [], files = [] } = operator.snapshots[0] ?? {};
  expect(processes.map(({ executable, actors }) => [executable, ...actors])).toEqual([
    ['/usr/bin/sleep', 'entrypoint'],
    ['/usr/bin/cat', 'exec', 'probe'],
    ['/usr/bin/head', 'interactive'],
  ]);
  const read = files.filter(({ path }) => path === '/etc/hostname' || path === '/etc/passwd');
  expect(read.map(({ path, actors }) => [path, ...actors])).toEqual([
    ['/etc/hostname', 'probe'],
    ['/etc/passwd', 'exec'],
    ['/etc/hostname', 'interactive'],
  ]);
});

test('a file has all actors that opened it by the same program, whoever was first', async ({ machine }) => {
  const { operator, folder } = machine;
  const [probed, begun] = [join(folder, 'probed'), join(folder, 'begun')];
  for (const path of [probed, begun]) writeFileSync(path, '');
  const probes = [probed, begun].map((path) => ['/bin/cat', path]);
  operator.probes = [{ podUid: machine.podUid, container: 'any', digests: probes.map(commandDigest) }];
  machine.startAgent();
  await ready(machine);
  const container = machine.container();
  const shell = container.launch(['/bin/sh', '-c', 'while read file; do cat "$file"; echo; done'], 'pipe');
  const read = async (path: string): Promise<void> => {
    const done = shell.stdout && once(shell.stdout, 'data');
    shell.stdin?.write(`${path}\n`);
    await done;
  };
  operator.grant([{ slotId: 's1', containerId: container.id, periodSeconds: 600 }]);
  await until(() => expect(operator.last?.containers).toMatchObject([{ state: 'profiling' }]));
  await container.inject(['/bin/cat', probed]);
  await read(probed);
  await read(begun);
  await container.inject(['/bin/cat', begun]);
  await container.end('SIGKILL');
  await until(() => expect(operator.snapshots).toHaveLength(1));
  const { files = [] } = operator.snapshots[0] ?? {};
  const actorsOf = (wanted: string) => files.filter(({ path }) => path === wanted).flatMap(({ actors }) => actors);
  expect(actorsOf(probed).toSorted()).toEqual(['entrypoint', 'probe']);
  expect(actorsOf(begun).toSorted()).toEqual(['entrypoint', 'probe']);
});

test('a period that a crash cuts short is reported as lost, once; the container goes on as one met late', async ({
  machine,
}) => {
  const { operator } = machine;
  const first = machine.startAgent();
  await ready(machine);
  const startedAt = Date.now();
  const container = machine.container().start(...python);
  operator.grant([{ slotId: 's1', containerId: container.id, periodSeconds: 600 }]);
  await until(() => expect(operator.last?.containers).toMatchObject([{ state: 'profiling', slotId: 's1' }]));
  const instance = operator.last?.instance;
  const killedAt = Date.now();
  first.kill('SIGKILL');
  await once(first, 'exit');
  operator.grant([{ slotId: 's2', containerId: container.id, periodSeconds: 2 }]);
  machine.startAgent();
  await ready(machine, instance);
  const readyAt = Date.now();
  await until(() => expect(operator.snapshots).toHaveLength(1));
  // The mark of the first agent is from its first turn, and the container younger than that; starts are told to 10 ms.
  const { gaps = [] } = operator.snapshots[0] ?? {};
  const times = gaps.flatMap(({ from, to }) => [startedAt - 20, from, killedAt, to, readyAt]);
  expect(gaps).toMatchObject([{ reason: 'agent-restarted' }]);
  expect(times.toSorted((a, b) => a - b)).toEqual(times);
  expect(operator.last?.counters).toMatchObject({ gaps_total: 1, late_attaches_total: 1 });

  const lost = () =>
    operator.reports.filter((report) => report.instance !== instance).map(({ lostPeriods }) => lostPeriods.length);
  await until(() => expect(lost().slice(0, 2)).toEqual([1, 0]));
  expect(operator.snapshots[0]).toMatchObject({
    slotId: 's2',
    startSeen: false,
    ended: false,
    processes: [{ inline: true, maxInstances: 3, actors: ['unknown'] }],
    network: [{ direction: 'listen', address: '127.0.0.1' }],
  });
  expect(operator.snapshots[0]?.processes[0]?.executable).toMatch(/^\/usr\/bin\/python3/);
  expect(operator.snapshots[0]?.files.map(({ path }) => path)).toContain('/etc/hostname');
  await container.end('SIGKILL');
});

test('an agent that is told to end keeps what it has seen for the next one', async ({ machine }) => {
  const { operator } = machine;
  const first = machine.startAgent();
  await ready(machine);
  const container = machine.container().start(...python);
  operator.grant([{ slotId: 's1', containerId: container.id, periodSeconds: 600 }]);
  await until(() => expect(operator.last?.containers).toMatchObject([{ state: 'profiling' }]));
  operator.away = true;
  first.kill('SIGTERM');
  expect(await once(first, 'exit')).toEqual([0, null]);
  expect(operator.snapshots).toEqual([]);
  operator.away = false;
  machine.startAgent();
  await until(() => expect(operator.snapshots).toMatchObject([{ slotId: 's1', ended: false, startSeen: true }]));
  await until(() => expect(operator.last?.lostPeriods).toEqual([]));
  await container.end('SIGKILL');
});
