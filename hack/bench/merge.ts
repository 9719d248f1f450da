/** How long 200 snapshots of 5,000 behaviours take to become evidence, and in how much memory. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import type { Measurement } from './measurement.ts';
import { median, summarize } from './statistics.ts';

const result = z.object({
  parsing: z.number(),
  merging: z.number(),
  behaviours: z.number(),
  kept: z.number(),
  bytes: z.number(),
  peakKiB: z.number(),
});

/** In processes of their own, with a heap as small as it can be: left to itself, V8 takes what there is. */
const heap = ['--max-old-space-size=48', '--max-semi-space-size=8'];

/** 3 s on the machine of docs/benchmarks.md, where parsing takes 0.77 s. */
const mostToParsing = 3.9;

export function measureMerging(rounds: number, progress: (text: string) => void): Measurement[] {
  const runs = Array.from({ length: rounds }, (_, round) => {
    progress(`round ${round + 1} of ${rounds}`);
    const program = join(import.meta.dirname, 'merging.ts');
    return result.parse(JSON.parse(execFileSync(process.execPath, [...heap, program], { encoding: 'utf8' })));
  });
  const toParsing = summarize(runs.map(({ merging, parsing }) => merging / parsing));
  const middle = (figure: keyof z.infer<typeof result>): number => median(runs.map((run) => run[figure]));
  const seconds = (middle('merging') / 1_000).toFixed(1);
  const size = `${middle('behaviours')} behaviours became ${middle('kept')}, ${Math.round(middle('bytes') / 1_024)} KiB`;
  const peaks = summarize(runs.map(({ peakKiB }) => peakKiB / 1_024));
  return [
    {
      what: '200 snapshots of 5,000 behaviours: converted and merged, against parsing their JSON',
      value: toParsing.median,
      unit: 'ratio',
      spread: toParsing,
      budget: { atMost: mostToParsing },
      note: `${seconds} s of processor time; ${size}`,
    },
    {
      what: 'peak memory of it, Node.js included',
      value: peaks.high,
      unit: 'MiB',
      spread: peaks,
      budget: { atMost: 150 },
    },
  ];
}
