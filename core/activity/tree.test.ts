import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BehaviourEvent } from '../event/event.ts';
import type { BaselineProcess } from './baseline.ts';
import { noLosses, snapshotSchema, type Snapshot } from './snapshot.ts';
import { hostMountNamespace, Recording } from './testing/recording.ts';
import { ActivityTree, profilingBytes, type TreeOptions } from './tree.ts';

const options: TreeOptions = {
  hostMountNamespace,
  startSeen: true,
  startPhaseSeconds: 180,
  maxBytes: profilingBytes,
  injectedBy: ({ argv, tty }) => (tty !== '' ? 'interactive' : argv[0] === 'probe' ? 'probe' : 'exec'),
};
const container = { id: 'ab'.repeat(32), name: 'c', podUid: 'u', podName: 'p', podNamespace: 'n' };

function build(events: readonly BehaviourEvent[], changed: Partial<TreeOptions> = {}): ActivityTree {
  const tree = new ActivityTree({ ...options, ...changed });
  for (const event of events) tree.apply(event);
  return tree;
}

/** Every snapshot of these tests must pass the schema that the operator reads it with. */
function snapshot(tree: ActivityTree, to = 1_900_000_000_000): Snapshot {
  const header = { slotId: 's', container, from: 1, to, ended: false, gaps: [], blindSpots: [], losses: noLosses() };
  return snapshotSchema.parse(tree.snapshot({ ...header, kindsCollected: ['process', 'file', 'dns', 'network'] }));
}

/** `entrypoint.sh > nginx ×3`, one line per node. */
function lineages({ processes }: Snapshot): string[] {
  const name = (at: number): string => {
    const node = processes[at];
    if (node === undefined) return '';
    const own = `${node.applet ?? node.script ?? node.executable}${node.inline === true ? ' -c' : ''}`;
    return node.parent < 0 ? own : `${name(node.parent)} > ${own}`;
  };
  return processes.map((node, at) => `${name(at)} ×${node.maxInstances} ${node.actors.join()}`);
}

const runtime = new Recording()
  .open(50, '/proc/50/status')
  .exec(50, '/usr/sbin/runc', { argv: ['runc', 'init'], mountNamespace: hostMountNamespace })
  .fork(50, 51)
  .fork(51, 100)
  .open(100, '/etc/passwd')
  .exit(51)
  .exit(50);

/** A recording that goes on where the runtime has set up process 100. */
function started(): Recording {
  const recording = new Recording(77n, runtime.now);
  recording.events.push(...runtime.events);
  return recording;
}

const nginx = started()
  .exec(100, '/usr/bin/dash', {
    filename: '/docker-entrypoint.sh',
    argv: ['/bin/sh', '/docker-entrypoint.sh', 'nginx'],
  })
  .open(100, '/docker-entrypoint.sh')
  .fork(100, 101)
  .exec(101, '/usr/bin/find', { ppid: 100 })
  .exit(101)
  .exec(100, '/usr/sbin/nginx', { argv: ['nginx', '-g', 'daemon off;'] })
  .open(100, '/etc/nginx/nginx.conf')
  .open(100, '/var/log/nginx/access.log', { flags: 0o2101, created: true })
  .socket(100, 'bind', '0.0.0.0:80')
  .socket(100, 'listen', '0.0.0.0:80')
  .fork(100, 102)
  .fork(100, 103)
  .wait(300)
  .socket(102, 'accept', '10.244.0.5:80', { remote: { family: 'ipv4', ip: '10.244.0.9', port: 51_000 } })
  .open(102, '/usr/share/nginx/html/index.html')
  .socket(103, 'accept', '10.244.0.5:80', { remote: { family: 'ipv4', ip: '10.244.0.9', port: 51_001 } });

