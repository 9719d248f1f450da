import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, type TestContext } from 'vitest';
import { z } from 'zod';
import { migrations } from './migrations/migrate.ts';

const program = fileURLToPath(new URL('./testing/volume-process.ts', import.meta.url));
const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0;

/** Runs a scenario on a small tmpfs in a mount namespace of its own: the mount goes with the process. */
function onSmallVolume(scenario: string, context: TestContext, size = '5m'): unknown {
  if (!canMount) context.skip('mounting a small volume needs root and unshare(1)');
  const directory = mkdtempSync(join(tmpdir(), 'store-volume-'));
  try {
    const script = 'mount -t tmpfs -o size=$5,mode=755 none "$1" && exec "$2" "$3" "$4" "$1"';
    const args = ['--mount', 'sh', '-c', script, 'sh', directory, process.execPath, program, scenario, size];
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

it('leaves room on its volume for the log of deletions, so that retention ends what it has filled', (context) => {
  const seen = z
    .object({
      stored: z.number().min(100),
      refusal,
      volumeFreeBytes: z.number().min(1_000_000),
      trims: z.array(z.object({ byAge: z.literal(0), byBytes: z.number() })),
      afterwards: z.literal('stored'),
      bytes: z.number(),
    })
    .parse(onSmallVolume('trimWhileFull', context, '64m'));
  expect(seen.refusal.kind).toBe('full');
  expect(seen.trims.reduce((sum, { byBytes }) => sum + byBytes, 0)).toBe(seen.stored - 5);
  expect(seen.bytes).toBeLessThan(10_000_000);
});

it('leaves nothing half made when there is no space at the first start', (context) => {
  const seen = z
    .object({ refusal, left: z.boolean(), created: z.boolean() })
    .parse(onSmallVolume('fullAtFirstStart', context));
  expect(seen).toMatchObject({ refusal: { kind: 'full' }, left: false, created: true });
});

it('keeps the old schema when there is no space for the new one, and upgrades later', (context) => {
  const seen = z
    .object({ refusal, migrated: z.array(z.number()), snapshots: z.number() })
    .parse(onSmallVolume('fullAtUpgrade', context));
  expect(seen).toMatchObject({ refusal: { kind: 'full' }, snapshots: 3 });
  expect(seen.migrated).toEqual(migrations.slice(1).map((_, index) => index + 2));
});

it('does not open while another process has it, and does when that is gone', (context) => {
  const seen = z.object({ second: refusal, mine: z.unknown() }).parse(onSmallVolume('otherProcess', context));
  expect(seen.second.kind).toBe('locked');
  expect(seen.second.message).toContain('wait until the other one has ended');
  expect(seen.mine).toBe('stored');
});

it('does not open in a directory that may not be written', (context) => {
  const seen = refusal.parse(onSmallVolume('closedDirectory', context));
  expect(seen.kind).toBe('read-only');
  expect(seen.message).toContain('check the mount options, the owner and fsGroup');
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
