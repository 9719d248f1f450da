/**
 * What is done in the virtual machine, and what has to be reported of it. The guest runs `observe` and sends what it
 * returns; the test outside compares.
 */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KernelEvent, Purpose } from '../../../core/event/event.ts';
import type { SocketAddress } from '../../../core/event/network-events.ts';
import { losses } from './losses.ts';
import { drainAll, eventsOf } from '../../kernel/observed-cgroup.ts';
import type { Guest } from './guest.ts';

export interface Scenario {
  readonly name: string;
  /** JSON. */
  readonly observe: (guest: Guest) => Promise<unknown>;
  readonly expected: (variant: string) => unknown;
}

const workload = '/bin/workload';

/** Runs the workload in a cgroup of its own and gives what was reported for that one. */
async function reported(guest: Guest, name: string, ...args: readonly string[]): Promise<KernelEvent[]> {
  const cgroup = guest.cgroup(name);
  await cgroup.run(name, ...args);
  await cgroup.remove();
  return drainAll(guest.capture).filter((event) => event.cgroupId === cgroup.id);
}

const STARTS = 20;

const starts: Scenario = {
  name: 'the first exec of every new container',
  observe: async (guest) => {
    for (let at = 0; at < STARTS; at++) await guest.cgroup(`start${at}`).run('nothing', `${at}`);
    const events = drainAll(guest.capture);
    const made = eventsOf(events, 'cgroup_mkdir');
    return {
      paths: made.map((event) => event.path),
      execs: eventsOf(events, 'exec').map((event) => [
        made.findIndex((each) => each.cgroupId === event.cgroupId),
        event.file.path,
        ...event.argv,
      ]),
    };
  },
  expected: () => ({
    paths: Array.from({ length: STARTS }, (_, at) => `/parent/start${at}`),
    execs: Array.from({ length: STARTS }, (_, at) => [at, workload, workload, 'nothing', `${at}`]),
  }),
};

/** Flags that tell behaviours apart: access, O_CREAT, O_TRUNC, O_APPEND; the kernel adds others of its own. */
const FLAGS = 0o3103;

/** What the workload's opens find. */
function filledFolder(guest: Guest): string {
  const folder = guest.folder();
  // Uid 1000 is refused the file, not the way to it.
  chmodSync(folder, 0o755);
  for (const name of ['present', 'present-too', 'target', 'forbidden']) {
    writeFileSync(join(folder, name), 'x', { mode: 0o600 });
  }
  mkdirSync(join(folder, 'folder'));
  symlinkSync('target', join(folder, 'link'));
  return folder;
}

const opens: Scenario = {
  name: 'opens: read, append, create, symlink, openat2, refused',
  observe: async (guest) => {
    const folder = filledFolder(guest);
    return eventsOf(await reported(guest, 'open', folder), 'open').map((event) => [
      event.file.path.replace(`${folder}/`, ''),
      (event.flags & FLAGS).toString(8),
      event.created,
      event.retval,
      event.uid,
    ]);
  },
  expected: () => [
    ['present', '0', false, 0, 0],
    ['present', '2001', false, 0, 0],
    ['made', '102', true, 0, 0],
    ['target', '0', false, 0, 0],
    ['present-too', '0', false, 0, 0],
    ['forbidden', '0', false, -13, 1000],
  ],
};

/** Ports that the kernel chose are not the same twice. */
const endpoint = (address: SocketAddress | undefined): string | undefined =>
  address && `${address.ip} ${address.port >= 32768 ? 'any' : address.port}`;

const sockets: Scenario = {
  name: 'sockets: bind, listen, connect, accept, refused',
  observe: async (guest) =>
    eventsOf(await reported(guest, 'sockets'), 'bind', 'listen', 'connect', 'accept').map((event) => [
      event.type,
      event.protocol,
      endpoint(event.local),
      endpoint(event.remote),
      event.retval,
    ]),
  expected: () => [
    ['bind', 'tcp', '0.0.0.0 8080', null, 0],
    ['listen', 'tcp', '0.0.0.0 8080', null, 0],
    ['connect', 'tcp', '127.0.0.1 any', '127.0.0.1 8080', 0],
    ['accept', 'tcp', '127.0.0.1 8080', '127.0.0.1 any', 0],
    ['connect', 'tcp', ':: 0', '::1 81', -111],
  ],
};

