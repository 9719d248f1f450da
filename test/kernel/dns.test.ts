import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { Counters } from '../../agent/counters.ts';
import { HostNames } from '../../agent/observe/host-names.ts';
import type { KernelEvent } from '../../core/event/event.ts';
import type { DnsEvent } from '../../core/event/network-events.ts';
import { eventsOf, PYTHON } from './observed-cgroup.ts';
import type { Kernel } from './kernel-test.ts';
import { test } from './kernel-test.ts';

/**
 * A resolver on 127.0.0.1:53, UDP and TCP, that answers every question with 192.0.2.1, which is an address of its network
 * namespace.
 * It reports readiness by starting the client: `resolver.py COMMAND...` ends with the client.
 */
const RESOLVER = `
import os, socket, subprocess, sys, threading
def answer(query):
    end = query.index(b'\\0', 12) + 5
    kind = query[end - 4:end - 2]
    data = b'\\0\\4\\xc0\\0\\2\\1' if kind == b'\\0\\1' else None
    record = b'\\xc0\\x0c' + query[end - 4:end] + b'\\0\\0\\0\\x3c' + data if data else b''
    return query[:2] + b'\\x81\\x80\\0\\1\\0' + bytes([1 if data else 0]) + b'\\0\\0\\0\\0' + query[12:end] + record
def udp(server):
    while True:
        query, peer = server.recvfrom(4096)
        if b'\\0' in query[12:]: server.sendto(answer(query), peer)
def stream(connection):
    reader = connection.makefile('rb')
    while len(size := reader.read(2)) == 2:
        reply = answer(reader.read(int.from_bytes(size, 'big')))
        connection.sendall(len(reply).to_bytes(2, 'big') + reply)
def tcp(server):
    while True: threading.Thread(target=stream, args=(server.accept()[0],), daemon=True).start()
subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
subprocess.run(['ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo'], check=True)
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); datagrams.bind(('127.0.0.1', 53))
streams = socket.create_server(('127.0.0.1', 53))
for serve, server in ((udp, datagrams), (tcp, streams)): threading.Thread(target=serve, args=(server,), daemon=True).start()
sys.exit(subprocess.run(['/bin/sh', '-c', 'echo 0 > "$0/cgroup.procs" && exec "$@"', *sys.argv[1:]]).returncode)
`;

interface Query {
  readonly direction: string;
  readonly names: string[];
}

