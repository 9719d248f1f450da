/** How long 200 snapshots of 5,000 behaviours take to become evidence, and in how much memory. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import type { Measurement } from './measurement.ts';

const result = z.object({
  parsing: z.number(),
  merging: z.number(),
  behaviours: z.number(),
  kept: z.number(),
  bytes: z.number(),
  peakKiB: z.number(),
});

/** In a process of its own, with a heap as small as it can be: left to itself, V8 takes what there is. */
export function measureMerging(): Measurement[] {
  const heap = ['--max-old-space-size=64', '--max-semi-space-size=8'];
  const output = execFileSync(process.execPath, [...heap, join(import.meta.dirname, 'merging.ts')], {
    encoding: 'utf8',
  });
  const { parsing, merging, behaviours, kept, bytes, peakKiB } = result.parse(JSON.parse(output));
  const seconds = (merging / 1_000).toFixed(1);
  return [
    {
      what: '200 snapshots of 5,000 behaviours: converted and merged, against parsing their JSON',
      value: merging / parsing,
      unit: 'ratio',
      note: `${seconds} s of processor time; ${behaviours} behaviours became ${kept}, ${Math.round(bytes / 1_024)} KiB`,
    },
    {
      what: 'peak memory of it, Node.js included',
      value: peakKiB / 1_024,
      unit: 'MiB',
      budget: { atMost: 150 },
    },
  ];
}