describe('lineage', () => {
  it('makes one node of a master and its workers, below the script that execs it in the same process', () => {
    const seen = snapshot(build(nginx.events));
    expect(lineages(seen)).toEqual([
      '/docker-entrypoint.sh ×2 entrypoint',
      '/docker-entrypoint.sh > /usr/bin/find ×1 entrypoint',
      '/docker-entrypoint.sh > /usr/sbin/nginx ×3 entrypoint',
    ]);
    expect([seen.startSeen, seen.events]).toEqual([true, nginx.events.length]);
    expect(seen.network.map(({ direction, port, process, phases }) => [direction, port, process, phases])).toEqual([
      ['bind', 80, 2, ['start', 'run']],
      ['listen', 80, 2, ['start', 'run']],
      ['accept', 80, 2, ['run']],
    ]);
    expect(
      seen.files.map(({ path, process, access, phases }) => [process, path, access.join(), phases.join()]),
    ).toEqual([
      [0, '/docker-entrypoint.sh', 'read', 'start'],
      [2, '/etc/nginx/nginx.conf', 'read', 'start'],
      [2, '/var/log/nginx/access.log', 'write,create', 'start'],
      [2, '/usr/share/nginx/html/index.html', 'read', 'run'],
    ]);
  });

  it('keeps the children of an initialisation apart from the server with its backends', () => {
    const postgres = started().exec(100, '/usr/bin/bash', { filename: '/start.sh', argv: ['bash', '/start.sh'] });
    postgres.fork(100, 110).exec(110, '/usr/lib/postgresql/bin/initdb', { ppid: 100 });
    postgres.fork(110, 111).exec(111, '/usr/bin/dash', { argv: ['sh', '-c', 'postgres --boot'], ppid: 110 });
    postgres.exec(111, '/usr/lib/postgresql/bin/postgres', { ppid: 110 }).exit(111).exit(110);
    postgres.exec(100, '/usr/lib/postgresql/bin/postgres');
    for (let backend = 120; backend < 125; backend += 1)
      postgres.fork(100, backend).open(backend, `/data/base/${backend}`);
    postgres.exit(120).fork(100, 125);
    const seen = snapshot(build(postgres.events));
    expect(lineages(seen)).toEqual([
      '/start.sh ×2 entrypoint',
      '/start.sh > /usr/lib/postgresql/bin/initdb ×2 entrypoint',
      '/start.sh > /usr/lib/postgresql/bin/initdb > /usr/bin/dash -c ×1 entrypoint',
      '/start.sh > /usr/lib/postgresql/bin/initdb > /usr/bin/dash -c > /usr/lib/postgresql/bin/postgres ×1 entrypoint',
      '/start.sh > /usr/lib/postgresql/bin/postgres ×6 entrypoint',
    ]);
    expect(seen.files.every(({ process }) => process === 4)).toBe(true);
  });

  it('gives what the runtime injects a root of its own', () => {
    const injected = started().exec(100, '/app').fork(100, 101);
    injected.exec(200, '/usr/bin/runc', { mountNamespace: hostMountNamespace }).open(200, '/etc/group');
    injected
      .exec(200, '/bin/busybox', { argv: ['sh'], ppid: 9 })
      .fork(200, 201)
      .exec(201, '/bin/busybox', { argv: ['ls'] });
    const seen = snapshot(build(injected.events));
    expect(lineages(seen)).toEqual(['/app ×2 entrypoint', 'sh ×2 exec', 'sh > ls ×1 exec']);
    expect(seen.files).toEqual([]);
  });

  it('tells probes and people at a terminal from other commands, with all that these start', () => {
    const recording = started().exec(100, '/app', { namespaceInit: true });
    recording.exec(200, '/bin/cat', { argv: ['probe'], ppid: 9 }).open(200, '/ready');
    recording.exec(300, '/bin/sh', { ppid: 9, tty: 'pts0' }).fork(300, 301).exec(301, '/bin/ls', { ppid: 300 });
    recording.exec(400, '/bin/sh', { ppid: 9 }).open(400, '/etc/passwd').open(301, '/root');
    const seen = snapshot(build(recording.events));
    expect(lineages(seen)).toEqual([
      '/app ×1 entrypoint',
      '/bin/cat ×1 probe',
      '/bin/sh ×2 exec,interactive',
      '/bin/sh > /bin/ls ×1 interactive',
    ]);
    expect(seen.files.map(({ path, actors }) => [path, ...actors])).toEqual([
      ['/ready', 'probe'],
      ['/etc/passwd', 'exec'],
      ['/root', 'interactive'],
    ]);
  });

  it('sees a process of the container that enters the mount namespace of the host', () => {
    const escape = started().exec(100, '/app').fork(100, 101);
    escape.exec(101, '/usr/bin/bash', { mountNamespace: hostMountNamespace, ppid: 100 });
    expect(lineages(snapshot(build(escape.events)))).toContain('/app > {mounts}/usr/bin/bash ×1 entrypoint');
  });

  it('does not take a hook that the runtime runs inside for the entrypoint', () => {
    const hooked = started().fork(100, 105).exec(105, '/usr/bin/ldconfig', { ppid: 100 }).open(105, '/etc/ld.so.cache');
    hooked.exit(105).wait(1).exec(100, '/app');
    const tree = build(hooked.events);
    expect(lineages(snapshot(tree))).toEqual(['/usr/bin/ldconfig ×1 unknown', '/app ×1 entrypoint']);
    expect(tree.entrypointAt).toBe(hooked.now);
  });

  it('does not take a probe that overtakes the entrypoint for it', () => {
    const raced = started()
      .exec(105, '/usr/bin/pg_isready', { ppid: 9, argv: ['probe'] })
      .exit(105);
    raced.exec(100, '/entrypoint', { ppid: 9, namespaceInit: true }).exec(106, '/usr/bin/pg_isready', { ppid: 9 });
    const tree = build(raced.events);
    expect(lineages(snapshot(tree))).toEqual(['/usr/bin/pg_isready ×1 exec,probe', '/entrypoint ×1 entrypoint']);
  });

  it('stays in the deepest node beyond 32 programs in a chain, and says so', () => {
    const chain = started();
    for (let depth = 0; depth < 40; depth += 1) chain.exec(100, `/bin/program-${depth}`);
    const seen = snapshot(build(chain.events));
    expect(seen.processes.length).toBe(32);
    expect(seen.losses.truncated).toBe(8);
  });
});

