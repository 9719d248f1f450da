/** Which containers the agent follows, whatever pod they are in, however they are made and whatever they make. */
import { expect } from 'vitest';
import { test } from './agent-process.ts';
import { ready, until } from './agent-waiting.ts';
import { PYTHON } from './observed-cgroup.ts';

const short = ['/bin/sh', '-c', 'cat /etc/hostname; true'] as const;

test('a container starts: in pods of every class, again, beside another, in namespaces of its own or of the host', async ({
  machine,
}) => {
  const { operator } = machine;
  machine.startAgent();
  await ready(machine);
  const burstable = machine.pod('burstable');
  const beside = machine.container(burstable).start('/bin/sleep', '600');
  const containers = [
    machine.container(machine.pod('')),
    machine.container(machine.pod('besteffort')),
    machine.container(burstable),
    machine.container(burstable),
  ];
  const own = machine.container(burstable);
  own.namespaces = ['--mount', '--pid', '--fork', '--net', '--uts', '--ipc'];
  for (const container of [...containers, own]) await container.start(...short).end();
  const started = [...containers, own].map(({ id }) => id);
  await until(() => {
    const finished = operator.last?.containers.filter(({ state }) => state === 'finished').map(({ id }) => id) ?? [];
    expect(started.map((id) => finished.includes(id))).toEqual(started.map(() => true));
    expect(operator.last?.counters['container_starts_total{seen="true"}']).toBe(started.length + 1);
  });
  operator.grant(started.map((containerId, index) => ({ slotId: `s${index}`, containerId, periodSeconds: 600 })));
  await until(() => expect(operator.snapshots).toHaveLength(started.length));
  const expected = {
    startSeen: true,
    ended: true,
    processes: [
      { parent: -1, executable: '/usr/bin/dash', actors: ['entrypoint'], phases: ['start'] },
      { parent: 0, executable: '/usr/bin/cat', actors: ['entrypoint'] },
    ],
    losses: { ringDrops: 0, mapFull: 0, truncated: 0, treeFull: 0 },
  };
  expect(operator.snapshots).toMatchObject(started.map(() => expected));
  for (const { files } of operator.snapshots) {
    expect(files).toContainEqual(expect.objectContaining({ process: 1, path: '/etc/hostname' }));
  }
  await beside.end('SIGKILL');
});

/** Goes into a cgroup that it makes below its own and reads a file again and again. */
const nesting = `
import os, sys, time
inner = sys.argv[1] + '/inner'
os.mkdir(inner)
open(inner + '/cgroup.procs', 'w').write('0')
while True:
    open('/etc/hostname').read()
    time.sleep(0.1)`;

test('what a container does in cgroups that it made counts, also when it had made them before the agent came', async ({
  machine,
}) => {
  const { operator } = machine;
  const run = (container: ReturnType<typeof machine.container>): typeof container =>
    container.start(...PYTHON, nesting, container.path);
  const early = run(machine.container());
  await early.made('inner');
  machine.startAgent();
  await ready(machine);
  const late = run(machine.container());
  await late.made('inner');
  operator.grant([early, late].map(({ id }) => ({ slotId: id.slice(0, 8), containerId: id, periodSeconds: 3 })));
  await until(() => expect(operator.snapshots).toHaveLength(2));
  const seen = operator.snapshots.map(({ container, startSeen, files }) => [
    container.id,
    startSeen,
    files.filter(({ path }) => path === '/etc/hostname').length,
  ]);
  expect(Object.fromEntries(seen.map(([id, ...rest]) => [id, rest]))).toEqual({
    [early.id]: [false, 1],
    [late.id]: [true, 1],
  });
  await Promise.all([early, late].map((container) => container.end('SIGKILL')));
});
