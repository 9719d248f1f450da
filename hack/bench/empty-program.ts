/**
 * A program that does nothing, at the exit of all system calls: what any program costs there before its first instruction.
 * Nobody who listens to system calls can cost less on this processor.
 */
import { attachTracepoint } from '../../agent/kernel/bpf/attach.ts';
import { loadTracepointProgram } from '../../agent/kernel/bpf/commands.ts';
import { closeFd, kernelBuffer } from '../../agent/kernel/bpf/libc.ts';

/** `r0 = 0; exit` */
function nothing(): Buffer {
  const instructions = kernelBuffer(16);
  instructions.writeUInt8(0xb7, 0);
  instructions.writeUInt8(0x95, 8);
  return instructions;
}

/** Attaches it where the agent's programs listen. Returns what detaches it. */
export function attachEmptyProgram(tracefs: string): () => void {
  const program = loadTracepointProgram('tracepoint', 'empty', nothing());
  const attached = [program];
  const detach = (): void => {
    for (const fd of attached.splice(0).toReversed()) closeFd(fd);
  };
  try {
    attached.push(...attachTracepoint(program, tracefs, 'raw_syscalls/sys_exit'));
    return detach;
  } catch (error) {
    detach();
    throw error;
  }
}
