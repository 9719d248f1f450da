import { describe, expect } from 'vitest';
import type { KernelEvent } from '../../core/event/event.ts';
import { eventsOf } from './observed-cgroup.ts';
import { test } from './kernel-test.ts';
import { inNetwork } from './own-network.ts';

const sockets = (events: readonly KernelEvent[]) => eventsOf(events, 'connect', 'bind', 'listen', 'accept');

describe.each([
  { name: 'IPv4', family: 'AF_INET', ip: '127.0.0.1', any: '0.0.0.0' },
  { name: 'IPv6', family: 'AF_INET6', ip: '::1', any: '::' },
])('$name', ({ family, ip, any }) => {
  const at = (port: number, address = ip) => ({ family: ip === '::1' ? 'ipv6' : 'ipv4', ip: address, port });

  test('TCP from both ends', async ({ kernel }) => {
    const { events, stdout } = await inNetwork(
      kernel.cgroup,
      `
server = socket(${family})
server.bind(('${any}', 8080))
server.listen()
client = create_connection(('${ip}', 8080))
accepted, peer = server.accept()
print(peer[1])`,
    );
    const port = Number(stdout);
    expect(sockets(events)).toMatchObject([
      { type: 'bind', protocol: 'tcp', local: at(8080, any), retval: 0 },
      { type: 'listen', protocol: 'tcp', local: at(8080, any), retval: 0 },
      { type: 'connect', protocol: 'tcp', local: at(port), remote: at(8080), retval: 0 },
      { type: 'accept', protocol: 'tcp', local: at(8080), remote: at(port), retval: 0 },
    ]);
  });

  test('refused, impossible and unfinished connections', async ({ kernel }) => {
    const { events } = await inNetwork(
      kernel.cgroup,
      `
refused = socket(${family})
assert refused.connect_ex(('${ip}', 81)) == errno.ECONNREFUSED
server = socket(${family}); server.bind(('${ip}', 82)); server.listen()
started = socket(${family}); started.setblocking(False)
assert started.connect_ex(('${ip}', 82)) == errno.EINPROGRESS
taken = socket(${family})
try: taken.bind(('${ip}', 82))
except OSError as error: assert error.errno == errno.EADDRINUSE`,
    );
    expect(sockets(events)).toMatchObject([
      { type: 'connect', remote: at(81), retval: -111 },
      { type: 'bind', local: at(82), retval: 0 },
      { type: 'listen', local: at(82) },
      { type: 'connect', remote: at(82), retval: -115 },
      { type: 'bind', local: at(82), retval: -98 },
    ]);
  });

  test('UDP', async ({ kernel }) => {
    const { events } = await inNetwork(
      kernel.cgroup,
      `
server = socket(${family}, SOCK_DGRAM); server.bind(('${ip}', 514))
client = socket(${family}, SOCK_DGRAM); client.connect(('${ip}', 514))`,
    );
    expect(sockets(events)).toMatchObject([
      { type: 'bind', protocol: 'udp', local: at(514) },
      { type: 'connect', protocol: 'udp', remote: at(514), retval: 0 },
    ]);
  });
});

test('an IPv4 peer of an IPv6 socket shows as IPv4', async ({ kernel }) => {
  const { events } = await inNetwork(
    kernel.cgroup,
    `
server = create_server(('', 8081), family=AF_INET6, dualstack_ipv6=True)
client = create_connection(('127.0.0.1', 8081))
server.accept()`,
  );
  const [accept] = eventsOf(events, 'accept');
  expect(accept).toMatchObject({ local: { family: 'ipv4', ip: '127.0.0.1', port: 8081 }, remote: { ip: '127.0.0.1' } });
});

test('sockets of other families are no network activity', async ({ kernel }) => {
  const { events } = await kernel.cgroup.python(`
from socket import *
a = socket(AF_UNIX); a.bind('\\0kernel-test'); a.listen()
b = socket(AF_UNIX); b.connect('\\0kernel-test')
a.accept()`);
  expect(sockets(events)).toEqual([]);
});

test('a hundred clients of one address are one behaviour, another port is another', async ({ kernel }) => {
  const { events } = await inNetwork(
    kernel.cgroup,
    `
server = socket(); server.bind(('127.0.0.1', 83)); server.listen(200)
clients = [create_connection(('127.0.0.1', 83)) for _ in range(100)]
for _ in clients: server.accept()
other = socket(); other.bind(('127.0.0.1', 84)); other.listen()
create_connection(('127.0.0.1', 84))`,
  );
  expect(eventsOf(events, 'connect').map((event) => event.remote?.port)).toEqual([83, 84]);
  expect(eventsOf(events, 'accept')).toHaveLength(1);
});
