/** One operator and a thousand simulated agents, see hack/load. */
import { operatorMissing } from '../load/operator-process.ts';
import { runLoad } from '../load/run.ts';
import type { WindowResult } from '../load/window.ts';
import { findBinaries } from '../../test/integration/binaries.ts';
import type { Measurement } from './measurement.ts';
import { mebibyte } from './memory.ts';

const size = { nodes: 1_000, containersPerNode: 20, images: 400, seed: 1 };
const who = 'operator with 1,000 simulated nodes x 5 slots';

/** Why it cannot be measured here; undefined if it can. */
export function fleetObstacle(): string | undefined {
  const found = findBinaries();
  return found.found ? operatorMissing() : found.reason;
}

/** Ten minutes of load beside some five of preparation. */
export async function measureFleet(progress: (text: string) => void): Promise<Measurement[]> {
  const found = findBinaries();
  if (!found.found) throw new Error(found.reason);
  const seconds = { saturated: 0, steady: 300, flooded: 120, stable: 120 };
  const { windows, peakMiB } = await runLoad({ ...size, churn: 2, seconds, binaries: found.directory, progress });
  return [
    ...windows.flatMap(rows),
    {
      what: `${who}: charged to its cgroup, most`,
      value: peakMiB,
      unit: 'MiB',
      note: 'of a limit of 512 MiB; page cache included',
    },
  ];
}

function rows(window: WindowResult): Measurement[] {
  const { name, cores, residentMiB, loopDelayMs, accepted, uploads, apiBytes, seconds } = window;
  const results = Object.entries(uploads.results).map(([result, count]) => `${count} ${result}`);
  const written = (apiBytes['securityprofiles'] ?? 0) / mebibyte;
  return [
    {
      what: `${who}, ${name}: processor`,
      value: cores * 100,
      unit: '% of a core',
      budget: { atMost: 100 },
      note: `${accepted} snapshots in ${seconds} s; event loop late by ${loopDelayMs.mean.toFixed(0)} ms, at the 99th percentile ${loopDelayMs.p99.toFixed(0)} ms`,
    },
    {
      what: `${who}, ${name}: resident memory, most`,
      value: residentMiB.most,
      unit: 'MiB',
      budget: { atMost: 512 },
      note: `heap ${window.heapMiB.toFixed(0)} MiB`,
    },
    {
      what: `${who}, ${name}: profiles written to the API, per 5 min`,
      value: (written * 300) / seconds,
      unit: 'MiB',
      // 38 MB of learning profiles, nothing of stable ones.
      budget: { atMost: name === 'stable' ? 0 : 36.2 },
      note: `uploads answered in ${uploads.p50.toFixed(0)} ms, 99 % within ${uploads.p99.toFixed(0)} ms; ${results.join(', ') || 'none'}`,
    },
  ];
}
