/** One operator and a thousand simulated agents, see hack/load. */
import type { Delivery } from '../load/delivery.ts';
import { measureIngest } from '../load/ingest-cost.ts';
import { chartLimitMiB } from '../load/memory-limit.ts';
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

/** Fifteen minutes of load and a few of sealing, beside some five of preparation. */
export async function measureFleet(progress: (text: string) => void): Promise<Measurement[]> {
  const found = findBinaries();
  if (!found.found) throw new Error(found.reason);
  const cost = await measureIngest(20, 100);
  const seconds = { saturated: 0, steady: 600, flooded: 120, stable: 120 };
  const options = { ...size, churn: 2, seconds, binaries: found.directory, progress };
  const { windows, peakMiB, delivery } = await runLoad(options);
  return [
    {
      what: 'operator, one snapshot of a recorded server taken in: processor time',
      value: cost.p50,
      unit: 'ms',
      note: `99 % within ${cost.p99.toFixed(0)} ms, ${cost.mean.toFixed(1)} ms on average, of ${cost.snapshots}; median`,
    },
    ...windows.flatMap(rows),
    {
      what: `${who}: charged to its cgroup, most`,
      value: peakMiB,
      unit: 'MiB',
      note: `of a limit of ${chartLimitMiB()} MiB; page cache included`,
    },
    ...(delivery === undefined ? [] : [deliveryRow(delivery)]),
  ];
}

function deliveryRow({ profiles, copies, missing, lastCopySeconds, seconds }: Delivery): Measurement {
  return {
    what: `${who}: from the seal of a profile to the last node that runs its image and holds it, slowest`,
    value: lastCopySeconds.most,
    unit: 's',
    note: `${lastCopySeconds.median.toFixed(1)} s at the median of ${profiles} profiles; ${copies} copies within ${seconds.toFixed(0)} s of the first seal, ${missing} missing`,
  };
}

function counted(counts: Readonly<Record<string, number>>): string {
  const words = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  return words.join(', ') || 'none';
}

function rows(window: WindowResult): Measurement[] {
  const { name, cores, residentMiB, loopDelayMs, accepted, refused, uploads, apiBytes, seconds, fetches } = window;
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
      note: `heap ${window.heapMiB.toFixed(0)} MiB; requests refused: ${counted(refused)}`,
    },
    {
      what: `${who}, ${name}: profiles written to the API, per 5 min`,
      value: (written * 300) / seconds,
      unit: 'MiB',
      // 38 MB of learning profiles, nothing of stable ones; while they are sealed they are neither.
      ...(name !== 'sealing' && { budget: { atMost: name === 'stable' ? 0 : 36.2 } }),
      note: `uploads answered in ${uploads.p50.toFixed(0)} ms, 99 % within ${uploads.p99.toFixed(0)} ms; ${counted(uploads.results)}`,
    },
    ...(fetches.calls === 0 ? [] : [fetchedRow(window)]),
  ];
}

function fetchedRow({ name, fetches, fetched, compilations, seconds }: WindowResult): Measurement {
  return {
    what: `${who}, ${name}: compiled profiles fetched by agents`,
    value: fetches.kibibytes,
    unit: 'KiB',
    note: `${fetches.calls} requests in ${seconds} s (${counted(fetches.results)}), answered in ${fetches.p50.toFixed(0)} ms, 99 % within ${fetches.p99.toFixed(0)} ms; by the agents' reports ${counted(fetched)}; ${compilations} compiled`,
  };
}
