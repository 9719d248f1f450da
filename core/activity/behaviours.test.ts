import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { noLosses, snapshotLimits, type Snapshot } from './snapshot.ts';
import { hostMountNamespace, Recording } from './testing/recording.ts';
import { ActivityTree, profilingBytes, provisionalBytes, provisionalShare, type TreeOptions } from './tree.ts';

const options: TreeOptions = {
  hostMountNamespace,
  startSeen: true,
  startPhaseSeconds: 180,
  maxBytes: profilingBytes,
  injectedBy: () => 'exec',
};
const container = { id: 'ab'.repeat(32), name: 'c', podUid: 'u', podName: 'p', podNamespace: 'n' };

function snapshotOf(tree: ActivityTree, to: number): Snapshot {
  return tree.snapshot({
    slotId: 's',
    container,
    from: 1,
    to,
    ended: false,
    gaps: [],
    blindSpots: [],
    losses: noLosses(),
    kindsCollected: ['process', 'file', 'dns', 'network'],
  });
}

function seenBy(act: (recording: Recording) => Recording, maxBytes: number = profilingBytes): Snapshot {
  const recording = act(new Recording().exec(100, '/app'));
  const tree = new ActivityTree({ ...options, maxBytes });
  for (const event of recording.events) tree.apply(event);
  return snapshotOf(tree, recording.now);
}

const ipv4 = (ip: string, port: number) => ({ family: 'ipv4', ip, port }) as const;

const endpoints = (act: (recording: Recording) => Recording): string[] =>
  seenBy(act).network.map(({ direction, protocol, address, port, peer = '' }) =>
    [direction, protocol, address, port, peer].join(' ').trim(),
  );

describe('files', () => {
  it.each([
    [{ flags: 0o0 }, ['read']],
    [{ flags: 0o1 }, ['write']],
    [{ flags: 0o2 }, ['read', 'write']],
    [{ flags: 0o1000 }, ['read', 'write']],
    [{ flags: 0o101, created: true }, ['write', 'create']],
    [{ flags: 0o101, created: false }, ['write']],
    [{ flags: 0o2, retval: -13 }, ['denied']],
  ])('%j', (how, access) => {
    expect(seenBy((container) => container.open(100, '/f', how)).files).toMatchObject([{ path: '/f', access }]);
  });

  it('are also the sockets of the file system that a program connects to or binds', () => {
    const { files } = seenBy((container) =>
      container
        .unixSocket(100, 'unix_connect', '/run/containerd/containerd.sock')
        .unixSocket(100, 'unix_bind', '/run/app.sock')
        .unixSocket(100, 'unix_connect', '/run/private.sock', -13)
        .unixSocket(100, 'unix_connect', undefined),
    );
    expect(files.map(({ path, access }) => [path, ...access])).toEqual([
      ['/run/containerd/containerd.sock', 'write'],
      ['/run/app.sock', 'create'],
      ['/run/private.sock', 'denied'],
    ]);
  });

  it.each([
    ['unlink', 0, ['/f delete']],
    ['rmdir', 0, ['/f delete']],
    ['rename', 0, ['/f rename', '/g create']],
    ['link', 0, ['/g create']],
    ['mkdir', 0, ['/f create']],
    ['symlink', 0, ['/f create']],
    ['mknod', 0, ['/f create']],
    ['truncate', 0, ['/f write']],
    ['chmod', 0, ['/f attributes']],
    ['chown', 0, ['/f attributes']],
    ['utimes', 0, ['/f attributes']],
    ['setxattr', 0, ['/f attributes']],
    ['removexattr', 0, ['/f attributes']],
    ['chdir', 0, []],
    ['chroot', 0, []],
    ['unlink', -13, ['/f denied']],
    ['mkdir', -17, []],
    ['chdir', -13, []],
  ] as const)('%s, which returned %i', (type, retval, expected) => {
    const { files } = seenBy((container) => container.change(100, type, '/f', { to: '/g', retval }));
    expect(files.map(({ path, access }) => [path, ...access].join(' '))).toEqual(expected);
  });

  it('that changed places were both renamed and made', () => {
    const { files } = seenBy((container) => container.change(100, 'rename', '/f', { to: '/g', flags: 2 }));
    expect(files.map(({ access }) => access)).toEqual([
      ['create', 'rename'],
      ['create', 'rename'],
    ]);
  });

  it('are one behaviour with all that was done to it, first and last', () => {
    const { files } = seenBy((container) => container.open(100, '/f').wait(9).open(100, '/f', { flags: 1 }));
    expect(files).toMatchObject([{ access: ['read', 'write'] }]);
    expect((files[0]?.last ?? 0) - (files[0]?.first ?? 0)).toBe(9_001);
  });
});

