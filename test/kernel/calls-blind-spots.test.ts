/** Ways past the programs: they leave a mark at the container, and calls of the other table are events for rules. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { Kernel } from './kernel-test.ts';
import { test } from './kernel-test.ts';
import { eventsOf } from './observed-cgroup.ts';
import { forRules } from './rule-events.ts';

/** Programs that the compiler makes without any library: 20 is getpid in the table of 32-bit programs. */
const INT80 = `
void _start(void) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20), "b"(7) : "memory");
  __asm__ volatile("EXIT" : : "a"(CODE), "D"(0), "b"(0));
  __builtin_unreachable();
}`;

function compiled(kernel: Kernel, name: string, exit: string, code: number, ...flags: string[]): string {
  const path = join(kernel.folder, name);
  writeFileSync(`${path}.c`, INT80.replace('EXIT', exit).replace('CODE', String(code)));
  execFileSync('gcc', [...flags, '-static', '-nostdlib', '-fno-pie', '-no-pie', '-O1', '-o', path, `${path}.c`]);
  return path;
}

describe.skipIf(process.arch !== 'x64')('32-bit calls (only x86 has them in 64-bit programs)', () => {
  test('leave a mark, whatever the width of the program', async ({ kernel }) => {
    const programs = [
      compiled(kernel, 'marked64', 'syscall', 60),
      compiled(kernel, 'marked32', 'int $0x80', 1, '-m32'),
    ];
    for (const [index, program] of programs.entries()) {
      const inner = kernel.cgroup.child(`compat${index}`);
      kernel.capture.observe(inner.id);
      await inner.run('/bin/true');
      expect(kernel.capture.blindSpotsOf(inner.id)).toEqual([]);
      const { events } = await inner.run(program);
      expect(kernel.capture.blindSpotsOf(inner.id)).toEqual(['compat-syscalls']);
      expect(events.map(({ type }) => type)).not.toContain('compat_call');
      kernel.capture.ignore(inner.id);
    }
  });

  test('of a 64-bit program each is an event; of a 32-bit program none', async ({ kernel }) => {
    const wide = compiled(kernel, 'wide', 'syscall', 60);
    const narrow = compiled(kernel, 'narrow', 'int $0x80', 1, '-m32');
    const first = await forRules(kernel, ['compatCall'], () => kernel.outside.run(wide));
    const pid = eventsOf(first.events, 'compat_call')[0]?.process.pid;
    expect(eventsOf(first.events, 'compat_call')).toMatchObject([
      { call: 'int80', number: 20, retval: pid, arguments: [7n, 0n, 0n, 0n, 0n, 0n] },
    ]);
    const second = await forRules(kernel, ['compatCall'], () => kernel.outside.run(narrow));
    expect(second.status).toBe(0);
    expect(second.events).toEqual([]);
    expect(kernel.capture.blindSpotsOf(kernel.outside.id)).toEqual([]);
  });
});

test('io_uring leaves a mark, an attempt without success none; a new owner of the slot begins without', async ({
  kernel,
  skip,
}) => {
  const inner = kernel.cgroup.child('uring');
  kernel.capture.observe(inner.id);
  const SETUP =
    'import ctypes; print(ctypes.CDLL(None).syscall(425, int(__import__("sys").argv[1]), (ctypes.c_uint * 30)()))';
  await inner.python(SETUP, '0');
  expect(kernel.capture.blindSpotsOf(inner.id)).toEqual([]);
  const { stdout } = await inner.python(SETUP, '4');
  if (Number(stdout) < 0) return skip('this kernel allows no io_uring');
  expect(kernel.capture.blindSpotsOf(inner.id)).toEqual(['io_uring']);
  kernel.capture.newEpoch(inner.id);
  expect(kernel.capture.blindSpotsOf(inner.id)).toEqual(['io_uring']);
  kernel.capture.ignore(inner.id);
  kernel.capture.observe(inner.id);
  expect(kernel.capture.blindSpotsOf(inner.id)).toEqual([]);
});
