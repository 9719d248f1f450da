import { describe, expect, it } from 'vitest';
import { snapshotSchema } from '../../core/activity/snapshot.ts';
import { Purpose } from '../../core/event/event.ts';
import { commandDigest } from '../../core/wire/command-digest.ts';
import { containerId, Node, pathOf, podUid } from './testing/replay.ts';

describe('a container that starts', () => {
  it('is watched provisionally from its first program on, and idle after a minute without a slot', () => {
    const node = new Node();
    node.starts(7);
    expect(node.states()).toEqual({ 7: 'provisional' });
    expect(node.counters.toJSON()).toMatchObject({ 'container_starts_total{seen="true"}': 1 });
    node.later(59);
    expect(node.states()).toEqual({ 7: 'provisional' });
    node.later(1);
    expect(node.states()).toEqual({ 7: 'idle' });
    expect(node.capture.calls).toEqual(['ignore 7']);
    expect(node.observer.containers.report()).toEqual([
      { id: containerId(7), state: 'idle', startSeen: true, startedAt: 1_800_000_000_000 },
    ]);
  });

  it('keeps its start in the snapshot when the slot comes late', () => {
    const node = new Node();
    const container = node.starts(7, '/usr/sbin/nginx').open(7_000, '/etc/nginx/nginx.conf');
    node.play(...container.events.splice(0));
    node.capture.losses.set(7n, { ringDrops: 3, mapFull: 0, truncated: 1 });
    node.capture.blindSpots.set(7n, ['io_uring']);
    node.later(40);
    node.desire({ slots: [node.slot(7, 's1')] });
    expect(node.began).toEqual([{ containerId: containerId(7), slotId: 's1', from: 1_800_000_000_000 }]);
    expect(node.observer.containers.report()).toMatchObject([{ state: 'profiling', slotId: 's1' }]);
    node.later(559);
    expect(node.snapshots).toEqual([]);
    node.later(1);
    const [snapshot] = node.snapshots;
    expect(snapshotSchema.safeParse(snapshot).error).toBeUndefined();
    expect(snapshot).toMatchObject({
      slotId: 's1',
      from: 1_800_000_000_000,
      to: 1_800_000_600_000,
      ended: false,
      startSeen: true,
      container: { id: containerId(7), name: 'web', podUid, podName: 'web-1', podNamespace: 'shop' },
      losses: { ringDrops: 3, truncated: 1 },
      blindSpots: ['io_uring'],
      processes: [{ executable: '/usr/sbin/nginx', actors: ['entrypoint'] }],
      files: [{ path: '/etc/nginx/nginx.conf' }],
    });
  });

  it('counts what was lost before its first event was read', () => {
    const node = new Node();
    node.capture.losses.set(7n, { ringDrops: 9, mapFull: 0, truncated: 0 });
    node.starts(7);
    node.desire({ slots: [node.slot(7, 's1')] });
    node.capture.losses.set(7n, { ringDrops: 10, mapFull: 0, truncated: 0 });
    node.later(600);
    expect(node.snapshots).toMatchObject([{ losses: { ringDrops: 10 } }]);
    node.desire({ slots: [node.slot(7, 's2', 10)] });
    node.later(10);
    expect(node.snapshots[1]).toMatchObject({ losses: { ringDrops: 0 } });
  });

  it('keeps its tree when it ends before a slot came, until one comes', () => {
    const node = new Node();
    node.starts(7, '/usr/bin/report');
    node.later(3);
    node.gone(7);
    expect(node.states()).toEqual({ 7: 'finished' });
    node.later(600);
    node.desire({ slots: [node.slot(7, 's1')] });
    expect(node.snapshots).toMatchObject([{ ended: true, startSeen: true, to: 1_800_000_003_000 }]);
    expect(node.states()).toEqual({});
  });

  it('forgets a finished tree that is refused, the oldest beyond 32, and those of an hour ago', () => {
    const node = new Node();
    for (let at = 1; at <= 34; at += 1) {
      node.starts(at);
      node.later(1);
      node.gone(at);
    }
    expect(Object.keys(node.states())).toHaveLength(32);
    expect(node.states()).not.toHaveProperty('2');
    node.desire({ refused: [containerId(3)] });
    expect(Object.keys(node.states())).toHaveLength(31);
    node.later(3_600);
    expect(node.states()).toEqual({});
    expect(node.counters.toJSON()).toMatchObject({
      'trees_dropped_total{state="finished",reason="limit"}': 2,
      'trees_dropped_total{state="finished",reason="age"}': 31,
    });
  });

  it('ends its period with its life', () => {
    const node = new Node();
    node.starts(7);
    node.desire({ slots: [node.slot(7, 's1')] });
    node.later(20);
    node.gone(7);
    expect(node.snapshots).toMatchObject([{ ended: true, to: 1_800_000_020_000 }]);
    node.later(1);
    expect(node.snapshots).toHaveLength(1);
    expect(node.states()).toEqual({});
  });

  it('is asked again what it does when its start phase is over', () => {
    const node = new Node();
    node.starts(7);
    node.desire({ slots: [node.slot(7, 's1')] });
    node.later(179);
    expect(node.capture.calls).not.toContain('epoch 7');
    node.later(2);
    expect(node.capture.calls).toContain('epoch 7');
  });
});

