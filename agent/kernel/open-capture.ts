/** Brings the kernel side up: picks the variant that the kernel takes, loads it, attaches it, and reads what it reports. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, statSync } from 'node:fs';
import { attachTracepoint, hasTracepoint } from './bpf/attach.ts';
import { attachByBtf, mapUpdate, programInfo, u32 } from './bpf/commands.ts';
import { closeFd, kernelBuffer, mapShared, pageSize, SystemCallError } from './bpf/libc.ts';
import type { Mapping } from './bpf/libc.ts';
import { loadVariant } from './bpf/light-skeleton.ts';
import type { LoadedVariant } from './bpf/light-skeleton.ts';
import { defaultBlobFolder, readBlob } from './blob.ts';
import type { Blob } from './blob.ts';
import { adminCalls } from './capability-names.ts';
import type { Capture } from './capture.ts';
import { createCapture } from './kernel-capture.ts';
import { createCgroupTable, STATES_SIZE, SYSCALL_SETS_SIZE } from './cgroup-table.ts';
import { CgroupSource, findHierarchy } from './hierarchy.ts';
import type { CgroupHierarchy } from './hierarchy.ts';
import { kindBits, learnedKinds } from './record-sources.ts';
import { ensureNotPreempted } from './preemption.ts';
import { mapRing } from './ring.ts';
import { APPROVERS_SIZE, createRuleInterest } from './rule-interest.ts';
import { syscallNumbers } from './syscall-names.ts';
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
  /** Names of the variants that may be taken; by default all. */
  readonly variants?: readonly string[] | undefined;
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
const ENOENT = 2;
const RING_BYTES = 2 << 20;
const WAKE_BYTES = 64 << 10;
/** RECORD_TYPES of the C side, and its SYSCALL_KINDS in words of 64 bits. */
const RULE_TYPES = 128;
const RULE_KIND_WORDS = 4;

/**
 * Needs CAP_BPF and CAP_PERFMON, and CAP_DAC_READ_SEARCH to read tracefs.
 * @throws CaptureUnsupportedError if the kernel refuses every variant.
 */
export async function openCapture(options: CaptureOptions = {}): Promise<OpenedCapture> {
  const hierarchy = findHierarchy(options.cgroupRoot ?? '/sys/fs/cgroup');
  const refusals: { variant: string; reason: string }[] = [];
  for (const variant of variants.filter(({ name }) => options.variants?.includes(name) ?? true)) {
    try {
      // One after another: the first that loads is taken.
      const capture = await openVariant(variant, hierarchy, refusals, options);
      return { ...capture, hierarchy };
    } catch (error) {
      refusals.push({ variant: variant.name, reason: reasonOf(variant, error) });
    }
  }
  throw new CaptureUnsupportedError(refusals);
}

function reasonOf({ needs }: Variant, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  if (!(error instanceof SystemCallError)) return reason;
  if (error.errno === ENOENT) return `${reason} (it needs ${needs})`;
  if (error.errno !== EPERM) return reason;
  return `${reason} (CAP_BPF and CAP_PERFMON are needed, no kernel lockdown, and ${needs})`;
}

