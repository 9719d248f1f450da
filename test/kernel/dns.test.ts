import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { KernelEvent } from '../../core/event/event.ts';
import { eventsOf } from './observed-cgroup.ts';
import type { Kernel } from './kernel-test.ts';
import { test } from './kernel-test.ts';

/**
 * A resolver on 127.0.0.1:53, UDP and TCP, that answers every question with 192.0.2.1, in a network namespace of its own.
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
async function resolve(kernel: Kernel, ...client: readonly string[]): Promise<{ queries: Query[]; stdout: string }> {
  const { cgroup, folder } = kernel;
  mkdirSync(join(folder, 'dns'), { recursive: true });
  writeFileSync(join(folder, 'dns/resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n');
  writeFileSync(join(folder, 'dns/nsswitch.conf'), 'hosts: dns\n');
  const setup = `for file in resolv.conf nsswitch.conf; do mount --bind "$1/$file" /etc/$file || exit 1; done
shift; exec "$@"`;
  const outside = kernel.outside;
  const namespaces = ['unshare', '--net', '--mount', '/bin/sh', '-c', setup, 'sh', join(folder, 'dns')] as const;
  const server = ['/usr/bin/python3', '-IS', '-c', RESOLVER, cgroup.path] as const;
  const { events, stderr, stdout } = await outside.run(...namespaces, ...server, ...client);
  expect(stderr).toBe('');
  return { queries: queriesOf(events), stdout };
}

function queriesOf(events: readonly KernelEvent[]): Query[] {
  return eventsOf(events, 'dns').map(({ direction, questions, server }) => {
    expect(server).toEqual({ family: 'ipv4', ip: '127.0.0.1', port: 53 });
    return { direction, names: questions.map((question) => `${question.name} ${question.type}`) };
  });
}

const asked = (queries: readonly Query[]): string[] =>
  queries.filter((query) => query.direction === 'query').flatMap((query) => query.names);
const answered = (queries: readonly Query[]): string[] =>
  queries.filter((query) => query.direction === 'response').flatMap((query) => query.names);

const python = (script: string): string[] => ['/usr/bin/python3', '-IS', '-c', script];
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
      'a stream': `tcp = socket.create_connection(server); os.write(tcp.fileno(), framed(question('a.example'))); tcp.recv(100)`,
    };
    const seen: Record<string, string[]> = {};
    for (const [way, send] of Object.entries(ways)) {
      kernel.capture.newEpoch(kernel.cgroup.id);
      seen[way] = asked((await resolve(kernel, ...python(`${QUESTION}${send}`))).queries);
    }
    expect(seen).toEqual(Object.fromEntries(Object.keys(ways).map((way) => [way, ['a.example A']])));
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
