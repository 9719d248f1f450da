/** The same programs at both hooks of system calls, in two captures side by side: they have to report the same. */
import { onTestFinished } from 'vitest';
import type { KernelEvent } from '../../core/event/event.ts';
import type { OpenedCapture } from '../../agent/kernel/open-capture.ts';
import { ensureNotPreempted } from '../../agent/kernel/preemption.ts';
import type { RecordTypeName } from '../../agent/kernel/record-sources.ts';
import { drainAll, eventsOf, makeCgroup } from './observed-cgroup.ts';
import { inNetwork } from './own-network.ts';
import { test } from './kernel-test.ts';

/** One of each handler, with arguments in memory, in registers, and of calls that fail. */
const script = `
import ctypes, mmap, os, signal, struct
folder = '/tmp/hooks-%d' % os.getpid(); os.mkdir(folder)
for flags in (os.O_CREAT | os.O_RDWR, os.O_RDONLY, os.O_RDONLY, os.O_WRONLY | os.O_APPEND):
    fd = os.open(folder + '/a', flags); os.close(fd)
os.rename(folder + '/a', folder + '/b'); os.chmod(folder + '/b', 0o600); os.unlink(folder + '/b'); os.rmdir(folder)
question = b'\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00%b\\x07example\\x00\\x00\\x01\\x00\\x01'
server = socket(AF_INET, SOCK_DGRAM); server.bind(('127.0.0.1', 53))
client = socket(AF_INET, SOCK_DGRAM)
client.sendto(question % b'\\x01a', ('127.0.0.1', 53))
client.sendmsg([question % b'\\x01b'], [], 0, ('127.0.0.1', 53))
client.connect(('127.0.0.1', 53))
client.send(question % b'\\x01c'); os.write(client.fileno(), question % b'\\x01d')
os.writev(client.fileno(), [(question % b'\\x01e')[:12], (question % b'\\x01e')[12:]])
for _ in range(5): peer = server.recvfrom(512)[1]
server.sendto(question % b'\\x01f', peer); client.recv(512)
listener = socket(); listener.bind(('127.0.0.1', 8080)); listener.listen()
stream = socket(); stream.connect(('127.0.0.1', 8080)); other = listener.accept()[0]
stream.send(b'x'); os.write(stream.fileno(), b'y'); other.recv(2)
refused = socket(); refused.connect_ex(('127.0.0.1', 8081))
socket(AF_INET, SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 8125))
os.kill(os.getpid(), 0); mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)
libc = ctypes.CDLL(None); libc.memfd_create(b'name', 0); libc.setuid(0); libc.prctl(15, b'hooks')
pid = os.fork()
if not pid: os.execv('/bin/true', ['true', 'hooks'])
os.waitpid(pid, 0)`;

const wanted: readonly RecordTypeName[] = [
  'open',
  'dnsResponse',
  'socket',
  'chdir',
  'signal',
  'mmap',
  'memfdCreate',
  'setuid',
  'prctl',
];

/** All but when it was seen. */
function told(events: readonly KernelEvent[]): string[] {
  return events.map((event) =>
    JSON.stringify({ ...event, timestamp: 0 }, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)),
  );
}

function whyNotRaw(): string | undefined {
  try {
    ensureNotPreempted();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

test('both hooks report the same, call by call', async ({ kernel, expect, skip }) => {
  const reason = whyNotRaw();
  skip(reason !== undefined, reason);
  const [raw, classic] = await Promise.all([
    kernel.open({ variants: ['raw'] }),
    kernel.open({ variants: ['classic'] }),
  ]);
  const cgroup = makeCgroup(kernel.capture);
  onTestFinished(() => cgroup.remove());
  for (const capture of [raw, classic]) {
    capture.observe(cgroup.id);
    capture.approve(wanted.map((record) => ({ record })));
  }
  // Rules see the whole machine: what others do must not fill the rings.
  const seen = new Map<OpenedCapture, KernelEvent[]>([raw, classic].map((capture) => [capture, []]));
  const take = (): void => {
    for (const [capture, events] of seen) {
      events.push(...drainAll(capture).filter((event) => event.cgroupId === cgroup.id));
    }
  };
  const taking = setInterval(take, 20);
  onTestFinished(() => clearInterval(taking));
  await inNetwork(cgroup, script);
  take();
  const [byRaw = [], byClassic = []] = seen.values();
  expect(told(byRaw)).toEqual(told(byClassic));
  expect([raw.variant, classic.variant]).toEqual(['raw', 'classic']);
  expect(eventsOf(byRaw, 'dns').length).toBeGreaterThan(5);
  expect(raw.usesOf(cgroup.id)).toEqual(classic.usesOf(cgroup.id));
  expect(raw.counters().recursionMisses).toBe(0);
});
