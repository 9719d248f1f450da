/** Events that only rules want: of programs in a cgroup that nobody observes. */
import type { RecordTypeName } from '../../agent/kernel/record-sources.ts';
import type { Kernel } from './kernel-test.ts';
import { eventsOf } from './observed-cgroup.ts';
import type { EventOf, Finished } from './observed-cgroup.ts';
import type { KernelEvent } from '../../core/event/event.ts';

/** Lets everything of these types pass while `run` runs; other processes of the machine are left out. */
export async function forRules(
  { capture, outside }: Kernel,
  records: readonly RecordTypeName[],
  run: () => Promise<Finished>,
): Promise<Finished> {
  capture.approve(records.map((record) => ({ record })));
  try {
    const finished = await run();
    return { ...finished, events: finished.events.filter(({ cgroupId }) => cgroupId === outside.id) };
  } finally {
    capture.approve([]);
  }
}

/** Python's way to system calls without a wrapper, and to read errno: `call(number, *arguments)` returns as the kernel did. */
const prelude = `
import ctypes, os, sys
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
def call(number, *arguments):
    whole = [a if isinstance(a, bytes) else ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = _libc.syscall(ctypes.c_long(number), *whole)
    return result if result != -1 else -ctypes.get_errno()
`;

/** Runs a Python script that may use \`call\`, and returns the events of one type. */
export async function pythonCalls<Type extends KernelEvent['type']>(
  kernel: Kernel,
  records: readonly RecordTypeName[],
  type: Type,
  script: string,
): Promise<{ readonly events: EventOf<Type>[]; readonly stdout: string }> {
  const { events, stdout, stderr, status } = await forRules(kernel, records, () =>
    kernel.outside.python(prelude + script),
  );
  if (status !== 0) throw new Error(`the script failed: ${stderr}`);
  return { events: eventsOf(events, type), stdout };
}
