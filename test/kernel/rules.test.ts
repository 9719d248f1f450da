import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { KernelEvent, OpenEvent } from '../../core/event/event.ts';
import { Purpose } from '../../core/event/event.ts';
import type { Approver } from '../../agent/kernel/approvers.ts';
import type { OpenedCapture } from '../../agent/kernel/open-capture.ts';
import { type Kernel, test } from './kernel-test.ts';
import { type Finished, drainAll, eventsOf } from './observed-cgroup.ts';

/** What reached the rules while `action` ran. */
async function approved(capture: OpenedCapture, approvers: Approver[], action: () => Promise<Finished>) {
  capture.approve(approvers);
  const { events } = await action();
  const counts = capture.approverCounts();
  capture.approve([]);
  return { counts, events: events.filter(isForRules) };
}

const isForRules = (event: KernelEvent): boolean => 'purpose' in event && (event.purpose & Purpose.rules) !== 0;
const opensOf = (events: readonly KernelEvent[], path: string): OpenEvent[] =>
  eventsOf(events, 'open').filter((event) => event.file.path === path);

function makeFile({ folder }: Kernel, name: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '');
  return path;
}

const READ_TWICE = ': < "$1"; : < "$1"; : < "$2"';

describe('approvers', () => {
  test('by base name: from every cgroup, each time, and only these', async ({ kernel }) => {
    const wanted = makeFile(kernel, 'names/Secret.key');
    const other = makeFile(kernel, 'names/public.key');
    const approver: Approver = { record: 'open', name: 'secret.KEY' };
    for (const cgroup of [kernel.cgroup, kernel.outside]) {
      const { events, counts } = await approved(
        kernel.capture,
        [{ record: 'open', name: 'of-no-file' }, approver],
        () => cgroup.sh(READ_TWICE, wanted, other),
      );
      expect(opensOf(events, wanted).map(({ cgroupId, approver: by }) => [cgroupId, by])).toEqual([
        [cgroup.id, 2],
        [cgroup.id, 2],
      ]);
      expect(events).toHaveLength(2);
      expect(counts).toEqual([
        { passed: 0, limited: 0 },
        { passed: 2, limited: 0 },
      ]);
    }
  });

  test('what learning knows already is reported to the rules all the same, and not to learning again', async ({
    kernel,
  }) => {
    const path = makeFile(kernel, 'known');
    const read = () => kernel.cgroup.sh(': < "$1"', path);
    await read();
    const { events } = await approved(kernel.capture, [{ record: 'open', name: 'known' }], read);
    expect(opensOf(events, path).map(({ purpose }) => purpose)).toEqual([Purpose.rules]);
  });

  test('what is new to both is one record', async ({ kernel }) => {
    const path = makeFile(kernel, 'new-to-both');
    const { events } = await approved(kernel.capture, [{ record: 'open', name: 'new-to-both' }], () =>
      kernel.cgroup.sh(READ_TWICE, path, '/dev/null'),
    );
    expect(opensOf(events, path).map(({ purpose }) => purpose)).toEqual([
      Purpose.rules | Purpose.learning,
      Purpose.rules,
    ]);
  });

  test('by prefix: whole names, any depth below, the folder itself', async ({ kernel }) => {
    const inside = makeFile(kernel, 'tree/a/deep/er/file');
    const beside = makeFile(kernel, 'tree/ab/file');
    const prefix = join(kernel.folder, 'tree/a');
    const { events } = await approved(kernel.capture, [{ record: 'open', prefix }], () =>
      kernel.outside.sh(`${READ_TWICE}; ls "$3"`, inside, beside, prefix),
    );
    expect(eventsOf(events, 'open').map(({ file }) => file.path)).toEqual([inside, inside, prefix]);
  });

  test('by flags: a read does not pass, and does not hide the write after it', async ({ kernel }) => {
    const path = makeFile(kernel, 'flagged');
    const O_WRONLY = 1;
    for (const condition of [{ name: 'flagged' }, { prefix: path }]) {
      const { events } = await approved(kernel.capture, [{ record: 'open', flags: O_WRONLY, ...condition }], () =>
        kernel.outside.sh(': < "$1"; : >> "$1"; : < "$1"', path),
      );
      expect(opensOf(events, path).map(({ flags }) => flags & 3)).toEqual([O_WRONLY]);
    }
  });

  test('refused opens too, by the name that was asked for', async ({ kernel }) => {
    const { events } = await approved(kernel.capture, [{ record: 'open', name: 'shadow' }], () =>
      kernel.outside.run(
        'setpriv',
        '--reuid=12',
        '--clear-groups',
        '/bin/sh',
        '-c',
        ': < /etc/shadow; : < /etc/gshadow',
      ),
    );
    // The machine itself reads this file, too.
    expect(events.filter(({ cgroupId }) => cgroupId === kernel.outside.id)).toMatchObject([
      { type: 'open', retval: -13, approver: 1, file: { path: '/etc/shadow' } },
    ]);
  });

  test('a limit: the burst passes, the rest is counted, and the other rule of that file has its own', async ({
    kernel,
  }) => {
    const path = makeFile(kernel, 'often');
    const limited: Approver = { record: 'open', name: 'often', limit: { perSecond: 0.001, burst: 7 } };
    const read = () => kernel.outside.sh('for i in $(seq 50); do : < "$1"; done', path);
    const before = kernel.capture.counters();
    const alone = await approved(kernel.capture, [limited], read);
    expect(alone.counts).toEqual([{ passed: 7, limited: 43 }]);
    expect(opensOf(alone.events, path)).toHaveLength(7);
    const both = await approved(kernel.capture, [limited, { record: 'open', name: 'often' }], read);
    expect(both.counts).toEqual([
      { passed: 7, limited: 43 },
      { passed: 50, limited: 0 },
    ]);
    expect(opensOf(both.events, path).map(({ approver }) => approver)).toEqual([
      ...Array<number>(7).fill(1),
      ...Array<number>(43).fill(2),
    ]);
    // The capture goes on counting when approvers are replaced.
    const { rulesPassed, rulesLimited } = kernel.capture.counters();
    expect(rulesPassed - before.rulesPassed).toBe(7 + 7 + 50);
    expect(rulesLimited - before.rulesLimited).toBe(43 + 43);
  });

  test('what no condition can be asked of passes as approver 0, at one rate for the node', async ({ kernel }) => {
    const { capture, outside } = kernel;
    const tries = 20_000;
    const REFUSED = `
import os
for _ in range(${tries}):
    try: os.open('/etc/shadow', os.O_RDONLY)
    except PermissionError: pass`;
    const before = capture.counters().uncheckedLimited;
    capture.approve([{ record: 'open', prefix: '/nowhere' }]);
    const { events } = await outside.pythonUnder(['setpriv', '--reuid=12', '--clear-groups'], REFUSED);
    const counts = capture.uncheckedCounts();
    expect(capture.approverCounts()).toEqual([{ passed: 0, limited: 0 }]);
    capture.approve([]);
    const passed = eventsOf(events, 'open').filter(({ cgroupId }) => cgroupId === outside.id);
    expect(new Set(passed.map(({ approver, file }) => `${approver} ${file.path}`))).toEqual(new Set(['0 /etc/shadow']));
    expect(passed.length).toBeGreaterThanOrEqual(1_000);
    expect(passed.length).toBeLessThanOrEqual(counts.passed);
    expect(counts.limited).toBeGreaterThan(0);
    expect(counts.passed + counts.limited).toBeGreaterThanOrEqual(tries);
    expect(capture.uncheckedCounts()).toEqual({ passed: 0, limited: 0 });
    expect(capture.counters().uncheckedLimited - before).toBeGreaterThanOrEqual(counts.limited);
  });

  test('an urgent one wakes the reader, another does not', async ({ kernel }) => {
    const path = makeFile(kernel, 'urgent');
    const capture = await kernel.open({ wakeOnExec: false });
    const cgroup = kernel.outside;
    const woken = async (urgent: boolean): Promise<boolean> => {
      capture.approve([{ record: 'open', name: 'urgent', urgent }]);
      let done = false;
      const waiting = capture.wait(600_000).then(() => (done = true));
      await cgroup.sh(': < "$1"', path);
      // The record is in the ring by now; so is the wakeup, if there is one.
      if (urgent) await waiting;
      else expect(done).toBe(false);
      const seen = opensOf(drainAll(capture), path).length;
      expect(seen).toBe(1);
      if (!urgent) {
        capture.approve([{ record: 'open', name: 'urgent', urgent: true }]);
        await cgroup.sh(': < "$1"', path);
        await waiting;
        drainAll(capture);
      }
      return done;
    };
    expect(await woken(false)).toBe(true);
    expect(await woken(true)).toBe(true);
  });

  test('a new set takes over without a gap', async ({ kernel }) => {
    const path = makeFile(kernel, 'handover');
    const { capture } = kernel;
    const approver: Approver = { record: 'open', name: 'handover' };
    capture.approve([approver]);
    const running = kernel.outside.python(
      `
import sys
for _ in range(20000):
    open(sys.argv[1]).close()`,
      path,
    );
    let seen = 0;
    let ended = false;
    const finished = running.then(({ events }) => {
      ended = true;
      return events;
    });
    const count = (events: readonly KernelEvent[]): void => void (seen += opensOf(events, path).length);
    const turn = async (): Promise<void> => {
      capture.approve([{ record: 'exec' }, approver]);
      capture.approve([approver]);
      count(drainAll(capture));
      await new Promise((resolve) => setImmediate(resolve));
      if (!ended) await turn();
    };
    const before = capture.counters().ringDrops;
    await turn();
    count(await finished);
    capture.approve([]);
    expect(seen + capture.counters().ringDrops - before).toBe(20_000);
  });
});
