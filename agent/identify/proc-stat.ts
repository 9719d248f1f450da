/** /proc/PID/stat: what nothing else in /proc says of a process. */
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

export interface ProcStat {
  /** Seconds from the start of the node to that of the process, to 10 ms. */
  readonly startSeconds: number;
  /** It has a controlling terminal. */
  readonly terminal: boolean;
}

/** USER_HZ, which is 100 on every architecture that is supported. */
const ticksPerSecond = 100;

/** Fields are counted from the third, behind the name in brackets, which may hold anything. */
export function parseStat(text: string): ProcStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { startSeconds: Number(fields[19]) / ticksPerSecond, terminal: Number(fields[4]) !== 0 };
}

/** When this node was started, milliseconds since the epoch, to 10 ms: by both clocks at one moment, however long ago a turn began. */
export function bootTime(): number {
  return Date.now() - uptime() * 1_000;
}

/** When the oldest of these processes began, milliseconds since the epoch; undefined if all have ended. */
export function oldestStart(hostProc: string, pids: readonly number[]): number | undefined {
  const starts = pids.flatMap((pid) => {
    const text = statText(hostProc, pid);
    return text === undefined ? [] : [parseStat(text).startSeconds];
  });
  return starts.length === 0 ? undefined : bootTime() + starts.reduce((least, at) => Math.min(least, at)) * 1_000;
}

/** Undefined if the process has ended. */
export function statText(hostProc: string, pid: number): string | undefined {
  try {
    return readFileSync(`${hostProc}/${pid}/stat`, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) {
      return undefined;
    }
    throw error;
  }
}