describe('names', () => {
  it('are folded to lower case, without the last dot, as questions only', () => {
    const { dns } = seenBy((container) =>
      container
        .dns(100, 'Redis.Default.SVC.', { type: 'AAAA' })
        .dns(100, 'redis.default.svc')
        .dns(100, '.')
        .dns(100, 'planted.example', { direction: 'response' }),
    );
    expect(dns.map(({ name, types }) => [name, types])).toEqual([
      ['redis.default.svc', ['A', 'AAAA']],
      ['.', ['A']],
    ]);
  });

  it('that could not be understood are a loss of who asked', () => {
    const { dns, losses } = seenBy((container) => container.garbage(100).garbage(100).dns(100, 'a.example'));
    expect(dns).toHaveLength(1);
    expect(losses).toEqual({ ...noLosses(), truncated: 2 });
  });

  it('reach nobody unescaped', () => {
    expect(seenBy((container) => container.dns(100, 'a\u001b[31m\n.example')).dns[0]?.name).toBe(
      'a\\x1b[31m\\x0a.example',
    );
  });
});

describe('endpoints', () => {
  it('counts a datagram as a connect, and what a server answers as accepted', () => {
    expect(
      endpoints((container) =>
        container
          .socket(100, 'send', '0.0.0.0:40000', { remote: ipv4('10.0.0.1', 8125), protocol: 'udp' })
          .socket(100, 'send', '0.0.0.0:514', { remote: ipv4('10.0.0.2', 40_000), protocol: 'udp' })
          .socket(100, 'send', '0.0.0.0:40001', { remote: ipv4('10.0.0.3', 40_000), protocol: 'udp' })
          .socket(100, 'send', '0.0.0.0:0', { remote: ipv4('10.0.0.4', 0), protocol: 'other' }),
      ),
    ).toEqual([
      'connect udp 10.0.0.1 8125',
      'accept udp 0.0.0.0 514 10.0.0.2',
      'connect udp 10.0.0.3 40000',
      'connect other 10.0.0.4 0',
    ]);
  });

  it('counts datagrams to ever other high ports as one', () => {
    const ports = endpoints((container) => {
      for (let port = 40_000; port < 40_100; port += 1)
        container.socket(100, 'send', '0.0.0.0:33000', { remote: ipv4('10.0.0.1', port), protocol: 'udp' });
      return container;
    });
    expect(ports).toHaveLength(65);
    expect(ports.at(-1)).toBe('connect udp 10.0.0.1 0');
  });

  it('counts a connect that reached the network, whatever came of it', () => {
    const results = [0, -115, -111, -110, -101, -13];
    expect(
      endpoints((container) => {
        results.forEach((retval, at) => container.socket(100, 'connect', `10.0.0.${at}:443`, { retval }));
        return container.socket(100, 'connect', '10.0.0.9:0', { protocol: 'udp' });
      }),
    ).toEqual([0, 1, 2, 3].map((at) => `connect tcp 10.0.0.${at} 443`));
  });

  it('keeps a TCP bind to an ephemeral port only if it is listened to', () => {
    expect(
      endpoints((container) =>
        container
          .socket(100, 'bind', '0.0.0.0:40001')
          .socket(100, 'bind', '0.0.0.0:40002')
          .socket(100, 'listen', '0.0.0.0:40002')
          .socket(100, 'bind', '0.0.0.0:8080')
          .socket(100, 'bind', '0.0.0.0:80', { retval: -13 })
          .socket(100, 'bind', '0.0.0.0:51820', { protocol: 'udp' }),
      ),
    ).toEqual([
      'bind tcp 0.0.0.0 40002',
      'listen tcp 0.0.0.0 40002',
      'bind tcp 0.0.0.0 8080',
      'bind udp 0.0.0.0 51820',
    ]);
  });

  it('lets neither callers nor fresh ports use up the room of the others', () => {
    const seen = seenBy((container) => {
      for (let at = 0; at < 5_000; at += 1) {
        const remote = { family: 'ipv4', ip: `10.${at >> 8}.${at & 255}.1`, port: 50_000 } as const;
        container.socket(100, 'accept', '10.0.0.1:80', { remote });
        container.socket(100, 'bind', `0.0.0.0:${40_000 + at}`, { protocol: 'udp' });
      }
      return container.socket(100, 'connect', '10.0.0.2:5432');
    });
    expect(seen.network.filter(({ peer }) => peer !== undefined).length).toBe(64);
    expect(seen.network.filter(({ direction }) => direction === 'bind').map(({ port }) => port)).toContain(0);
    expect(seen.network.length).toBe(64 + 1 + 16 + 1 + 1);
    expect(seen.losses.treeFull).toBe(0);
  });
});