describe('a slot', () => {
  it.each([true, false])('ends with the system calls of its period, and capabilities where they show: %s', (shows) => {
    const node = new Node();
    node.capture.seesCapabilities = shows;
    node.capture.uses.set(7n, { syscalls: ['read'], capabilities: ['CAP_CHOWN'] });
    node.starts(7);
    node.desire({ slots: [node.slot(7, 's1', 10)] });
    node.later(15);
    const [snapshot] = node.snapshots;
    expect(snapshot?.syscalls).toEqual(['read']);
    expect(snapshot?.capabilities).toEqual(shows ? ['CAP_CHOWN'] : undefined);
    expect(snapshot?.kindsCollected.includes('capability')).toBe(shows);
  });

  it('is for one period; the next one continues without a gap, but without the start', () => {
    const node = new Node();
    const container = node.starts(7).socket(7_000, 'listen', '0.0.0.0:80').open(7_000, '/a');
    node.play(...container.events.splice(0));
    node.desire({ slots: [node.slot(7, 's1', 10)] });
    node.later(10);
    node.later(5);
    expect(node.snapshots).toHaveLength(1);
    expect(node.capture.calls).toEqual(['epoch 7', 'forget uses 7']);
    node.play(...container.open(7_000, '/b').events.splice(0));
    node.desire({ slots: [node.slot(7, 's2', 10)] });
    node.later(5);
    expect(node.snapshots[1]).toMatchObject({
      from: node.snapshots[0]?.to,
      startSeen: false,
      files: [{ path: '/b' }],
      network: [{ direction: 'listen', port: 80 }],
    });
    node.later(60);
    expect(node.capture.calls.at(-1)).toBe('ignore 7');
  });

  it('makes a container that was met late begin with what /proc shows', () => {
    const node = new Node();
    node.exists(7);
    node.observer.start(node.now);
    expect(node.states()).toEqual({ 7: 'idle' });
    const process = {
      pid: 70,
      ppid: 9,
      namespacePid: 1,
      terminal: false,
      executable: '/redis',
      argv: ['redis'],
      files: [],
      sockets: [],
    };
    node.baseline = { processes: [process], omitted: 2 };
    node.later(5);
    node.desire({ slots: [node.slot(7, 's1')] });
    expect(node.capture.calls).toEqual(['observe 7', 'epoch 7']);
    node.later(600);
    expect(node.snapshots).toMatchObject([
      { startSeen: false, from: 1_800_000_005_000, processes: [{ executable: '/redis' }], losses: { treeFull: 2 } },
    ]);
  });

  it('says how long no agent watched a container that was found running, once', () => {
    const node = new Node();
    node.exists(7);
    node.exists(8);
    node.runningSince = node.now - 60_000;
    node.observer.start(node.now, { from: node.now - 90_000, to: node.now });
    node.later(5);
    node.desire({ slots: [node.slot(7, 's1', 10)] });
    node.later(10);
    node.desire({ slots: [node.slot(7, 's2', 10)] });
    node.later(10);
    const gap = { from: 1_799_999_940_000, to: 1_800_000_000_000, reason: 'agent-restarted' };
    expect(node.snapshots.map(({ gaps, startSeen }) => [gaps, startSeen])).toEqual([
      [[gap], false],
      [[], false],
    ]);
    expect(snapshotSchema.safeParse(node.snapshots[0]).error).toBeUndefined();
    expect(node.counters.toJSON()).toMatchObject({ late_attaches_total: 1 });
  });

  it('covers the cgroups that a container made before, but those that go away meanwhile or are too many', () => {
    const node = new Node();
    node.exists(7);
    node.observer.start(node.now);
    const many = Array.from({ length: 1_100 }, (_, index) => BigInt(100 + index));
    node.nested.push(many, many.slice(1));
    node.desire({ slots: [node.slot(7, 's1', 10)] });
    const included = many.slice(0, 1_024).join();
    expect(node.capture.calls).toEqual(['observe 7', `include ${included} in 7`, 'ignore 100', 'epoch 7']);
    node.later(10);
    expect(node.snapshots).toMatchObject([{ losses: { treeFull: 1 } }]);
  });

  it('may come before its container does', () => {
    const node = new Node();
    node.desire({ slots: [node.slot(7, 's1')] });
    node.starts(7);
    node.later(1);
    expect(node.states()).toEqual({ 7: 'profiling' });
  });

  it('that is taken away, or forbidden for all, ends the period early', () => {
    const node = new Node();
    node.starts(7);
    node.starts(8);
    node.desire({ slots: [node.slot(7, 's1'), node.slot(8, 's2')] });
    node.later(30);
    node.desire({ slots: [node.slot(8, 's2')] });
    expect(node.snapshots).toMatchObject([{ slotId: 's1', ended: false, to: 1_800_000_030_000 }]);
    node.desire({ profiling: false });
    expect(node.snapshots).toHaveLength(2);
    expect(node.states()).toEqual({ 7: 'idle', 8: 'idle' });
    node.starts(9);
    expect(node.states()).toMatchObject({ 9: 'idle' });
  });

  it('is no more than the node may have', () => {
    const node = new Node();
    for (let at = 1; at <= 7; at += 1) node.starts(at);
    node.desire({ slots: [1, 2, 3, 4, 5, 6, 7].map((at) => node.slot(at, `s${at}`)) });
    expect(node.observer.containers.ofKind('profiling')).toHaveLength(5);
  });

  it('is not begun when the kernel side has no room, and tried again', () => {
    const node = new Node();
    node.exists(7);
    node.observer.start(node.now);
    node.capture.full = true;
    node.desire({ slots: [node.slot(7, 's1')] });
    expect(node.states()).toEqual({ 7: 'idle' });
    expect(node.counters.toJSON()).toMatchObject({ slots_refused_total: 1 });
    node.capture.full = false;
    node.later(1);
    expect(node.states()).toEqual({ 7: 'profiling' });
  });
});

