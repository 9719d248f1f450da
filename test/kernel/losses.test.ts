import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { clockNanoseconds, CLOCK_BOOTTIME } from '../../agent/kernel/bpf/libc.ts';
import { drainAll, eventsOf, makeCgroup } from './observed-cgroup.ts';
import { test } from './kernel-test.ts';

const CREATE_MANY = `
import os, sys
os.chdir(sys.argv[1])
for i in range(int(sys.argv[2])): os.close(os.open(f'{sys.argv[3]}{i}', os.O_CREAT | os.O_WRONLY))`;

describe('a ring that is full', () => {
  test('loses nothing uncounted, and what it lost comes again when it happens again', async ({ kernel }) => {
    const capture = await kernel.open({ ringBytes: 4096 });
    const cgroup = makeCgroup(capture);
    capture.observe(cgroup.id);
    const { capture: roomy, folder } = kernel;
    roomy.observe(cgroup.id);

    // The same activity, seen through a ring with room and through one without.
    await cgroup.python(CREATE_MANY, folder, '500', 'lost');
    const done = drainAll(roomy).filter((event) => event.cgroupId === cgroup.id).length;
    const { emitted, ringDrops } = capture.counters();
    expect(done).toBeGreaterThan(500);
    expect(ringDrops).toBeGreaterThan(400);
    expect(emitted + ringDrops).toBe(done);
    expect(capture.lossesOf(cgroup.id).ringDrops).toBe(ringDrops);

    // What the shell itself opens at its start shall not fill the ring once more: so it is the same command each time.
    const next = join(folder, 'next');
    const openNext = async () =>
      await cgroup.sh('read at < $1/next; for i in $(seq $at $(($at + 4))); do : < $1/lost$i; done', folder);
    writeFileSync(next, '500\n');
    await openNext();
    let seen = 0;
    for (let at = 0; at < 500; at += 5) {
      writeFileSync(next, `${at}\n`);
      const { events } = await openNext();
      seen += eventsOf(events, 'open').filter((event) => event.file.path.includes('/lost')).length;
    }
    expect(seen).toBe(500);
    roomy.ignore(cgroup.id);
    await cgroup.remove();
  });
});

describe('waiting', () => {
  const elapsedMs = async (action: Promise<unknown>): Promise<number> => {
    const start = clockNanoseconds(CLOCK_BOOTTIME);
    await action;
    return (clockNanoseconds(CLOCK_BOOTTIME) - start) / 1e6;
  };

  test('ends with the timeout if nothing happens, and with the next exec', async ({ kernel }) => {
    // With a ring of its own: after a program has run, that of the file's capture is read, whoever waits for it.
    const capture = await kernel.open({});
    const cgroup = makeCgroup(kernel.capture);
    capture.observe(cgroup.id);
    expect(await elapsedMs(capture.wait(30))).toBeGreaterThanOrEqual(29);
    // Longer than the test may take.
    const waiting = capture.wait(600_000);
    await cgroup.run('/bin/true');
    await waiting;
    expect(eventsOf(drainAll(capture), 'exec').map(({ file }) => file.path)).toContain('/usr/bin/true');
    capture.close();
    await cgroup.remove();
  });

  test('is over at most every third millisecond, however many programs start, and nothing stays unread', async ({
    kernel,
  }) => {
    const capture = await kernel.open({});
    const cgroup = makeCgroup(kernel.capture);
    capture.observe(cgroup.id);
    const seen: string[] = [];
    let turns = 0;
    const storm = cgroup.sh('for i in $(seq 300); do /bin/true; done; /bin/false');
    const elapsed = await elapsedMs(
      (async () => {
        while (!seen.includes('/usr/bin/false')) {
          await capture.wait(20_000);
          turns++;
          capture.drain((event) => event.type === 'exec' && seen.push(event.file.path));
        }
      })(),
    );
    await storm;
    expect(seen.filter((path) => path === '/usr/bin/true')).toHaveLength(300);
    // A timer of 3 ms may fire a little early.
    expect(turns).toBeLessThanOrEqual(elapsed / 2 + 2);
    capture.close();
    await cgroup.remove();
  });

  test('a closed capture says so instead of touching its memory', async ({ kernel }) => {
    const capture = await kernel.open({});
    const waiting = capture.wait(20);
    capture.close();
    await waiting;
    expect(() => capture.drain(() => undefined)).toThrow('closed');
    expect(() => capture.observe(1n)).toThrow('closed');
    expect(capture.counters().emitted).toBe(0);
    capture.close();
  });
});

test('the programs keep their hands off when they run into themselves', ({ kernel }) => {
  expect(kernel.capture.counters().recursionMisses).toBe(0);
});