describe('limits', () => {
  it('counts what lies beyond them', () => {
    const seen = seenBy((container) => {
      for (let at = 0; at < snapshotLimits.files + 7; at += 1) container.open(100, `/srv/file-${at}`);
      return container;
    });
    expect(seen.files.length).toBe(snapshotLimits.files);
    expect(seen.losses.treeFull).toBe(7);
  });

  it('keeps room for the programs that come after one with thousands of files', () => {
    const seen = seenBy((container) => {
      for (let at = 0; at < 5_000; at += 1) container.open(100, `/var/lib/data/relation-${at}`);
      return container.fork(100, 200).exec(200, '/usr/bin/server').socket(200, 'listen', '0.0.0.0:5432');
    }, provisionalBytes.least);
    expect(seen.processes.map(({ executable }) => executable)).toContain('/usr/bin/server');
    expect(seen.network.map(({ port }) => port)).toEqual([5432]);
    expect(seen.files.length + seen.losses.treeFull).toBe(5_000);
  });

  it('counts the behaviour of a process for which there was no room', () => {
    const seen = seenBy((container) => {
      for (let at = 0; at < 20; at += 1)
        container
          .fork(100, 200 + at)
          .exec(200 + at, `/bin/p${at}`)
          .open(200 + at, '/f');
      return container;
    }, 6_000);
    expect(seen.processes.length).toBeLessThan(8);
    expect(seen.files.length).toBeLessThan(8);
    expect(seen.processes.length + seen.files.length + seen.losses.treeFull).toBeGreaterThanOrEqual(41);
  });

  it.each([
    [1, 1024 * 1024],
    [12, 699_050],
    [1_000, 256 * 1024],
  ])('shares the bytes of %d provisional trees', (trees, bytes) => {
    expect(provisionalShare(trees)).toBe(bytes);
  });

  it('stays within the bytes of a provisional tree, a fork bomb included', () => {
    const recording = new Recording().exec(100, '/app');
    for (let at = 0; at < 5_000; at += 1) recording.fork(100, 1_000 + at).open(100, `/tmp/some/file-${at}.txt`);
    const tree = new ActivityTree({ ...options, maxBytes: provisionalBytes.least });
    for (const event of recording.events) tree.apply(event);
    expect(tree.bytes).toBeLessThanOrEqual(provisionalBytes.least);
    expect(tree.bytes).toBeGreaterThan(provisionalBytes.least * 0.99);
  });

  it('gives back what a new period forgets', () => {
    const recording = new Recording().exec(100, '/app').socket(100, 'listen', '0.0.0.0:80');
    const tree = new ActivityTree(options);
    for (const event of recording.events) tree.apply(event);
    const before = tree.bytes;
    const busy = new Recording().exec(100, '/app');
    for (let at = 0; at < 50; at += 1)
      busy
        .fork(100, 200 + at)
        .exec(200 + at, `/bin/p${at}`, { ppid: 100 })
        .open(200 + at, `/f${at}`);
    for (let at = 0; at < 50; at += 1)
      busy
        .dns(200 + at, `n${at}.example`)
        .socket(200 + at, 'connect', '10.0.0.1:1')
        .exit(200 + at);
    for (const event of busy.events.slice(1)) tree.apply({ ...event, timestamp: recording.now + 1 });
    expect(tree.bytes).toBeGreaterThan(before + 50_000);
    tree.restart(recording.now + 2);
    expect(tree.bytes).toBe(before);
  });
});

describe('size account', () => {
  setFlagsFromString('--expose-gc');
  // Bytecode that V8 drops on the way would count as memory that the tree gave back.
  setFlagsFromString('--no-flush-bytecode');
  const heapUsed = (): number => {
    // Twice: the first collection leaves what it had to finalise.
    runInNewContext('gc()');
    runInNewContext('gc()');
    return process.memoryUsage().heapUsed;
  };

  /** Events are cloned, as real ones come from a ring buffer: the tree shares no string with the recording. */
  function treeOf(act: (recording: Recording, at: number) => void, count: number): ActivityTree {
    const recording = new Recording().exec(100, '/app');
    const tree = new ActivityTree({ ...options, maxBytes: 64 * 1024 * 1024 });
    for (const event of structuredClone(recording.events.splice(0))) tree.apply(event);
    for (let at = 0; at < count; at += 1) {
      act(recording, at);
      for (const event of structuredClone(recording.events.splice(0))) tree.apply(event);
    }
    return tree;
  }

  /** Trees of at least 12 MiB together: what else lives and dies in this process, some 200 KiB, is 2 % of it at most. */
  function grown(act: (recording: Recording, at: number) => void, count: number): { account: number; heap: number } {
    const warm = treeOf(act, count);
    const trees: ActivityTree[] = [];
    const before = heapUsed();
    for (let bytes = 0; bytes < 12 * 1024 * 1024; bytes += warm.bytes) trees.push(treeOf(act, count));
    const heap = heapUsed() - before;
    return { account: trees.length * warm.bytes, heap };
  }

  it.each([
    ['files', (r: Recording, at: number) => void r.open(100, `/srv/data/some/directory/file-${at}`), 9_000],
    ['names', (r: Recording, at: number) => void r.dns(100, `service-${at}.default.svc.cluster.local`), 1_900],
    ['endpoints', (r: Recording, at: number) => void r.socket(100, 'connect', `10.1.2.3:${at + 1}`), 1_900],
    [
      'processes',
      (r: Recording, at: number) => void r.fork(100, 200 + at).exec(200 + at, `/usr/bin/tool-${at}`, { ppid: 100 }),
      900,
    ],
  ])('is near the truth for %s', (_, act, count) => {
    const { account, heap } = grown(act, count);
    expect(account / heap).toBeGreaterThan(0.8);
    expect(account / heap).toBeLessThan(1.4);
  });
});
