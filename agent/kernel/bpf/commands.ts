/** Commands of bpf(2). Attribute offsets are those of `union bpf_attr` in linux/bpf.h. */
import { addressOf, bpfSyscall, checked, kernelBuffer, membarrierSyscall, SystemCallError } from './libc.ts';
import { systemCalls } from '../syscall-table.ts';

const Command = {
  mapCreate: 0,
  mapLookup: 1,
  mapUpdate: 2,
  mapDelete: 3,
  progLoad: 5,
  progRun: 10,
  infoByFd: 15,
  rawTracepointOpen: 17,
  mapLookupAndDelete: 21,
  linkCreate: 28,
} as const;

const ENOENT = 2;
const EINVAL = 22;

function bpf(what: string, command: number, attributes: Buffer): number {
  return checked(what, bpfSyscall(systemCalls().bpf, command, attributes, attributes.length));
}

const MEMBARRIER_CMD_GLOBAL = 1;

/**
 * Waits until every BPF program that runs now has ended: some 10 ms. The kernel does for this command what it does before it
 * frees memory that programs may read (synchronize_rcu, kernel/sched/membarrier.c). With `nohz_full=` it refuses: then 50 ms
 * must do, of programs that run for microseconds.
 */
export function waitForPrograms(): void {
  try {
    checked('membarrier', membarrierSyscall(systemCalls().membarrier, MEMBARRIER_CMD_GLOBAL, 0));
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.errno !== EINVAL) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
}

/** Writes the address of `target` into `attributes`. The caller must hold `target` for the duration of the call. */
export function writePointer(attributes: Buffer, offset: number, target: Buffer): void {
  attributes.writeBigUInt64LE(addressOf(target), offset);
}

function elementAttributes(map: number, key: Buffer | undefined, value: Buffer | undefined): Buffer {
  const attributes = kernelBuffer(32);
  attributes.writeUInt32LE(map, 0);
  if (key) writePointer(attributes, 8, key);
  if (value) writePointer(attributes, 16, value);
  return attributes;
}

/** False if there is no such element; any other failure throws. */
function found(command: () => void): boolean {
  try {
    command();
    return true;
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === ENOENT) return false;
    throw error;
  }
}

