/** What strace says that programs do and the capture does not, or the other way round: see test/recall. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Measurement } from './measurement.ts';

const root = join(import.meta.dirname, '../..');
const artefact = join(root, 'dist/recall.json');

const account = z.object({
  program: z.string(),
  strace: z.number(),
  capture: z.number(),
  missing: z.number(),
  extra: z.number(),
  explained: z.number(),
  unexplained: z.array(z.string()),
});

/** One row for each program. @throws Error if the comparison itself failed. */
export async function measureRecall(): Promise<Measurement[]> {
  rmSync(artefact, { force: true });
  // Its own table is for those who run it alone.
  const child = spawn(process.execPath, [join(root, 'test/recall/main.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'exit');
  const lines = readFileSync(artefact, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const { program, strace, capture, missing, extra, explained, unexplained } = account.parse(JSON.parse(line));
    return {
      what: `differences from strace without a reason: ${program}`,
      value: unexplained.length,
      unit: 'behaviours',
      budget: { atMost: 0 },
      note: `strace ${strace}, capture ${capture}; missing ${missing}, extra ${extra}, explained ${explained}`,
    };
  });
}