/** Runs a client whose resolver is the one above; the resolver itself is outside of the observed cgroup. */
async function resolve(
  kernel: Kernel,
  ...client: readonly string[]
): Promise<{ queries: Query[]; events: DnsEvent[]; all: readonly KernelEvent[]; stdout: string }> {
  const { cgroup, folder } = kernel;
  mkdirSync(join(folder, 'dns'), { recursive: true });
  writeFileSync(join(folder, 'dns/resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n');
  writeFileSync(join(folder, 'dns/nsswitch.conf'), 'hosts: dns\n');
  const setup = `for file in resolv.conf nsswitch.conf; do mount --bind "$1/$file" /etc/$file || exit 1; done
shift; exec "$@"`;
  const outside = kernel.outside;
  const namespaces = ['unshare', '--net', '--mount', '/bin/sh', '-c', setup, 'sh', join(folder, 'dns')] as const;
  const server = [...PYTHON, RESOLVER, cgroup.path] as const;
  // Learning takes the questions alone.
  kernel.capture.approve([{ record: 'dnsResponse' }, { record: 'connect' }]);
  const { events, stderr, stdout } = await outside.run(...namespaces, ...server, ...client);
  kernel.capture.approve([]);
  expect(stderr).toBe('');
  const all = events.filter((event) => event.cgroupId === cgroup.id);
  const own = eventsOf(all, 'dns');
  return { queries: queriesOf(own), events: own, all, stdout };
}

function queriesOf(events: readonly DnsEvent[]): Query[] {
  return events.map(({ direction, questions, server }) => {
    expect(server).toEqual({ family: 'ipv4', ip: '127.0.0.1', port: 53 });
    return { direction, names: questions.map((question) => `${question.name} ${question.type}`) };
  });
}

const asked = (queries: readonly Query[]): string[] =>
  queries.filter((query) => query.direction === 'query').flatMap((query) => query.names);
const answered = (queries: readonly Query[]): string[] =>
  queries.filter((query) => query.direction === 'response').flatMap((query) => query.names);

const python = (script: string): string[] => [...PYTHON, script];
/** A question in the wire format, by hand. */
const QUESTION = `
import os, socket, struct
def question(name, kind=1):
    labels = b''.join(bytes([len(each)]) + each.encode() for each in name.split('.'))
    return struct.pack('>6H', 7, 256, 1, 0, 0, 0) + labels + b'\\0' + struct.pack('>2H', kind, 1)
def framed(*questions): return b''.join(struct.pack('>H', len(each)) + each for each in questions)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server = ('127.0.0.1', 53)
`;
/** recvmmsg of one message, which Python lacks. */
const RECVMMSG = `import ctypes; data = ctypes.create_string_buffer(512)
part = ctypes.create_string_buffer(struct.pack('<QQ', ctypes.addressof(data), 512))
header = ctypes.create_string_buffer(struct.pack('<QQQQQQQII', 0, 0, ctypes.addressof(part), 1, 0, 0, 0, 0, 0))
assert ctypes.CDLL(None).recvmmsg(udp.fileno(), header, 1, 0x10000, None) == 1`;

/** With the offset -1, which Python does not pass on, it is writev with flags. */
const PWRITEV2 = `
import ctypes
data = ctypes.create_string_buffer(q)
part = ctypes.create_string_buffer(struct.pack('<QQ', ctypes.addressof(data), len(q)))
assert ctypes.CDLL(None).pwritev2(udp.fileno(), part, 1, ctypes.c_long(-1), 0) == len(q)`;
const PREADV2 = `
import ctypes
data = ctypes.create_string_buffer(512)
parts = ctypes.create_string_buffer(struct.pack('<QQQQ', ctypes.addressof(data), 12, ctypes.addressof(data) + 12, 500))
assert ctypes.CDLL(None).preadv2(udp.fileno(), parts, 2, ctypes.c_long(-1), 0) > 0`;

/** Hears all answers before it ends: the resolver would otherwise write to nobody. */
const HEARD = `
tcp.shutdown(socket.SHUT_WR)
while tcp.recv(4096): pass`;

describe('DNS', () => {
  test('getaddrinfo of the C library: both questions in one sendmmsg', async ({ kernel }) => {
    const { queries, stdout } = await resolve(
      kernel,
      ...python(`import socket; print(socket.getaddrinfo('libc.example', 80)[0][4][0])`),
    );
    expect(stdout.trim()).toBe('192.0.2.1');
    expect(asked(queries).toSorted()).toEqual(['libc.example A', 'libc.example AAAA']);
    expect(answered(queries)).toContain('libc.example A');
  });

  test('the C library over TCP: two questions in one writev', async ({ kernel }) => {
    const { queries } = await resolve(
      kernel,
      'env',
      'RES_OPTIONS=use-vc',
      ...python(`import socket; socket.getaddrinfo('vc.example', 80)`),
    );
    expect(asked(queries).toSorted()).toEqual(['vc.example A', 'vc.example AAAA']);
  });

  test('connections carry the name by which their address was found, whoever looked it up', async ({ kernel }) => {
    const clients = {
      'the C library': python(`import socket
for name in ('first.example', 'Second.example'):
    for found in socket.getaddrinfo(name, 9, type=socket.SOCK_DGRAM): socket.socket(*found[:3]).connect(found[4])
socket.socket(type=socket.SOCK_DGRAM).connect(('127.0.0.1', 9))`),
      Node: [
        process.execPath,
        '--input-type=module',
        '-e',
        `import dns from 'node:dns/promises'; import net from 'node:net'; import { once } from 'node:events';
const [host] = await dns.resolve4('first.example');
const [error] = await once(net.connect(9, host), 'error');
if (error.code !== 'ECONNREFUSED') throw error;`,
      ],
    };
    const seen: Record<string, unknown> = {};
    for (const [client, command] of Object.entries(clients)) {
      const { all } = await resolve(kernel, ...command);
      const names = new HostNames(new Counters());
      const connects = eventsOf(
        all.map((event) => names.pass(event)),
        'connect',
      );
      seen[client] = connects.flatMap(({ remote, hostnames = [] }) =>
        remote?.port === 9 ? [[remote.ip, ...hostnames]] : [],
      );
    }
    expect(seen).toEqual({
      'the C library': [
        ['192.0.2.1', 'first.example'],
        ['192.0.2.1', 'second.example', 'first.example'],
        ['127.0.0.1'],
      ],
      Node: [['192.0.2.1', 'first.example']],
    });
  });

  test("Node's lookup, and its own resolver", async ({ kernel }) => {
    const { queries } = await resolve(
      kernel,
      process.execPath,
      '-e',
      `import dns from 'node:dns/promises'; await dns.lookup('lookup.example'); await dns.resolve4('cares.example');`,
      '--input-type=module',
    );
    expect(asked(queries)).toContain('lookup.example A');
    expect(asked(queries)).toContain('cares.example A');
  });

  test('every call that sends', async ({ kernel }) => {
    const ways = {
      sendto: `udp.sendto(question('a.example'), server)`,
      'sendmsg in parts': `q = question('a.example'); udp.sendmsg([q[:12], q[12:14], q[14:]], [], 0, server)`,
      'send on a connected socket': `udp.connect(server); udp.send(question('a.example'))`,
      'write on a connected socket': `udp.connect(server); os.write(udp.fileno(), question('a.example'))`,
      'writev on a connected socket': `udp.connect(server); q = question('a.example'); os.writev(udp.fileno(), [q[:12], q[12:]])`,
      'pwritev2 on a connected socket': `udp.connect(server); q = question('a.example'); ${PWRITEV2}`,
      'a stream': `tcp = socket.create_connection(server); os.write(tcp.fileno(), framed(question('a.example'))); tcp.recv(100)`,
    };
    const seen: Record<string, string[]> = {};
    for (const [way, send] of Object.entries(ways)) {
      kernel.capture.newEpoch(kernel.cgroup.id);
      seen[way] = asked((await resolve(kernel, ...python(`${QUESTION}${send}`))).queries);
    }
    expect(seen).toEqual(Object.fromEntries(Object.keys(ways).map((way) => [way, ['a.example A']])));
  });

  test('every call that receives', async ({ kernel }) => {
    const ask = `udp.connect(server); udp.send(question('a.example'))`;
    const stream = `tcp = socket.create_connection(server); tcp.sendall(framed(question('a.example')))`;
    const ways = {
      recvfrom: `udp.sendto(question('a.example'), server); udp.recvfrom(512)`,
      recvmsg: `udp.sendto(question('a.example'), server); udp.recvmsg(512)`,
      'recv on a connected socket': `${ask}; udp.recv(512)`,
      'read on a connected socket': `${ask}; os.read(udp.fileno(), 512)`,
      'preadv2 in parts': `${ask}; ${PREADV2}`,
      'readv in parts': `${ask}; os.readv(udp.fileno(), [bytearray(12), bytearray(3), bytearray(500)])`,
      recvmmsg: `${ask}; ${RECVMMSG}`,
      'a stream': `${stream}; tcp.recv(512)`,
      'a stream, its length apart': `${stream}; os.read(tcp.fileno(), 2); os.read(tcp.fileno(), 512)`,
    };
    const seen: Record<string, unknown> = {};
    for (const [way, receive] of Object.entries(ways)) {
      const { events } = await resolve(kernel, ...python(`${QUESTION}${receive}`));
      const responses = events.filter(({ direction, questions }) => direction === 'response' && questions.length > 0);
      seen[way] = responses.map(({ id, responseCode, answers }) => ({ id, responseCode, answers }));
    }
    const answer = { name: 'a.example', type: 'A', class: 1, ttl: 60, data: '192.0.2.1' };
    const expected = [{ id: 7, responseCode: 0, answers: [answer] }];
    expect(seen).toEqual(Object.fromEntries(Object.keys(ways).map((way) => [way, expected])));
  });

  test('streams: a question whose length went ahead, and one more beside one that is known', async ({ kernel }) => {
    const { queries } = await resolve(
      kernel,
      ...python(`${QUESTION}tcp = socket.create_connection(server)
for name in ('first.example', 'second.example'):
    asked = question(name); os.write(tcp.fileno(), struct.pack('>H', len(asked))); os.write(tcp.fileno(), asked)
os.write(tcp.fileno(), framed(question('third.example')))
os.write(tcp.fileno(), framed(question('third.example'), question('third.example', 28)))
tcp.shutdown(socket.SHUT_WR)
while tcp.recv(512): pass`),
    );
    expect(asked(queries)).toEqual([
      'first.example A',
      'second.example A',
      'third.example A',
      'third.example A',
      'third.example AAAA',
    ]);
  });

  test('the same name in other letter cases is one question, another type is another', async ({ kernel }) => {
    const { queries } = await resolve(
      kernel,
      ...python(`${QUESTION}
for name, kind in (('case.Example', 1), ('CASE.exAmple', 1), ('case.example', 28), ('case.example', 1)):
    udp.sendto(question(name, kind), server)`),
    );
    expect(asked(queries)).toEqual(['case.Example A', 'case.example AAAA']);
  });

  test('several messages in one buffer: each, also where the first is known', async ({ kernel }) => {
    const { queries } = await resolve(
      kernel,
      ...python(`${QUESTION}
tcp = socket.create_connection(server)
for names in (('p.example',), ('p.example', 'q.example'), ('p.example', 'r.example', 's.example')):
    tcp.sendall(framed(*(question(name) for name in names)))
${HEARD}`),
    );
    expect(asked(queries)).toEqual(['p', 'p', 'q', 'p', 'r', 's'].map((name) => `${name}.example A`));
  });

  test('a message whose length went ahead: names that begin alike are different ones', async ({ kernel }) => {
    const { queries } = await resolve(
      kernel,
      ...python(`${QUESTION}
tcp = socket.create_connection(server)
for name in ('alike.one.example', 'alike.two.example', 'alike.one.example'):
    os.write(tcp.fileno(), struct.pack('>H', len(question(name))))
    os.write(tcp.fileno(), question(name))
${HEARD}`),
    );
    expect(asked(queries)).toEqual(['alike.one.example A', 'alike.two.example A']);
  });

  test('a first question that points elsewhere counts with all that it points to', async ({ kernel }) => {
    const { queries } = await resolve(
      kernel,
      ...python(`${QUESTION}
for name in (b'\\1x\\0', b'\\1y\\0'):
    udp.sendto(struct.pack('>6H', 1, 0x100, 1, 0, 0, 0) + b'\\3abc\\xc0\\x16' + struct.pack('>2H', 1, 1) + name, server)`),
    );
    // The decoder follows no pointer forward: two messages that were not understood, not one.
    expect(queries).toEqual([
      { direction: 'query', names: [] },
      { direction: 'query', names: [] },
    ]);
  });

  test('more questions than are kept: those that fit, and the message marked', async ({ kernel }) => {
    const { queries, events } = await resolve(
      kernel,
      ...python(`${QUESTION}
tcp = socket.create_connection(server)
os.write(tcp.fileno(), framed(*(question(f'{"x" * 60}{n}.example') for n in range(60))))
${HEARD}`),
    );
    const kept = asked(queries).length;
    expect(kept).toBeGreaterThan(3);
    expect(kept).toBeLessThan(60);
    expect(events.filter(({ direction }) => direction === 'query')).toMatchObject([{ truncated: true }]);
  });

  test('names as long as they may be', async ({ kernel }) => {
    const name = [63, 63, 63, 61].map((size) => 'x'.repeat(size)).join('.');
    const { queries } = await resolve(
      kernel,
      ...python(`${QUESTION}\nfor kind in (1, 28): udp.sendto(question('${name}', kind), server)`),
    );
    expect(asked(queries)).toEqual([`${name} A`, `${name} AAAA`]);
  });

  test('other bytes sent to port 53 are counted for their sender, not shown', async ({ kernel }) => {
    const before = kernel.capture.counters().decodeErrors;
    const { queries } = await resolve(kernel, ...python(`${QUESTION}udp.sendto(b'x' * 100, server)`));
    expect(queries).toEqual([{ direction: 'query', names: [] }]);
    expect(kernel.capture.counters().decodeErrors).toBe(before);
  });

  test('other ports are not looked at', async ({ kernel }) => {
    const { queries } = await resolve(
      kernel,
      ...python(`${QUESTION}udp.sendto(question('other.example'), ('127.0.0.1', 54))`),
    );
    expect(queries).toEqual([]);
  });
});
