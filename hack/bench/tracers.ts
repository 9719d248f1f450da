/** Who else listens to system calls: then "no agent" is not without one. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const attachments = z.array(z.object({ pid: z.number(), fd_type: z.string(), tracepoint: z.string().optional() }));

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'gone since';
  }
}

/** Processes that have a program at every system call of this machine. */
export function otherTracers(): string[] {
  const json = execFileSync('bpftool', ['--json', 'perf', 'show'], { encoding: 'utf8' });
  const at = attachments.parse(JSON.parse(json === '' ? '[]' : json));
  const pids = at.filter(({ tracepoint }) => /^sys_(enter|exit)$/.test(tracepoint ?? '')).map(({ pid }) => pid);
  return [...new Set(pids)].map((pid) => `${nameOf(pid)} (${pid})`);
}
