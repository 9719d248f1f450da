import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { syscallName, syscallNumbers } from './syscall-names.ts';

const headers = [
  ['amd64', '/usr/include/x86_64-linux-gnu/asm/unistd_64.h'],
  ['arm64', '/usr/include/asm-generic/unistd.h'],
] as const;

/** Macros that name no call, and the generic names of calls that 64-bit machines know by another. */
const noCalls = new Set(['syscalls', 'arch_specific_syscall', 'sync_file_range2']);
const renamed = new Map([['fstatat', 'newfstatat']]);

test.for(headers)('names of %s are those of %s', ([arch, path], { skip }) => {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    skip(`no ${path}`);
  }
  const theirs = [...text.matchAll(/#define __NR(?:3264)?_(\w+)\s+(\d+)\b/g)].flatMap(([, name = '', number]) =>
    noCalls.has(name) ? [] : [[Number(number), renamed.get(name) ?? name] as const],
  );
  expect(theirs.length).toBeGreaterThan(250);
  expect(theirs.filter(([number, name]) => syscallName(number, arch) !== name)).toEqual([]);
});

test('numbers by name', () => {
  expect(syscallNumbers(['read', 'openat'], 'amd64')).toEqual([0, 257]);
  expect(syscallNumbers(['read', 'openat'], 'arm64')).toEqual([63, 56]);
  expect(() => syscallNumbers(['open'], 'arm64')).toThrow('arm64 has no system call open');
  expect(syscallName(511, 'amd64')).toBeUndefined();
});
