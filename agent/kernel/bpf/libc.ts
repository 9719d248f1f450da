/**
 * The C functions that the kernel side needs, bound once. Loading `null` resolves them in the running program, so that
 * glibc and musl are the same to us.
 */
import * as koffi from 'koffi';
import type { KoffiFunc } from 'koffi';
import { getSystemErrorName } from 'node:util';

const program = koffi.load(null);

/** A call that the kernel refused. */
export class SystemCallError extends Error {
  readonly errno: number;

  constructor(what: string, errno: number) {
    super(`${what}: ${errnoName(errno)}`);
    this.name = 'SystemCallError';
    this.errno = errno;
  }
}

/** `ENOENT` and the like; the number itself for values that Node does not know. */
export function errnoName(errno: number): string {
  try {
    return getSystemErrorName(-Math.abs(errno));
  } catch {
    return `errno ${errno}`;
  }
}

/** bpf(2): number of the system call, command, attributes, their size. */
export const bpfSyscall: KoffiFunc<(nr: number, command: number, attributes: Buffer, size: number) => number> =
  program.func('syscall', 'long', ['long', 'int', 'void *', 'unsigned int']);

/** membarrier(2). */
export const membarrierSyscall: KoffiFunc<(nr: number, command: number, flags: number) => number> = program.func(
  'syscall',
  'long',
  ['long', 'int', 'unsigned int'],
);

type PerfEventArguments = [nr: number, attributes: Buffer, pid: number, cpu: number, group: number, flags: number];
/** perf_event_open(2). */
export const perfEventSyscall: KoffiFunc<(...call: PerfEventArguments) => number> = program.func('syscall', 'long', [
  'long',
  'void *',
  'int',
  'int',
  'int',
  'unsigned long',
]);

type MmapArguments = [address: null, length: number, protection: number, flags: number, fd: number, offset: number];
const mmap: KoffiFunc<(...call: MmapArguments) => bigint> = program.func('mmap', 'void *', [
  'void *',
  'size_t',
  'int',
  'int',
  'int',
  'int64',
]);
const munmap: KoffiFunc<(address: bigint, length: number) => number> = program.func('munmap', 'int', [
  'void *',
  'size_t',
]);
const madvise: KoffiFunc<(address: bigint, length: number, advice: number) => number> = program.func('madvise', 'int', [
  'uint64',
  'size_t',
  'int',
]);
const close: KoffiFunc<(fd: number) => number> = program.func('close', 'int', ['int']);
const epollCreate: KoffiFunc<(flags: number) => number> = program.func('epoll_create1', 'int', ['int']);
const epollControl: KoffiFunc<(epoll: number, operation: number, fd: number, event: Buffer) => number> = program.func(
  'epoll_ctl',
  'int',
  ['int', 'int', 'int', 'void *'],
);
const epollWait: KoffiFunc<(epoll: number, events: Buffer, max: number, timeout: number) => number> = program.func(
  'epoll_wait',
  'int',
  ['int', 'void *', 'int', 'int'],
);
const clockGettime: KoffiFunc<(clock: number, time: Buffer) => number> = program.func('clock_gettime', 'int', [
  'int',
  'void *',
]);

const sysconf: KoffiFunc<(name: number) => number> = program.func('sysconf', 'long', ['int']);

/** The result of a call, or its errno as an exception. */
export function checked(what: string, result: number): number {
  if (result < 0) throw new SystemCallError(what, koffi.errno());
  return result;
}

/**
 * Memory whose address the kernel may be given: an ArrayBuffer of its own lies outside of the garbage collector's heap and
 * never moves (small typed arrays would lie inside). It lives as long as the caller holds the Buffer.
 */
export function kernelBuffer(size: number): Buffer {
  return Buffer.from(new ArrayBuffer(size));
}

export function addressOf(buffer: Buffer): bigint {
  return koffi.address(buffer);
}

export function closeFd(fd: number): void {
  checked(`close(${fd})`, close(fd));
}

const SC_PAGESIZE = 30;

/** 4096 on x86; arm64 kernels are built with 4, 16 or 64 KB. */
export function pageSize(): number {
  return checked('sysconf', sysconf(SC_PAGESIZE));
}

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** Pages of a map. After `unmap` any access through `buffer` is a fault that kills the process. */
export interface Mapping {
  readonly buffer: ArrayBuffer;
  unmap(): void;
}

export function mapShared(fd: number, length: number, offset: number, writable: boolean): Mapping {
  const address = mmap(null, length, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, offset);
  if (BigInt.asUintN(64, address) === MAP_FAILED) throw new SystemCallError(`mmap of ${length} bytes`, koffi.errno());
  return {
    buffer: koffi.view(address, length),
    unmap: () => {
      checked('munmap', munmap(address, length));
    },
  };
}

const MADV_DONTNEED = 4;

/** What was written to these pages is lost, unless they are shared; what a file has in them comes back when it is wanted. */
export function dropPages(address: bigint, length: number): void {
  checked(`madvise of ${length} bytes`, madvise(address, length, MADV_DONTNEED));
}

const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
/** struct epoll_event: 12 bytes on x86, where it is packed, 16 elsewhere; the event mask comes first in both. */
const EPOLL_EVENT_SIZE = 16;

/** An epoll instance that reports when `fd` is readable. */
export function epollOf(fd: number): number {
  const epoll = checked('epoll_create1', epollCreate(EPOLL_CLOEXEC));
  const event = kernelBuffer(EPOLL_EVENT_SIZE);
  event.writeUInt32LE(EPOLLIN, 0);
  checked('epoll_ctl', epollControl(epoll, EPOLL_CTL_ADD, fd, event));
  return epoll;
}

/** Waits on a thread of koffi's own. A signal may end it early: that looks like a timeout. */
export async function epollWaitAsync(epoll: number, timeoutMs: number): Promise<void> {
  const events = kernelBuffer(EPOLL_EVENT_SIZE);
  await new Promise<void>((resolve) => {
    epollWait.async(epoll, events, 1, timeoutMs, () => resolve());
  });
  // Keeps the buffer reachable until the thread is done with it.
  events.fill(0);
}

export const CLOCK_REALTIME = 0;
export const CLOCK_BOOTTIME = 7;

/** Nanoseconds of a clock; above 2^53 (104 days for the boot clock) rounded to an even number. */
export function clockNanoseconds(clock: number): number {
  const time = kernelBuffer(16);
  checked('clock_gettime', clockGettime(clock, time));
  return Number(time.readBigInt64LE(0)) * 1e9 + Number(time.readBigInt64LE(8));
}
