/**
 * Loads a variant without libbpf. The build tool has turned all that libbpf would do (creating maps, relocating against the
 * kernel's BTF, loading programs) into one program of type "syscall"; running it in the kernel leaves the descriptors in
 * its context:
 *
 *   struct bpf_loader_ctx  24 bytes: size, flags, log level, log size, log address
 *   struct bpf_map_desc    16 bytes per map: descriptor, entries (0 = as compiled), address of the first contents
 *   struct bpf_prog_desc    4 bytes per program: descriptor
 */
import type { Blob } from '../blob.ts';
import { createDataMap, loadSyscallProgram, runSyscallProgram, u32, writePointer } from './commands.ts';
import { closeFd, errnoName, kernelBuffer, SystemCallError } from './libc.ts';

const HEADER_SIZE = 24;
const MAP_SIZE = 16;
const PROGRAM_SIZE = 4;
/**
 * Taken only to hear why a load failed. Kernels before 6.4 keep the beginning of a verifier log instead of its end, which
 * names the instruction that was refused: so all of it, about 100 bytes for each of 100,000 instructions.
 */
const LOG_SIZE = 16 << 20;
/** The verifier gives up with EAGAIN when a signal comes in, such as the end of a child process. libbpf tries as often. */
const ATTEMPTS = 5;
const EPERM = 1;
const ENOENT = 2;
const EAGAIN = 11;

export interface LoadedVariant {
  /** Descriptors by name. */
  readonly maps: ReadonlyMap<string, number>;
  readonly programs: ReadonlyMap<string, number>;
  close(): void;
}

export interface LoadOptions {
  /** Contents of the constants, frozen by the loader. */
  readonly rodata: Buffer;
  /** Entries of maps (bytes for ring buffers) that differ from what was compiled in. */
  readonly entries: Readonly<Record<string, number>>;
}

function copyForKernel(bytes: Buffer): Buffer {
  const copy = kernelBuffer(bytes.length);
  bytes.copy(copy);
  return copy;
}

/**
 * Loads it without a log, which is several times faster. Only if that fails is it done again to hear why.
 * @throws Error with the kernel's reason if it refuses a map or a program.
 */
export async function loadVariant(blob: Blob, options: LoadOptions): Promise<LoadedVariant> {
  const { context, result } = await attemptLoad(blob, options, undefined);
  // Refused without a look at any instruction, so there is no log: no right to it, or a hook that the kernel lacks.
  if (result === -EPERM || result === -ENOENT) throw new SystemCallError('load of the programs', -result);
  if (result < 0) {
    const log = kernelBuffer(LOG_SIZE);
    await attemptLoad(blob, options, log);
    throw new Error(`the kernel refused it: ${errnoName(result)}${lastLogLine(log)}`);
  }
  const descriptors = (names: readonly string[], at: (index: number) => number): Map<string, number> =>
    new Map(names.map((name, index) => [name, context.bytes.readInt32LE(at(index))]));
  const maps = descriptors(blob.maps, mapAt);
  const programs = descriptors(blob.programs, (index) => programAt(blob, index));
  const close = (): void => {
    for (const fd of [...programs.values(), ...maps.values()]) if (fd > 0) closeFd(fd);
  };
  return { maps, programs, close };
}

const mapAt = (index: number): number => HEADER_SIZE + index * MAP_SIZE;
const programAt = (blob: Blob, index: number): number => mapAt(blob.maps.length) + index * PROGRAM_SIZE;

/** The context's bytes, and the memory that they point to. */
interface LoaderContext {
  readonly bytes: Buffer;
  readonly held: readonly Buffer[];
}

function loaderContext(blob: Blob, options: LoadOptions, log: Buffer | undefined): LoaderContext {
  const bytes = kernelBuffer(programAt(blob, blob.programs.length));
  const contents = new Map([
    ['rodata', copyForKernel(options.rodata)],
    ['bss', kernelBuffer(blob.bssSize)],
  ]);
  bytes.writeUInt32LE(bytes.length, 0);
  if (log) {
    bytes.writeUInt32LE(1, 8);
    bytes.writeUInt32LE(log.length, 12);
    writePointer(bytes, 16, log);
  }
  for (const [index, name] of blob.maps.entries()) {
    const first = contents.get(name);
    bytes.writeUInt32LE(options.entries[name] ?? 0, mapAt(index) + 4);
    if (first) writePointer(bytes, mapAt(index) + 8, first);
  }
  return { bytes, held: [...contents.values()] };
}

async function attemptLoad(
  blob: Blob,
  options: LoadOptions,
  log: Buffer | undefined,
): Promise<{ readonly context: LoaderContext; readonly result: number }> {
  for (let attempt = 1; ; attempt++) {
    const context = loaderContext(blob, options, log);
    const result = await runLoader(blob, context);
    if (result !== -EAGAIN || attempt === ATTEMPTS) return { context, result };
  }
}

/** 0, or the negative errno of what was refused. */
async function runLoader(blob: Blob, context: LoaderContext): Promise<number> {
  const map = createDataMap('__loader.map', copyForKernel(blob.data));
  try {
    const program = loadSyscallProgram('__loader.prog', copyForKernel(blob.instructions), u32(map));
    try {
      const result = await runSyscallProgram(program, context.bytes);
      for (const buffer of context.held) buffer.fill(0); // read by the kernel until here
      return result;
    } finally {
      closeFd(program);
    }
  } catch (error) {
    // The loader program is verified too.
    if (error instanceof SystemCallError && error.errno === EAGAIN) return -EAGAIN;
    throw error;
  } finally {
    closeFd(map);
  }
}

/** What the verifier said at the end, before its statistics. */
function lastLogLine(log: Buffer): string {
  const end = log.indexOf(0);
  const lines = log
    .toString('latin1', 0, end === -1 ? log.length : end)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('processed '));
  const last = lines.at(-1);
  return last === undefined ? '' : `: ${last}`;
}
