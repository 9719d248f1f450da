/** Attaches programs to tracepoints. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCalls } from '../syscall-table.ts';
import { linkPerfEvent } from './commands.ts';
import { checked, closeFd, kernelBuffer, perfEventSyscall } from './libc.ts';

const PERF_TYPE_TRACEPOINT = 2;
const PERF_ATTRIBUTES_SIZE = 136;
const PERF_FLAG_FD_CLOEXEC = 8;

/** Not every kernel has every tracepoint. */
export function hasTracepoint(tracefs: string, tracepoint: string): boolean {
  return existsSync(join(tracefs, 'events', tracepoint, 'id'));
}

/** The kernel's number of a tracepoint, which only tracefs tells. */
function tracepointId(tracefs: string, tracepoint: string): bigint {
  const path = join(tracefs, 'events', tracepoint, 'id');
  try {
    return BigInt(readFileSync(path, 'latin1').trim());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason}; tracefs has to be mounted ("mount -t tracefs tracefs ${tracefs}") and readable`, {
      cause: error,
    });
  }
}

/**
 * Attaches to a classic tracepoint such as `sched/sched_process_exec`. The program runs on every CPU: perf calls it before
 * it looks for which CPU and task the event was opened.
 * @returns descriptors to close for the end of it
 */
export function attachTracepoint(program: number, tracefs: string, tracepoint: string): number[] {
  const attributes = kernelBuffer(PERF_ATTRIBUTES_SIZE);
  attributes.writeUInt32LE(PERF_TYPE_TRACEPOINT, 0);
  attributes.writeUInt32LE(PERF_ATTRIBUTES_SIZE, 4);
  attributes.writeBigUInt64LE(tracepointId(tracefs, tracepoint), 8);
  const event = checked(
    `perf_event_open of ${tracepoint}`,
    perfEventSyscall(systemCalls().perfEventOpen, attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC),
  );
  try {
    return [linkPerfEvent(program, event), event];
  } catch (error) {
    closeFd(event);
    throw error;
  }
}
