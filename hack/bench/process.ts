/** What a process uses, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Value of a `Key:   123 kB` line of /proc/PID/status, in bytes. */
export function statusBytes(pid: number | string, key: 'VmRSS' | 'VmHWM' | 'RssAnon'): number {
  const match = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

/** Time that its threads have run for; those that have ended do not count. /proc/PID/stat would tell it in steps of 10 ms. */
export function processorNanoseconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return times.reduce((sum, time) => sum + Number(time), 0);
}
