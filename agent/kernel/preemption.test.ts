import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ensureNotPreempted } from './preemption.ts';

const folder = mkdtempSync(join(tmpdir(), 'preemption-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Type information in which the name begins at `at`. */
function btfWith(name: string, at: number): string {
  const path = join(folder, 'vmlinux');
  writeFileSync(path, Buffer.concat([Buffer.alloc(at, 1), Buffer.from(`\0${name}\0`), Buffer.alloc(1000, 1)]));
  return path;
}

describe('programs at the raw tracepoint of system calls', () => {
  const without = btfWith('trace_call_bpf', 10);

  test.each(['6.1.0-50-cloud-amd64', '6.12.107+deb13-cloud-amd64', '6.18.44'])('may run on %s', (release) => {
    expect(() => ensureNotPreempted(release, without)).not.toThrow();
  });

  test.each(['6.19.0', '6.100.1', '7.0.0', '7.2.13+deb14-cloud-amd64'])('may not on %s', (release) => {
    expect(() => ensureNotPreempted(release, without)).toThrow('6.18 is the newest');
  });

  // Around the places where one part of the file ends and the next begins.
  test.each([0, (256 << 10) - 30, (256 << 10) - 12, (256 << 10) - 1, 256 << 10, (512 << 10) - 9])(
    'may not where a vendor took the change into an older one (at byte %d)',
    (at) => {
      const btf = btfWith('trace_call_bpf_faultable', at);
      expect(() => ensureNotPreempted('6.12.0-55.el10', btf)).toThrow('may preempt');
    },
  );
});