describe('what the runtime injects', () => {
  it('is told from the start and from each other by what the operator knows of the pod', () => {
    const node = new Node();
    const digests = [commandDigest(['pg_isready'])];
    node.desire({ slots: [node.slot(7, 's1')], probes: [{ podUid, container: 'web', digests }] });
    const container = node.starts(7, '/postgres');
    container.exec(8_000, '/usr/bin/pg_isready', { argv: ['pg_isready'], ppid: 9 });
    container.exec(8_001, '/usr/bin/psql', { argv: ['psql'], ppid: 9 });
    container.exec(8_002, '/bin/bash', { argv: ['bash'], ppid: 9, tty: 'pts0' });
    node.play(...container.events.splice(0));
    node.later(600);
    expect(node.snapshots[0]?.processes.map(({ executable, actors }) => [executable, ...actors])).toEqual([
      ['/postgres', 'entrypoint'],
      ['/usr/bin/pg_isready', 'probe'],
      ['/usr/bin/psql', 'exec'],
      ['/bin/bash', 'interactive'],
    ]);
  });

  it('is none of the business of trees when only rules asked for it', () => {
    const node = new Node();
    node.desire({ slots: [node.slot(7, 's1')] });
    const container = node.starts(7).open(7_000, '/etc/shadow');
    node.play(...container.events.splice(0).map((event) => ({ ...event, purpose: Purpose.rules })));
    node.later(600);
    expect(node.snapshots).toMatchObject([{ files: [], events: 2 }]);
    expect(node.counters.toJSON()).not.toHaveProperty('events_unwanted_total');
  });
});

