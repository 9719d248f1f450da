import { describe, expect } from 'vitest';
import type { KernelEvent } from '../../core/event/event.ts';
import { eventsOf } from './observed-cgroup.ts';
import { test } from './kernel-test.ts';
import { inNetwork } from './own-network.ts';

const sends = (events: readonly KernelEvent[]): string[] =>
  eventsOf(events, 'send').map(({ protocol, remote }) => `${protocol} ${remote?.ip} ${remote?.port}`);

/** sendmmsg, which Python lacks. */
const MANY = `
import ctypes, struct
libc = ctypes.CDLL(None, use_errno=True)
def many(client, peers):
    keep, headers = [], b''
    for ip, port in peers:
        name = ctypes.create_string_buffer(struct.pack('<H', 2) + struct.pack('>H', port) + inet_aton(ip) + bytes(8), 16)
        data = ctypes.create_string_buffer(b'x', 1)
        part = ctypes.create_string_buffer(struct.pack('<QQ', ctypes.addressof(data), 1), 16)
        keep += [name, data, part]
        headers += struct.pack('<QIIQQQQQII', ctypes.addressof(name), 16, 0, ctypes.addressof(part), 1, 0, 0, 0, 0, 0)
    assert libc.sendmmsg(client.fileno(), ctypes.create_string_buffer(headers, len(headers)), len(peers), 0) == len(peers)
`;

describe.each([
  { name: 'IPv4', family: 'AF_INET', ip: '127.0.0.1' },
  { name: 'IPv6', family: 'AF_INET6', ip: '::1' },
])('datagrams over $name', ({ family, ip }) => {
  test('without connect show their peer, each once', async ({ kernel }) => {
    const { events } = await inNetwork(
      kernel.cgroup,
      `
client = socket(${family}, SOCK_DGRAM)
for _ in range(3):
    client.sendto(b'a', ('${ip}', 8125))
    client.sendmsg([b'b', b'c'], [], 0, ('${ip}', 8126))`,
    );
    expect(sends(events)).toEqual([`udp ${ip} 8125`, `udp ${ip} 8126`]);
  });

  test('to a connected peer show the connection alone, to another one that too', async ({ kernel }) => {
    const { events } = await inNetwork(
      kernel.cgroup,
      `
client = socket(${family}, SOCK_DGRAM); client.connect(('${ip}', 8125))
server = socket(${family}, SOCK_DGRAM); server.bind(('${ip}', 8125))
client.send(b'a'); client.sendto(b'b', ('${ip}', 8127))`,
    );
    expect(eventsOf(events, 'connect').map(({ remote }) => remote?.port)).toEqual([8125]);
    expect(sends(events)).toEqual([`udp ${ip} 8127`]);
  });
});

test('an address without a family, which IPv4 sockets take', async ({ kernel }) => {
  const { events } = await inNetwork(
    kernel.cgroup,
    `
import ctypes, struct
name = struct.pack('<H', 0) + struct.pack('>H', 8129) + inet_aton('127.0.0.1') + bytes(8)
client = socket(AF_INET, SOCK_DGRAM)
assert ctypes.CDLL(None).sendto(client.fileno(), b'x', 1, 0, name, 16) == 1`,
  );
  expect(sends(events)).toEqual(['udp 127.0.0.1 8129']);
});

test('an IPv4 peer of an IPv6 socket shows as IPv4', async ({ kernel }) => {
  const { events } = await inNetwork(
    kernel.cgroup,
    `
client = socket(AF_INET6, SOCK_DGRAM); client.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
client.sendto(b'a', ('::ffff:127.0.0.1', 8125))`,
  );
  expect(sends(events)).toEqual(['udp 127.0.0.1 8125']);
});

test('sendmmsg: every peer up to eight, and more are counted as cut', async ({ kernel }) => {
  const peers = Array.from({ length: 9 }, (_, at) => `('127.0.0.${at + 1}', 8130)`);
  const before = kernel.capture.lossesOf(kernel.cgroup.id).truncated;
  const few = await inNetwork(
    kernel.cgroup,
    `${MANY}\nmany(socket(AF_INET, SOCK_DGRAM), [${peers.slice(0, 8).join(', ')}])`,
  );
  expect(sends(few.events)).toEqual(Array.from({ length: 8 }, (_, at) => `udp 127.0.0.${at + 1} 8130`));
  expect(kernel.capture.lossesOf(kernel.cgroup.id).truncated).toBe(before);
  await inNetwork(kernel.cgroup, `${MANY}\nmany(socket(AF_INET, SOCK_DGRAM), [${peers.join(', ')}])`);
  expect(kernel.capture.lossesOf(kernel.cgroup.id).truncated).toBe(before + 1);
});

