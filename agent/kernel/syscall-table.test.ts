/** The numbers against the kernel's own headers, which linux-libc-dev (libc6-dev needs it) installs. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Architecture, observedKinds, type SyscallKindName, systemCalls } from './syscall-table.ts';

/** arm64 has no table of its own: its asm/unistd.h includes the generic one. */
const headers: Readonly<Record<Architecture, string>> = {
  amd64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
  arm64: '/usr/include/asm-generic/unistd.h',
};

/** Calls that a header may be too old for: syscall_64.tbl and scripts/syscall.tbl of Linux 6.13, alike everywhere from 424 on. */
const newer = [
  ['fchmodat2', 452],
  ['setxattrat', 463],
  ['removexattrat', 466],
] as const;

/** `#define __NR_openat 56`; calls that 32-bit machines have in two widths are `__NR3264_`. */
function numbersOf(header: string): Map<string, number> {
  const lines = readFileSync(header, 'utf8').matchAll(/^#define\s+__NR(?:3264)?_(\w+)\s+(\d+)\s*$/gm);
  return new Map([...newer, ...Array.from(lines, ([, name = '', number]) => [name, Number(number)] as const)]);
}

/** Kinds whose calls are not named like them. */
const renamed: Partial<Record<SyscallKindName, readonly string[]>> = {
  openHandle: ['open_by_handle_at'],
  accept: ['accept', 'accept4'],
  writev: ['writev', 'pwritev', 'pwritev2'],
  readv: ['readv', 'preadv2'],
  umount: ['umount2'],
  utimes: ['utimes', 'utime'],
};

/** `openHandle` -> `open_handle`. */
const callsOf = (kind: SyscallKindName): readonly string[] =>
  renamed[kind] ?? [kind.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];

describe.for(['amd64', 'arm64'] as const)('system calls of %s', (arch) => {
  const header = headers[arch];
  const names = (skip: (reason: string) => never): Map<string, number> =>
    existsSync(header) ? numbersOf(header) : skip(`${header} is missing (package linux-libc-dev)`);

  test('those that the loader makes', ({ skip }) => {
    const numbers = names(skip);
    const { bpf, perfEventOpen, membarrier } = systemCalls(arch);
    const called = ['bpf', 'perf_event_open', 'membarrier'];
    expect([bpf, perfEventOpen, membarrier]).toEqual(called.map((name) => numbers.get(name)));
  });

  test('those that are observed have the numbers of the header, and none is left out', ({ skip }) => {
    const numbers = names(skip);
    const table = observedKinds(arch);
    // Whatever one architecture observes, the other does as well, if it has the call.
    const kinds = new Set([...observedKinds('amd64').values(), ...observedKinds('arm64').values()]);
    const inHeader = [...kinds].flatMap((kind) =>
      callsOf(kind).flatMap((name) => {
        const number = numbers.get(name);
        return number === undefined ? [] : [`${number} ${name}: ${kind}`];
      }),
    );
    const nameOf = new Map(Array.from(numbers, ([name, number]) => [number, name]));
    const inTable = Array.from(table, ([number, kind]) => `${number} ${nameOf.get(number) ?? '?'}: ${kind}`);
    expect(inTable.toSorted()).toEqual(inHeader.toSorted());
  });
});
