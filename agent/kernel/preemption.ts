/**
 * Whether the kernel disables preemption around programs at the raw tracepoint of system calls. A program that is preempted
 * keeps its CPU from running it for other tasks, whose calls then pass unseen.
 *
 * Up to 6.12 all tracepoints disable it. In 6.13 those of system calls became able to fault, and the one place that calls BPF
 * programs there disables it instead. That was taken back for programs that may sleep, and with it came a function for the
 * classic tracepoints: 7.2 has it, and loses calls. Vendors take such changes into older kernels, so it is looked for.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { release as kernelRelease } from 'node:os';

/** The newest kernel of which this is known. */
const newest = [6, 18] as const;
const cameWithPreemption = 'trace_call_bpf_faultable';
const CHUNK = 256 << 10;

/** Whether the kernel's type information, some megabytes, has this name. Read in parts: memory once taken stays taken. */
function hasName(btf: string, name: string): boolean {
  const fd = openSync(btf, 'r');
  try {
    const chunk = Buffer.alloc(name.length + CHUNK);
    // The end of each part is kept in front of the next one.
    while (readSync(fd, chunk, name.length, CHUNK, null) > 0) {
      if (chunk.includes(name)) return true;
      chunk.copyWithin(0, CHUNK);
      chunk.fill(0, name.length);
    }
    return false;
  } finally {
    closeSync(fd);
  }
}

/** @throws Error where programs may be preempted, or nothing is known of it. */
export function ensureNotPreempted(release = kernelRelease(), btf = '/sys/kernel/btf/vmlinux'): void {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  if (major > newest[0] || (major === newest[0] && minor > newest[1]))
    throw new Error(`Linux ${newest.join('.')} is the newest that is known not to preempt programs at system calls`);
  if (hasName(btf, cameWithPreemption)) throw new Error('this kernel may preempt programs at system calls');
}
