import { expect } from 'vitest';
import type { KernelEvent } from '../../core/event/event.ts';
import { eventsOf } from './observed-cgroup.ts';
import { test } from './kernel-test.ts';

const AF_INET = 2;
const AF_NETLINK = 16;
const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ATTACH_FILTER = 26;

const SCRIPT = `
import ctypes, struct
from socket import *
raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)
packet = socket(AF_PACKET, SOCK_RAW, 0)
netlink = socket(AF_NETLINK, SOCK_DGRAM, 0)
try: socket(AF_INET, SOCK_STREAM, 17)
except OSError: pass
code = ctypes.create_string_buffer(struct.pack('<HBBI', 6, 0, 0, 0) * 3)
raw.setsockopt(SOL_SOCKET, 26, struct.pack('<HxxxxxxQ', 3, ctypes.addressof(code)))
raw.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)`;

test('sockets that are made and options that are set, for rules only', async ({ kernel }) => {
  const unasked = await kernel.cgroup.python(SCRIPT);
  expect(eventsOf(unasked.events, 'socket', 'setsockopt')).toEqual([]);

  kernel.capture.approve([{ record: 'socket' }, { record: 'setsockopt' }]);
  const { events } = await kernel.cgroup.python(SCRIPT);
  kernel.capture.approve([]);
  const own: readonly KernelEvent[] = events.filter((event) => event.cgroupId === kernel.cgroup.id);
  expect(eventsOf(own, 'socket')).toMatchObject([
    { domain: AF_INET, socketType: SOCK_RAW, protocol: 1 },
    { domain: AF_PACKET, socketType: SOCK_RAW, protocol: 0 },
    { domain: AF_NETLINK, socketType: SOCK_DGRAM },
    { domain: AF_INET, socketType: 1, protocol: 17, retval: -93 },
  ]);
  expect(eventsOf(own, 'setsockopt')).toMatchObject([
    {
      socketFamily: AF_INET,
      socketType: SOCK_RAW,
      socketProtocol: 1,
      level: SOL_SOCKET,
      optname: SO_ATTACH_FILTER,
      filterLength: 3,
      retval: 0,
    },
    { optname: SO_REUSEADDR, filterLength: 0 },
  ]);
});
