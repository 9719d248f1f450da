import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, type TestContext } from 'vitest';
import { z } from 'zod';

const program = fileURLToPath(new URL('./testing/volume-process.ts', import.meta.url));
const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0;

/** Runs a scenario on a tmpfs of 5 MB in a mount namespace of its own: the mount goes with the process. */
function onSmallVolume(scenario: string, context: TestContext): unknown {
  if (!canMount) context.skip('mounting a small volume needs root and unshare(1)');
  const directory = mkdtempSync(join(tmpdir(), 'store-volume-'));
  try {
    const script = 'mount -t tmpfs -o size=5m,mode=755 none "$1" && exec "$2" "$3" "$4" "$1"';
    const args = ['--mount', 'sh', '-c', script, 'sh', directory, process.execPath, program, scenario];
    return JSON.parse(execFileSync('unshare', args, { encoding: 'utf8' }));
  } finally {
    rmdirSync(directory);
  }
}

const refusal = z.object({ kind: z.string(), message: z.string() });

it('refuses a commit whole while the disk is full, still reads, and goes on when there is space', (context) => {
  const seen = z
    .object({
      stored: z.number().positive(),
      refusal,
      readable: z.number(),
      afterwards: z.literal('stored'),
      snapshots: z.number(),
    })
    .parse(onSmallVolume('full', context));
  expect(seen.refusal.kind).toBe('full');
  expect(seen.refusal.message).toContain('enlarge the volume');
  expect(seen.readable).toBe(seen.stored);
  expect(seen.snapshots).toBe(seen.stored + 1);
});

it('does not open on a read-only volume, with or without a database there', (context) => {
  const seen = z.object({ existing: refusal, fresh: refusal }).parse(onSmallVolume('readOnly', context));
  for (const { kind, message } of [seen.existing, seen.fresh]) {
    expect(kind).toBe('read-only');
    expect(message).toContain('check the mount options');
  }
});

it("does not open on another user's volume", (context) => {
  const seen = refusal.parse(onSmallVolume('foreignOwner', context));
  expect(seen.kind).toBe('read-only');
  expect(seen.message).toContain('fsGroup');
});