test('a server that answers a hundred ports of one client is one behaviour', async ({ kernel }) => {
  const { events } = await inNetwork(
    kernel.cgroup,
    `
server = socket(AF_INET, SOCK_DGRAM); server.bind(('127.0.0.1', 514))
for port in range(40000, 40100): server.sendto(b'a', ('127.0.0.1', port))`,
  );
  expect(eventsOf(events, 'send')).toMatchObject([{ local: { port: 514 }, remote: { ip: '127.0.0.1', port: 40_000 } }]);
});

test('TCP that connects with its first data', async ({ kernel }) => {
  const { events } = await inNetwork(
    kernel.cgroup,
    `
server = create_server(('127.0.0.1', 8080))
client = socket(); client.sendto(b'a', MSG_FASTOPEN, ('127.0.0.1', 8080))
client.sendto(b'b', ('127.0.0.9', 9))`,
  );
  expect(sends(events)).toEqual(['tcp 127.0.0.1 8080']);
});

test('protocols without ports', async ({ kernel }) => {
  const { events } = await inNetwork(
    kernel.cgroup,
    `
raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)
raw.sendto(bytes([8, 0, 0xf7, 0xff, 0, 0, 0, 0]), ('127.0.0.1', 0))`,
  );
  expect(sends(events)).toEqual(['other 127.0.0.1 0']);
});

test('what did not leave is not reported', async ({ kernel }) => {
  const { events } = await inNetwork(
    kernel.cgroup,
    `
client = socket(AF_INET, SOCK_DGRAM)
try: client.sendto(b'a', ('192.0.2.1', 8125))
except OSError as error: assert error.errno == errno.ENETUNREACH`,
  );
  expect(sends(events)).toEqual([]);
});

/** `send_many(socket, addresses, flags)`: one message to each by a single sendmmsg; None is no address. */
const SEND_MANY = `
import ctypes, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
def send_many(s, addresses, flags):
    data = ctypes.create_string_buffer(b'hello', 5)
    part = ctypes.create_string_buffer(struct.pack('QQ', ctypes.addressof(data), 5))
    names, heads = [], b''
    for address in addresses:
        name = struct.pack('<H', 2) + struct.pack('>H', address[1]) + socket.inet_aton(address[0]) + bytes(8) if address else b''
        names.append(ctypes.create_string_buffer(name, 16))
        heads += struct.pack('QIIQQQQQII', ctypes.addressof(names[-1]) if address else 0, len(name), 0,
                             ctypes.addressof(part), 1, 0, 0, 0, 0, 0)
    sent = libc.sendmmsg(s.fileno(), ctypes.create_string_buffer(heads), len(addresses), flags)
    assert sent == len(addresses), ctypes.get_errno()
`;

test('sendmmsg: a peer behind a message to the connected one', async ({ kernel }) => {
  const { events, stderr } = await kernel.cgroup.python(`${SEND_MANY}
receiver, other, s = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
for each in (receiver, other): each.bind(('127.0.0.1', 0))
s.connect(receiver.getsockname())
send_many(s, [None, other.getsockname()], 0)`);
  expect(stderr).toBe('');
  expect(eventsOf(events, 'send')).toHaveLength(1);
});

test('sendmmsg: TCP that connects with its first data', async ({ kernel }) => {
  const { events, stderr } = await kernel.cgroup.python(`${SEND_MANY}
server = socket.create_server(('127.0.0.1', 0))
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
send_many(s, [server.getsockname()], 0x20000000)`);
  expect(stderr).toBe('');
  expect(eventsOf(events, 'send').map(({ protocol }) => protocol)).toEqual(['tcp']);
});

test('a connection that a connected socket is refused shows the peer that was asked for', async ({ kernel }) => {
  const { events, stderr } = await kernel.cgroup.python(`
import socket
server = socket.create_server(('127.0.0.1', 0))
s = socket.create_connection(server.getsockname())
s.connect_ex(('127.66.66.66', 6666))`);
  expect(stderr).toBe('');
  const refused = eventsOf(events, 'connect').filter(({ retval }) => retval < 0);
  expect(refused.map(({ remote }) => remote?.ip)).toEqual(['127.66.66.66']);
});
