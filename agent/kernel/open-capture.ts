/** Brings the kernel side up: picks the variant that the kernel takes, loads it, attaches it, and reads what it reports. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { attachTracepoint } from './bpf/attach.ts';
import { attachRawTracepoint, mapUpdate, programInfo, u32 } from './bpf/commands.ts';
import { closeFd, kernelBuffer, mapShared, pageSize, SystemCallError } from './bpf/libc.ts';
import type { Mapping } from './bpf/libc.ts';
import { loadVariant } from './bpf/light-skeleton.ts';
import type { LoadedVariant } from './bpf/light-skeleton.ts';
import { defaultBlobFolder, readBlob } from './blob.ts';
import type { Blob } from './blob.ts';
import type { Capture } from './capture.ts';
import { createCapture } from './kernel-capture.ts';
import { createCgroupTable, STATES_SIZE } from './cgroup-table.ts';
import { CgroupSource, findHierarchy } from './hierarchy.ts';
import type { CgroupHierarchy } from './hierarchy.ts';
import { mapRing } from './ring.ts';
import { observedKinds, SyscallKind } from './syscall-table.ts';
import { variants } from './variants.ts';
import type { Variant } from './variants.ts';

export interface CaptureOptions {
  /** Folder of the compiled programs; by default `bpf/<arch>` in dist. */
  readonly blobFolder?: string;
  /** Bytes of the ring buffer, a power of two and at least a page; by default 2 MiB, about 15,000 records. */
  readonly ringBytes?: number;
  /** Wake the reader when so many bytes wait; by default 64 KiB. */
  readonly wakeBytes?: number;
  /** Wake the reader at each exec; on by default. Costs the exec some microseconds. */
  readonly wakeOnExec?: boolean;
  readonly tracefs?: string;
  readonly cgroupRoot?: string;
}

/** A running capture, and the hierarchy whose ids it uses for cgroups. */
export interface OpenedCapture extends Capture {
  readonly hierarchy: CgroupHierarchy;
}

/** No variant runs on this kernel. */
export class CaptureUnsupportedError extends Error {
  readonly refusals: Capture['refusals'];

  constructor(refusals: Capture['refusals']) {
    super(
      `no variant of the capture runs here: ${refusals.map((each) => `${each.variant}: ${each.reason}`).join('; ')}`,
    );
    this.name = 'CaptureUnsupportedError';
    this.refusals = refusals;
  }
}

const EPERM = 1;
const RING_BYTES = 2 << 20;
const WAKE_BYTES = 64 << 10;

/**
 * Needs CAP_BPF and CAP_PERFMON, and CAP_DAC_READ_SEARCH to read tracefs.
 * @throws CaptureUnsupportedError if the kernel refuses every variant.
 */
export async function openCapture(options: CaptureOptions = {}): Promise<OpenedCapture> {
  const hierarchy = findHierarchy(options.cgroupRoot ?? '/sys/fs/cgroup');
  const refusals: { variant: string; reason: string }[] = [];
  for (const variant of variants) {
    try {
      // One after another: the first that loads is taken.
      const capture = await openVariant(variant, hierarchy, refusals, options);
      return { ...capture, hierarchy };
    } catch (error) {
      refusals.push({ variant: variant.name, reason: reasonOf(error) });
    }
  }
  throw new CaptureUnsupportedError(refusals);
}

function reasonOf(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  const refused = error instanceof SystemCallError && error.errno === EPERM;
  return refused ? `${reason} (CAP_BPF and CAP_PERFMON are needed, and no kernel lockdown)` : reason;
}