async function openVariant(
  variant: Variant,
  hierarchy: CgroupHierarchy,
  refusals: Capture['refusals'],
  options: CaptureOptions,
): Promise<Capture> {
  if (variant.mayBePreempted) ensureNotPreempted();
  const blob = readBlob(options.blobFolder ?? defaultBlobFolder(), variant.name);
  const ringBytes = options.ringBytes ?? RING_BYTES;
  const seed = randomBytes(8).readBigUInt64LE();
  const loaded = await loadVariant(blob, {
    rodata: constants(blob, hierarchy, seed, options),
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
    const syscallSets = mapped(mapShared(loadedFd(loaded.maps, 'syscall_sets'), SYSCALL_SETS_SIZE, 0, true));
    const ring = mapRing(loadedFd(loaded.maps, 'events'), ringBytes, pageSize());
    undo.push(() => ring.unmap());
    const variables = blob.variables.bss;
    const generation = new Int32Array(bss, offsetOf(variables, 'generation'), 1);
    const table = createCgroupTable({
      cgroups: loadedFd(loaded.maps, 'cgroups'),
      freeSlots: loadedFd(loaded.maps, 'free_slots'),
      watched: loadedFd(loaded.maps, 'watched'),
      states,
      syscallSets,
      slotsTaken: new Int32Array(bss, offsetOf(variables, 'slots_taken'), 1),
      invalidate: () => void Atomics.add(generation, 0, 1),
    });
    const approvers = mapped(mapShared(loadedFd(loaded.maps, 'approvers'), APPROVERS_SIZE, 0, true));
    const interest = createRuleInterest({
      lists: loadedFd(loaded.maps, 'approver_lists'),
      approvers,
      types: new Uint8Array(bss, offsetOf(variables, 'rule_types'), RULE_TYPES),
      kinds: new BigUint64Array(bss, offsetOf(variables, 'rule_kinds'), RULE_KIND_WORDS),
      set: new Uint32Array(bss, offsetOf(variables, 'approver_set'), 1),
      seed,
    });
    const tracefs = options.tracefs ?? '/sys/kernel/tracing';
    const optional = Object.fromEntries(
      Object.entries(variant.optionalTracepoints).filter(([, tracepoint]) => hasTracepoint(tracefs, tracepoint)),
    );
    const tracepoints = { ...variant.tracepoints, ...optional };
    undo.push(attach({ ...variant, tracepoints }, loaded, tracefs));
    if (variant.securityHooks.length > 0)
      ensureAsked(new Int32Array(bss, offsetOf(variables, 'security_hooks_asked'), 1));
    return createCapture({
      variant: variant.name,
      refusals,
      ring,
      ringFd: loadedFd(loaded.maps, 'events'),
      table,
      seesCapabilities: 'on_capable' in optional,
      interest,
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

/**
 * Programs of security hooks load and attach on kernels that never ask them. Opening a file shows it, without securityfs,
 * which a pod does not see.
 */
function ensureAsked(asked: Int32Array): void {
  closeSync(openSync('/dev/null', 'r'));
  if (Atomics.load(asked, 0) === 0)
    throw new Error('BPF is none of the security modules in force (lsm= of the kernel command line has to name bpf)');
}

/** The constants of agent/bpf/config.h. */
function constants(blob: Blob, hierarchy: CgroupHierarchy, seed: bigint, options: CaptureOptions): Buffer {
  const rodata = kernelBuffer(blob.rodata.length);
  blob.rodata.copy(rodata);
  const at = (name: string): number => offsetOf(blob.variables.rodata, name);
  rodata.writeUInt32LE(CgroupSource[hierarchy.source], at('cgroup_source'));
  rodata.writeUInt32LE(hierarchy.id, at('cgroup_hierarchy'));
  rodata.writeUInt32LE(statSync('/proc/self/ns/pid').ino, at('pid_namespace'));
  rodata.writeUInt32LE(options.wakeBytes ?? WAKE_BYTES, at('wake_bytes'));
  rodata.writeUInt32LE((options.wakeOnExec ?? true) ? 1 : 0, at('wake_on_exec'));
  rodata.writeBigUInt64LE(seed, at('hash_seed'));
  const kinds = at('syscall_kinds');
  for (const [number, kind] of observedKinds()) rodata.writeUInt8(SyscallKind[kind], kinds + number);
  const learned = at('learned_kinds');
  kindBits(learnedKinds, RULE_KIND_WORDS).forEach((word, index) => rodata.writeBigUInt64LE(word, learned + 8 * index));
  const admin = at('admin_calls');
  for (const number of syscallNumbers(adminCalls)) {
    const word = admin + 8 * (number >> 6);
    rodata.writeBigUInt64LE(rodata.readBigUInt64LE(word) | (1n << BigInt(number & 63)), word);
  }
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
    const byBtf = (what: string, programs: readonly string[]): void => {
      for (const program of programs) links.push(attachByBtf(what, loadedFd(loaded.programs, program)));
    };
    byBtf('security hook', variant.securityHooks);
    byBtf('BTF tracepoint', variant.rawTracepoints);
    for (const [program, tracepoint] of Object.entries(variant.tracepoints)) {
      links.push(...attachTracepoint(loadedFd(loaded.programs, program), tracefs, tracepoint));
    }
    return detach;
  } catch (error) {
    detach();
    throw error;
  }
}