const dns: Scenario = {
  name: 'DNS: a question over UDP',
  observe: async (guest) =>
    eventsOf(await reported(guest, 'dns'), 'dns').map((event) => [
      event.direction,
      endpoint(event.server),
      ...event.questions.map(({ name, type }) => `${name} ${type}`),
    ]),
  // Learning has no use for the answer; the next scenario asks for it.
  expected: () => [['query', '127.0.0.1 53', 'name.example A']],
};

const O_CREAT = 0o100;

const rules: Scenario = {
  name: 'rules: by base name, by prefix and flags, by type',
  observe: async (guest) => {
    const folder = filledFolder(guest);
    guest.capture.approve([
      { record: 'open', name: 'Target' },
      { record: 'open', prefix: folder, flags: O_CREAT },
      { record: 'dnsResponse' },
    ]);
    const events = [...(await reported(guest, 'open', folder)), ...(await reported(guest, 'dns'))];
    guest.capture.approve([]);
    return eventsOf(events, 'open', 'dns')
      .filter((event) => event.purpose & Purpose.rules)
      .map((event) => [
        event.type === 'open' ? event.file.path.replace(`${folder}/`, '') : event.direction,
        event.approver,
      ]);
  },
  // A refused open is known by what the program asked for alone, which no prefix can rule out.
  expected: () => [
    ['made', 2],
    ['target', 1],
    ['forbidden', 0],
    ['response', 3],
  ],
};

const processes: Scenario = {
  name: 'processes: fork, vfork and exec, exit by code and by signal',
  observe: async (guest) => {
    const events = await reported(guest, 'processes');
    const forks = eventsOf(events, 'fork');
    return {
      order: eventsOf(events, 'fork', 'exec', 'exit').map((event) => event.type),
      execs: eventsOf(events, 'exec').map((event) => event.argv),
      statuses: eventsOf(events, 'exit').map((event) => event.status),
      children: eventsOf(events, 'exit')
        .slice(0, -1)
        .map((event) => forks.findIndex(({ child }) => child.pid === event.process.pid)),
    };
  },
  expected: () => ({
    order: ['exec', 'fork', 'exit', 'fork', 'exit', 'fork', 'exec', 'exit', 'exit'],
    execs: [
      [workload, 'processes'],
      ['again', 'nothing'],
    ],
    statuses: [3 << 8, 9, 0, 0],
    children: [0, 1, 2],
  }),
};

const cgroups: Scenario = {
  name: 'cgroups: made, nested, removed, in one hierarchy of several',
  observe: async (guest) => {
    const outer = guest.cgroup('outer');
    const inner = guest.cgroup('outer/inner');
    await inner.run('nothing');
    await inner.remove();
    await outer.remove();
    const events = drainAll(guest.capture);
    const isOuter = (event: KernelEvent): boolean => event.cgroupId === outer.id;
    return eventsOf(events, 'cgroup_mkdir', 'exec', 'cgroup_rmdir').map((event) => [event.type, isOuter(event)]);
  },
  expected: () => [
    ['cgroup_mkdir', true],
    ['exec', true],
    ['cgroup_rmdir', true],
  ],
};

const uring: Scenario = {
  name: 'an open by io_uring',
  observe: async (guest) => {
    const folder = guest.folder();
    writeFileSync(join(folder, 'by-ring'), 'x');
    const events = await reported(guest, 'uring', join(folder, 'by-ring'));
    return eventsOf(events, 'open').map((event) => event.file.path.replace(`${folder}/`, ''));
  },
  // Submitted through shared memory: no open returns through the table of system calls.
  expected: (variant) => (variant === 'lsm' ? ['by-ring'] : []),
};

export const scenarios: readonly Scenario[] = [
  starts,
  opens,
  sockets,
  dns,
  rules,
  processes,
  cgroups,
  uring,
  ...losses,
];
