/** Boots a kernel in an emulated machine (no KVM needed) and collects what the scenarios in it report. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { messageSchema, type Message } from './guest/messages.ts';

/** All rounds together take a minute, and many on a busy host; a machine that hangs is ended. */
const TIME_LIMIT_SECONDS = 1_740;
const LOG_LINES = 30;

/**
 * Two processors, no devices but serial ports. Without cmpxchg16b: qemu 7.2 emulates it wrongly for preemptible kernels,
 * which then die in the allocator.
 */
const qemuOptions =
  '-machine q35 -accel tcg,thread=multi -cpu max,cx16=off -smp 2 -m 1536 -nodefaults -display none -no-reboot';

/**
 * `preempt=full`: tasks are preempted in the kernel wherever that is possible at all. `no_timer_check`: on a busy host the
 * emulated timer may come late, and a kernel that waits for it at its start panics.
 */
const kernelOptions = 'console=ttyS0 quiet panic=-1 preempt=full no_timer_check rdinit=/init';

export interface Outcome {
  readonly messages: readonly Message[];
  /** The end of the console's log. */
  readonly log: string;
}

/**
 * @param kernel path of a vmlinuz
 * @param options further options of the kernel
 * @param consoleLog where the console's output goes
 */
export async function bootMachine(
  kernel: string,
  initramfs: string,
  options: string,
  consoleLog: string,
): Promise<Outcome> {
  const serialPorts = ['-serial', `file:${consoleLog}`, '-serial', 'stdio'];
  const system = ['-kernel', kernel, '-initrd', initramfs, '-append', `${kernelOptions} ${options}`.trim()];
  // By a program of its own: the machine ends in time even if the tests are killed.
  const limited = ['--kill-after=5', `${TIME_LIMIT_SECONDS}`, 'qemu-system-x86_64'];
  const qemu = spawn('timeout', [...limited, ...qemuOptions.split(' '), ...serialPorts, ...system], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve, reject) => qemu.on('close', () => resolve()).on('error', reject));
  try {
    const messages: Message[] = [];
    for await (const line of createInterface(qemu.stdout)) {
      messages.push(messageSchema.parse(JSON.parse(line)));
    }
    await ended;
    const log = readFileSync(consoleLog, 'utf8').trimEnd().split(/\r?\n/);
    return { messages, log: log.slice(-LOG_LINES).join('\n') };
  } finally {
    qemu.kill();
  }
}
