/**
 * A program that does nothing, at the exit of all system calls: what any program costs there before its first instruction.
 * Nobody who listens to system calls at that hook can cost less on this processor.
 */
import { attachTracepoint } from '../../agent/kernel/bpf/attach.ts';
import { attachRawTracepoint, loadTracepointProgram } from '../../agent/kernel/bpf/commands.ts';
import { closeFd, kernelBuffer } from '../../agent/kernel/bpf/libc.ts';

/** `r0 = 0; exit` */
function nothing(): Buffer {
  const instructions = kernelBuffer(16);
  instructions.writeUInt8(0xb7, 0);
  instructions.writeUInt8(0x95, 8);
  return instructions;
}

/** Where an agent of this variant listens to system calls. */
export type Hook = 'raw' | 'classic';

export function hookOf(variant: string | undefined): Hook {
  return variant === 'raw' ? 'raw' : 'classic';
}

/** Attaches it. Returns what detaches it. */
export function attachEmptyProgram(hook: Hook, tracefs: string): () => void {
  const program = loadTracepointProgram(hook === 'raw' ? 'rawTracepoint' : 'tracepoint', 'empty', nothing());
  const attached = [program];
  const detach = (): void => {
    for (const fd of attached.splice(0).toReversed()) closeFd(fd);
  };
  try {
    if (hook === 'raw') attached.push(attachRawTracepoint(program, 'sys_exit'));
    else attached.push(...attachTracepoint(program, tracefs, 'raw_syscalls/sys_exit'));
    return detach;
  } catch (error) {
    detach();
    throw error;
  }
}