async function openVariant(
  variant: Variant,
  hierarchy: CgroupHierarchy,
  refusals: Capture['refusals'],
  options: CaptureOptions,
): Promise<Capture> {
  const blob = readBlob(options.blobFolder ?? defaultBlobFolder(), variant.name);
  const ringBytes = options.ringBytes ?? RING_BYTES;
  const loaded = await loadVariant(blob, {
    rodata: constants(blob, hierarchy, options),
    entries: { events: ringBytes },
  });
  // Undone in reverse order, also when a later step fails.
  const undo: (() => void)[] = [() => loaded.close()];
  const close = (): void => {
    for (const step of undo.splice(0).toReversed()) step();
  };
  const mapped = (mapping: Mapping): ArrayBuffer => {
    undo.push(() => mapping.unmap());
    return mapping.buffer;
  };
  try {
    const bss = mapped(mapShared(loadedFd(loaded.maps, 'bss'), pageSize(), 0, true));
    const states = mapped(mapShared(loadedFd(loaded.maps, 'cgroup_states'), STATES_SIZE, 0, true));
    const ring = mapRing(loadedFd(loaded.maps, 'events'), ringBytes, pageSize());
    undo.push(() => ring.unmap());
    const variables = blob.variables.bss;
    const generation = new Int32Array(bss, offsetOf(variables, 'generation'), 1);
    const table = createCgroupTable({
      cgroups: loadedFd(loaded.maps, 'cgroups'),
      freeSlots: loadedFd(loaded.maps, 'free_slots'),
      watched: loadedFd(loaded.maps, 'watched'),
      states,
      invalidate: () => void Atomics.add(generation, 0, 1),
    });
    undo.push(attach(variant, loaded, options.tracefs ?? '/sys/kernel/tracing'));
    return createCapture({
      variant: variant.name,
      refusals,
      ring,
      ringFd: loadedFd(loaded.maps, 'events'),
      table,
      counters: new DataView(bss, offsetOf(variables, 'counters')),
      readerWaiting: new Int32Array(bss, offsetOf(variables, 'reader_waiting'), 1),
      recursionMisses: () =>
        [...loaded.programs.values()].reduce((sum, program) => sum + programInfo(program).recursionMisses, 0),
      close,
    });
  } catch (error) {
    close();
    throw error;
  }
}

function loadedFd(descriptors: ReadonlyMap<string, number>, name: string): number {
  const fd = descriptors.get(name);
  if (fd === undefined || fd <= 0) throw new Error(`the loaded programs have no "${name}"`);
  return fd;
}

function offsetOf(variables: Readonly<Record<string, number>>, name: string): number {
  const offset = variables[name];
  if (offset === undefined) throw new Error(`the programs have no variable "${name}"`);
  return offset;
}

/** The constants of agent/bpf/config.h. */
function constants(blob: Blob, hierarchy: CgroupHierarchy, options: CaptureOptions): Buffer {
  const rodata = kernelBuffer(blob.rodata.length);
  blob.rodata.copy(rodata);
  const at = (name: string): number => offsetOf(blob.variables.rodata, name);
  rodata.writeUInt32LE(CgroupSource[hierarchy.source], at('cgroup_source'));
  rodata.writeUInt32LE(hierarchy.id, at('cgroup_hierarchy'));
  rodata.writeUInt32LE(statSync('/proc/self/ns/pid').ino, at('pid_namespace'));
  rodata.writeUInt32LE(options.wakeBytes ?? WAKE_BYTES, at('wake_bytes'));
  rodata.writeUInt32LE((options.wakeOnExec ?? true) ? 1 : 0, at('wake_on_exec'));
  randomBytes(8).copy(rodata, at('hash_seed'));
  const kinds = at('syscall_kinds');
  for (const [number, kind] of observedKinds()) rodata.writeUInt8(SyscallKind[kind], kinds + number);
  return rodata;
}

/** Tail calls first, so that the dispatcher finds its handlers. Returns what detaches everything. */
function attach(variant: Variant, loaded: LoadedVariant, tracefs: string): () => void {
  const links: number[] = [];
  const detach = (): void => {
    for (const fd of links.splice(0)) closeFd(fd);
  };
  try {
    for (const [program, kinds] of Object.entries(variant.handlers)) {
      const fd = u32(loadedFd(loaded.programs, program));
      for (const kind of kinds) mapUpdate(loadedFd(loaded.maps, 'handlers'), u32(SyscallKind[kind]), fd);
    }
    for (const program of variant.rawTracepoints) links.push(attachRawTracepoint(loadedFd(loaded.programs, program)));
    for (const [program, tracepoint] of Object.entries(variant.tracepoints)) {
      links.push(...attachTracepoint(loadedFd(loaded.programs, program), tracefs, tracepoint));
    }
    return detach;
  } catch (error) {
    detach();
    throw error;
  }
}