describe('what is not observed', () => {
  it('is the sandbox of a pod', () => {
    const node = new Node();
    node.sandboxes.add(containerId(6));
    node.starts(6, '/pause');
    expect(node.states()).toEqual({});
    expect(node.capture.calls).toEqual(['ignore 6']);
    expect(node.counters.toJSON()).not.toHaveProperty('container_starts_total{seen="true"}');
  });

  it('is the agent itself', () => {
    const node = new Node({ ownPodUid: podUid });
    node.exists(5);
    node.observer.start(node.now);
    node.made(6);
    node.desire({ slots: [node.slot(5, 's5'), node.slot(6, 's6')] });
    node.later(600);
    expect(node.states()).toEqual({});
    expect(node.snapshots).toEqual([]);
  });
});

describe('the cgroup tree', () => {
  it('is watched at every level, also where it grows', () => {
    const node = new Node();
    node.made(2, '/kubepods/besteffort');
    node.made(3, `/kubepods/besteffort/pod${podUid}`);
    node.made(4, `/kubepods/besteffort/pod${podUid}/crio-conmon-${containerId(1)}.scope`);
    expect(node.capture.calls).toEqual(['watch 2 2', 'ignore 2', 'watch 3 1', 'ignore 3', 'ignore 4']);
  });

  it('tells a start that it missed from a cgroup in which nothing starts', () => {
    const node = new Node();
    node.made(7);
    node.later(60);
    node.supervisor = undefined;
    node.made(8);
    node.later(60);
    expect(node.states()).toEqual({ 7: 'idle', 8: 'idle' });
    expect(node.counters.toJSON()).toMatchObject({
      'container_starts_total{seen="false"}': 1,
      containers_never_started_total: 1,
    });
  });

  it('shows a container whose creation was lost, and one whose end was', () => {
    const node = new Node();
    node.starts(8);
    node.later(1);
    node.exists(7);
    node.later(60);
    expect(node.states()).toEqual({ 8: 'idle' });
    node.vanishes(8);
    node.later(60);
    expect(node.states()).toEqual({ 7: 'idle' });
    expect(node.counters.toJSON()).toMatchObject({ 'container_starts_total{seen="false"}': 1 });
  });

  it('may show a container before its creation is read: its start is seen all the same', () => {
    const node = new Node();
    node.exists(7);
    node.observer.start(node.now);
    node.starts(7);
    expect(node.observer.containers.report()).toMatchObject([{ state: 'provisional', startSeen: true }]);
  });
});

describe('the end of the agent', () => {
  it('cuts periods short and keeps what they have seen', () => {
    const node = new Node();
    node.starts(7);
    node.desire({ slots: [node.slot(7, 's1')] });
    node.later(30);
    node.observer.stop(node.now);
    expect(node.snapshots).toMatchObject([
      { ended: false, to: 1_800_000_030_000, processes: [{ executable: '/app' }] },
    ]);
  });

  it('never leaves more than 64 trees waiting for a slot', () => {
    const node = new Node();
    for (let at = 1; at <= 70; at += 1) node.made(at, pathOf(at));
    expect(node.observer.containers.ofKind('provisional')).toHaveLength(64);
    expect(node.counters.toJSON()).toMatchObject({ 'trees_dropped_total{state="provisional",reason="limit"}': 6 });
  });
});