describe('events that are missing or late', () => {
  it('falls back on the parent when a fork is missing or comes after the exec', () => {
    const late = started().exec(100, '/app');
    const fork = new Recording(77n, late.now).fork(100, 101).events;
    late.wait(1).exec(101, '/bin/child', { ppid: 100 });
    for (const events of [late.events, [...late.events, ...fork]]) {
      expect(lineages(snapshot(build(events)))).toEqual(['/app ×1 entrypoint', '/app > /bin/child ×1 entrypoint']);
    }
  });

  it('attributes nothing to a program that has been replaced by an unseen one, and counts it', () => {
    const recording = started()
      .exec(100, '/bin/sh')
      .exec(100, '/bin/unseen')
      .open(100, '/secret')
      .exec(100, '/bin/next');
    const events = recording
      .open(100, '/known')
      .events.filter((e) => e.type !== 'exec' || e.file.path !== '/bin/unseen');
    const seen = snapshot(build(events));
    expect(lineages(seen)).toEqual(['/bin/sh ×1 entrypoint', '/bin/sh > /bin/next ×1 entrypoint']);
    expect(seen.files.map(({ path }) => path)).toEqual(['/known']);
    expect(seen.losses.treeFull).toBe(1);
  });

  it('does not give the behaviour of a reused pid to its former owner', () => {
    const reused = started().exec(100, '/app').fork(100, 101).open(101, '/a');
    const withoutExit = [...reused.exit(101).events].slice(0, -1);
    const stranger = new Recording(77n, reused.now + 60_000).open(101, '/etc/shadow').events;
    expect(snapshot(build([...withoutExit, ...stranger])).files.map(({ path }) => path)).toEqual(['/a']);
  });

  it('survives any order, with any part missing', () => {
    const events = fc.shuffledSubarray([...nginx.events, ...new Recording().exec(900, '/x').fork(900, 100).events]);
    fc.assert(
      fc.property(events, fc.boolean(), (some, startSeen) => {
        const seen = snapshot(build(some, { startSeen }));
        // What a process of nginx did is never found below another program.
        const paths = seen.files.filter(({ path }) => path.includes('nginx.conf'));
        for (const { process } of paths) expect(seen.processes[process]?.executable).toBe('/usr/sbin/nginx');
      }),
      { numRuns: 500 },
    );
  });
});

const process = (pid: number, ppid: number, executable: string, more: Partial<BaselineProcess> = {}) => ({
  pid,
  ppid,
  executable,
  namespacePid: pid - 99,
  terminal: false,
  argv: [executable],
  files: [],
  sockets: [],
  ...more,
});

describe('a program in a mount namespace of its own', () => {
  const elsewhere = { mountNamespace: 4_026_539_999 };

  it('is never taken for the one of the same path, nor are programs below it', () => {
    const recording = new Recording().exec(100, '/app').fork(100, 101).exec(101, '/usr/bin/env');
    recording.fork(100, 102).exec(102, '/usr/bin/env', elsewhere).fork(102, 103).exec(103, '/bin/sh', elsewhere);
    expect(lineages(snapshot(build(recording.events)))).toEqual([
      '/app ×2 entrypoint',
      '/app > /usr/bin/env ×1 entrypoint',
      '/app > {mounts}/usr/bin/env ×2 entrypoint',
      '/app > {mounts}/usr/bin/env > {mounts}/bin/sh ×1 entrypoint',
    ]);
  });

  it('is told by the process 1 of a container that was met late, and by nobody where there is none', () => {
    const found = (pid: number, ppid: number, mountNamespace: number) =>
      ({ ...process(pid, ppid, '/bin/a'), mountNamespace }) satisfies BaselineProcess;
    const met = (...processes: BaselineProcess[]) => {
      const tree = new ActivityTree({ ...options, startSeen: false });
      tree.addBaseline(processes, 1);
      return snapshot(tree).processes.map(({ executable }) => executable);
    };
    expect(met(found(100, 7, 1), found(101, 100, 2))).toEqual(['/bin/a', '{mounts}/bin/a']);
    expect(met(found(101, 7, 1), found(102, 101, 2))).toEqual(['/bin/a']);
  });
});