export function u32(value: number): Buffer {
  const buffer = kernelBuffer(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

export function u64(value: bigint): Buffer {
  const buffer = kernelBuffer(8);
  buffer.writeBigUInt64LE(value);
  return buffer;
}

/** `key` is undefined for queues: the value goes to their end. */
export function mapUpdate(map: number, key: Buffer | undefined, value: Buffer): void {
  bpf('update of a BPF map', Command.mapUpdate, elementAttributes(map, key, value));
}

export function mapLookup(map: number, key: Buffer, valueSize: number): Buffer | undefined {
  const value = kernelBuffer(valueSize);
  const present = found(() => bpf('lookup in a BPF map', Command.mapLookup, elementAttributes(map, key, value)));
  return present ? value : undefined;
}

/** False if there was no such key: of several who delete it, one alone gets true. */
export function mapDelete(map: number, key: Buffer): boolean {
  return found(() => bpf('delete from a BPF map', Command.mapDelete, elementAttributes(map, key, undefined)));
}

/** Takes the first value out of a queue; undefined if it is empty. */
export function queuePop(map: number, valueSize: number): Buffer | undefined {
  const value = kernelBuffer(valueSize);
  const present = found(() =>
    bpf('pop from a BPF queue', Command.mapLookupAndDelete, elementAttributes(map, undefined, value)),
  );
  return present ? value : undefined;
}

/** An array map of one element, as the light skeleton's loader program wants its data. */
export function createDataMap(name: string, data: Buffer): number {
  const attributes = kernelBuffer(72);
  attributes.writeUInt32LE(2, 0); // BPF_MAP_TYPE_ARRAY
  attributes.writeUInt32LE(4, 4); // key size
  attributes.writeUInt32LE(data.length, 8);
  attributes.writeUInt32LE(1, 12); // entries
  attributes.write(name, 28, 15, 'latin1');
  const map = bpf(`creation of map ${name}`, Command.mapCreate, attributes);
  mapUpdate(map, u32(0), data);
  return map;
}

/** BPF_PROG_TYPE_*. */
const programTypes = { tracepoint: 5, rawTracepoint: 17, syscall: 31 } as const;
const BPF_F_SLEEPABLE = 16;

/** `more` sets what only some types have. */
function load(
  type: keyof typeof programTypes,
  name: string,
  instructions: Buffer,
  more: (attributes: Buffer) => void,
): number {
  const attributes = kernelBuffer(128);
  const license = kernelBuffer(16);
  license.write('Dual BSD/GPL', 'latin1');
  attributes.writeUInt32LE(programTypes[type], 0);
  attributes.writeUInt32LE(instructions.length / 8, 4);
  writePointer(attributes, 8, instructions);
  writePointer(attributes, 16, license);
  attributes.write(name, 48, 15, 'latin1');
  more(attributes);
  const program = bpf(`load of program ${name}`, Command.progLoad, attributes);
  license.fill(0); // read by the kernel until here
  return program;
}

/** Loads a program that is complete in itself, for a tracepoint. */
export function loadTracepointProgram(
  type: 'tracepoint' | 'rawTracepoint',
  name: string,
  instructions: Buffer,
): number {
  return load(type, name, instructions, () => undefined);
}

/** Loads a program that user space runs once, with `fds` as its table of maps. */
export function loadSyscallProgram(name: string, instructions: Buffer, fds: Buffer): number {
  return load('syscall', name, instructions, (attributes) => {
    attributes.writeUInt32LE(BPF_F_SLEEPABLE, 44);
    writePointer(attributes, 120, fds);
  });
}

/** Runs it on a thread of its own: verification of what it loads takes a good part of a second. Gives its return value. */
export async function runSyscallProgram(program: number, context: Buffer): Promise<number> {
  const attributes = kernelBuffer(80);
  attributes.writeUInt32LE(program, 0);
  attributes.writeUInt32LE(context.length, 40);
  writePointer(attributes, 48, context);
  const result = await new Promise<number>((resolve, reject) => {
    bpfSyscall.async(systemCalls().bpf, Command.progRun, attributes, attributes.length, (error: unknown, value) => {
      if (error) reject(new Error('run of a BPF program: no thread for it', { cause: error }));
      else resolve(value);
    });
  });
  // errno belongs to the thread that made the call, so all that can be said here is that it was refused.
  if (result < 0) throw new Error('run of a BPF program: refused by the kernel');
  return attributes.readInt32LE(4);
}

/** Attaches a program that names its place in its BTF; the link lasts until the descriptor is closed. */
export function attachByBtf(what: string, program: number): number {
  const attributes = kernelBuffer(16);
  attributes.writeUInt32LE(program, 8);
  return bpf(`attachment of a ${what}`, Command.rawTracepointOpen, attributes);
}

/** The same for a program that does not; its arguments are those of the tracepoint, as the kernel passes them. */
export function attachRawTracepoint(program: number, tracepoint: string): number {
  const attributes = kernelBuffer(16);
  const name = kernelBuffer(tracepoint.length + 1);
  name.write(tracepoint, 'latin1');
  writePointer(attributes, 0, name);
  attributes.writeUInt32LE(program, 8);
  const link = bpf(`attachment to ${tracepoint}`, Command.rawTracepointOpen, attributes);
  name.fill(0); // read by the kernel until here
  return link;
}

const BPF_PERF_EVENT = 41;

export function linkPerfEvent(program: number, event: number): number {
  const attributes = kernelBuffer(64);
  attributes.writeUInt32LE(program, 0);
  attributes.writeUInt32LE(event, 4);
  attributes.writeUInt32LE(BPF_PERF_EVENT, 8);
  return bpf('attachment of a tracepoint', Command.linkCreate, attributes);
}

/** What the kernel says about a loaded program. */
export interface ProgramInfo {
  /** Runs skipped because a program of ours was active on that CPU already. */
  readonly recursionMisses: number;
  /** Instructions that the verifier walked through. */
  readonly verifiedInstructions: number;
}

/** Offsets in struct bpf_prog_info; kernels write as much as they know. */
const INFO_SIZE = 232;
const INFO_RECURSION_MISSES = 208;
const INFO_VERIFIED = 216;

export function programInfo(program: number): ProgramInfo {
  const info = kernelBuffer(INFO_SIZE);
  const attributes = kernelBuffer(16);
  attributes.writeUInt32LE(program, 0);
  attributes.writeUInt32LE(INFO_SIZE, 4);
  writePointer(attributes, 8, info);
  bpf('query of a BPF program', Command.infoByFd, attributes);
  return {
    recursionMisses: Number(info.readBigUInt64LE(INFO_RECURSION_MISSES)),
    verifiedInstructions: info.readUInt32LE(INFO_VERIFIED),
  };
}
