/** More distinct behaviour than anybody can keep. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { snapshotLimits } from '../../core/activity/snapshot.ts';
import { compile, suffer } from './hostile-container.ts';
import { test } from './kernel-test.ts';
import { eventsOf, PYTHON } from './observed-cgroup.ts';

const FILES = 100_000;
const MiB = 1 << 20;

/** Names of letters alone: numbers would be taken together as what differs from run to run. */
const MAKER = `
int main(int argc, char **argv) {
  int files = atoi(argv[2]);
  // In memory: this is about names, not about a disk.
  if (mount("none", argv[1], "tmpfs", 0, NULL) || chdir(argv[1])) return 1;
  for (int index = 0; index < files; index++) {
    char name[8] = "";
    for (int digit = 0, rest = index; digit < 5; digit++, rest /= 26) name[digit] = 'a' + rest % 26;
    int fd = open(name, O_CREAT | O_WRONLY, 0600);
    if (fd < 0 || close(fd) || unlink(name)) return 1;
  }
  return 0;
}`;

test(`${FILES} distinct files: each seen or counted as lost, the tree within its bytes, a snapshot within its limits`, async ({
  kernel,
}) => {
  const folder = join(kernel.folder, 'many');
  mkdirSync(folder);
  const maker = compile(kernel.folder, 'maker', MAKER);
  const { capture } = kernel;
  const before = capture.counters();
  const run = await suffer(kernel, MiB, maker, folder, String(FILES));
  expect(run.status).toBe(0);
  const seen = eventsOf(run.events, 'open').filter((event) => event.file.path.startsWith(`${folder}/`)).length;
  const after = capture.counters();
  const dropped = after.ringDrops - before.ringDrops;
  expect(seen + dropped).toBeGreaterThanOrEqual(FILES);
  expect(seen).toBeLessThanOrEqual(FILES);
  expect(run.events.length).toBe(after.emitted - before.emitted);

  const { tree, snapshot } = run;
  expect(tree.bytes).toBeLessThanOrEqual(MiB);
  expect(snapshot.files.length).toBeLessThanOrEqual(snapshotLimits.files);
  const kept = new Set(snapshot.files.map(({ path }) => path).filter((path) => path.startsWith(`${folder}/`)));
  expect(kept.size).toBeGreaterThan(1000);
  // Opened and deleted: what has no room is refused each time that it comes.
  const uses = eventsOf(run.events, 'open', 'unlink').filter(({ file }) => file.path.startsWith(`${folder}/`));
  expect(snapshot.losses.treeFull).toBe(uses.filter(({ file }) => !kept.has(file.path)).length);
  expect(Buffer.byteLength(JSON.stringify(snapshot))).toBeLessThan(snapshotLimits.jsonBytes);

  // What came after the files still has its place.
  expect(snapshot.processes.at(-1)?.executable).toBe(maker);
});

const PEERS = 10_000;

test(`${PEERS} peers and as many names asked for: each seen or counted as lost, all within their limits`, async ({
  kernel,
}) => {
  const script = `
import socket, string
letters = string.ascii_lowercase
def name(index):
    return bytes(ord(letters[index // 26 ** place % 26]) for place in range(4))
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for index in range(${PEERS}):
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer.connect((f'127.1.{index >> 8}.{index & 255}', 9))
    peer.close()
    question = b'\\x00\\x01\\x01\\x00\\x00\\x01' + bytes(6) + b'\\x04' + name(index) + b'\\x04evil\\x00' + b'\\x00\\x01\\x00\\x01'
    sock.sendto(question, ('127.0.0.1', 53))`;
  const before = kernel.capture.counters();
  const { events, tree, snapshot, status } = await suffer(kernel, MiB, ...PYTHON, script);
  expect(status).toBe(0);
  const dropped = kernel.capture.counters().ringDrops - before.ringDrops;
  const connects = eventsOf(events, 'connect').filter(({ remote }) => remote?.ip.startsWith('127.1.') === true).length;
  const names = eventsOf(events, 'dns').filter(({ questions }) => questions[0]?.name.endsWith('.evil') === true).length;
  expect(connects + names + dropped).toBeGreaterThanOrEqual(2 * PEERS);
  expect(Math.max(connects, names)).toBeLessThanOrEqual(PEERS);
  expect(tree.bytes).toBeLessThanOrEqual(MiB);
  expect(snapshot.dns.length).toBeLessThanOrEqual(snapshotLimits.dns);
  expect(snapshot.network.length).toBeLessThanOrEqual(snapshotLimits.network);
  expect(snapshot.losses.treeFull + dropped).toBeGreaterThan(PEERS);
});