describe('a container met late', () => {
  const local = { family: 'ipv4', ip: '0.0.0.0', port: 6379 } as const;

  it('begins with what /proc shows and goes on with events', () => {
    const tree = new ActivityTree({ ...options, startSeen: false });
    const redis = { files: [{ path: '/data/dump.rdb', flags: 2 }], sockets: [{ protocol: 'tcp', local }] } as const;
    tree.addBaseline(
      [process(130, 100, '/bin/sleep'), process(101, 100, '/redis'), process(100, 7, '/redis', redis)],
      1_800_000_000_000,
    );
    const later = new Recording()
      .open(100, '/data/x')
      .exec(130, '/bin/other', { ppid: 100 })
      .exec(140, '/bin/sh', { ppid: 9 });
    for (const event of later.events) tree.apply(event);
    const seen = snapshot(tree);
    expect(lineages(seen)).toEqual([
      '/redis ×2 entrypoint',
      '/redis > /bin/sleep ×1 unknown',
      '/redis > /bin/sleep > /bin/other ×1 unknown',
      '/bin/sh ×1 exec',
    ]);
    expect(seen.startSeen).toBe(false);
    expect(seen.files.map(({ path, access }) => [path, access])).toEqual([
      ['/data/dump.rdb', ['read', 'write']],
      ['/data/x', ['read']],
    ]);
    expect(seen.network).toMatchObject([{ direction: 'listen', port: 6379, actors: ['entrypoint'], phases: ['run'] }]);
  });

  it('recognises a person at a terminal beside the process 1 of the container, and what that person started', () => {
    const tree = new ActivityTree({ ...options, startSeen: false });
    const shell = process(130, 9, '/bin/sh', { terminal: true });
    tree.addBaseline([process(100, 7, '/app'), shell, process(131, 130, '/bin/vi'), process(132, 100, '/bin/job')], 1);
    expect(lineages(snapshot(tree))).toEqual([
      '/app ×1 entrypoint',
      '/app > /bin/job ×1 unknown',
      '/bin/sh ×1 interactive',
      '/bin/sh > /bin/vi ×1 interactive',
    ]);
  });

  it('takes a process 1 that a person made for that person', () => {
    const tree = new ActivityTree({ ...options, startSeen: false });
    const shell = process(130, 9, '/bin/sh', { terminal: true });
    const inner = process(131, 130, '/bin/unshared', { namespacePid: 1, terminal: true });
    tree.addBaseline([process(100, 7, '/app'), shell, inner], 1);
    expect(lineages(snapshot(tree))).toContain('/bin/sh > /bin/unshared ×1 interactive');
  });

  it('leaves open who holds the terminal where the container has no process 1 of its own', () => {
    const tree = new ActivityTree({ ...options, startSeen: false });
    tree.addBaseline([process(130, 9, '/bin/sh', { terminal: true })], 1);
    expect(lineages(snapshot(tree))).toEqual(['/bin/sh ×1 unknown']);
  });

  it('does not know who started what it meets without a look into /proc', () => {
    const seen = snapshot(build(new Recording().exec(100, '/app').events, { startSeen: false }));
    expect(lineages(seen)).toEqual(['/app ×1 unknown']);
  });
});

describe('a following period', () => {
  it('keeps living processes and their sockets, and nothing else', () => {
    const tree = build(nginx.events);
    tree.restart(nginx.now + 1_000);
    const seen = snapshot(tree);
    expect(lineages(seen)).toEqual([
      '/docker-entrypoint.sh ×1 entrypoint',
      '/docker-entrypoint.sh > /usr/sbin/nginx ×3 entrypoint',
    ]);
    expect([seen.startSeen, seen.events]).toEqual([false, 0]);
    expect(seen.files).toEqual([]);
    expect(seen.network.map(({ direction, port, phases }) => [direction, port, phases])).toEqual([
      ['bind', 80, ['run']],
      ['listen', 80, ['run']],
    ]);
  });

  it('costs nothing once all processes are gone', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(nginx.events), fc.integer({ min: 0, max: 60_000 }), (events, maxBytes) => {
        const tree = build(events, { maxBytes });
        for (const pid of new Set(events.map(({ process }) => process.pid))) {
          const startedAt = Number.MAX_SAFE_INTEGER;
          const gone = new Recording(77n, nginx.now + 1).exit(pid).events;
          for (const event of gone) tree.apply({ ...event, process: { pid, startedAt, execId: 0 } });
        }
        // Children that never acted themselves.
        for (const { child } of events.filter((event) => event.type === 'fork')) {
          for (const event of new Recording(77n, nginx.now + 1).exit(child.pid).events) tree.apply(event);
        }
        tree.restart(nginx.now + 10);
        expect(tree.bytes).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
