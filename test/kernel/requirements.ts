/** What the kernel tests need of the machine, and what is missing here. */
import { execFileSync } from 'node:child_process';
import { accessSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The reason why kernel tests cannot run, or undefined. */
export function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  try {
    accessSync('/sys/kernel/btf/vmlinux');
  } catch {
    return 'the kernel has no BTF (/sys/kernel/btf/vmlinux)';
  }
  for (const [tool, argument] of [
    ['clang-14', '--version'],
    ['bpftool', 'version'],
    ['/usr/bin/python3', '--version'],
    ['unshare', '--version'],
    ['gcc', '--version'],
  ] as const) {
    try {
      execFileSync(tool, [argument], { stdio: 'ignore' });
    } catch {
      return `${tool} is missing`;
    }
  }
  return undefined;
}

export interface Tracefs {
  readonly path: string;
  remove(): void;
}

/** The machine's tracefs, or one of our own for the time of the tests. */
export function mountTracefs(): Tracefs {
  const usual = '/sys/kernel/tracing';
  if (readdirSync(usual).includes('events')) return { path: usual, remove: () => undefined };
  const path = mkdtempSync(join(tmpdir(), 'tracefs-'));
  execFileSync('mount', ['-t', 'tracefs', 'tracefs', path]);
  return {
    path,
    remove: () => {
      execFileSync('umount', [path]);
      rmSync(path, { recursive: true });
    },
  };
}
