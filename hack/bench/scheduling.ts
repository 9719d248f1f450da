/** Slots at the size of a large cluster: how soon images are learned, against the best that anybody could do. */
import { plan } from '../../operator/scheduling/plan.ts';
import { earliest, earliestForPart, lastingImages } from '../../operator/scheduling/testing/best-possible.ts';
import { type FleetOutcome, simulateFleet } from '../../operator/scheduling/testing/fleet-simulation.ts';
import { context, record, reported, situation } from '../../operator/scheduling/testing/situations.ts';
import { type Run, workloads } from '../../operator/scheduling/testing/workloads.ts';
import type { Measurement } from './measurement.ts';
import { median } from './statistics.ts';

const shape = { nodes: 1_000, containers: 20_000, images: 300, hours: 10, seed: 1 };
const limit = 5;
const periodMs = 30 * 60_000;
const hour = 3_600_000;
const horizon = { periodMs, slots: shape.nodes * limit, end: shape.hours * hour };
const wanted = [10, 50, 200];
const parts = [0.5, 0.9, 1];

export function measureScheduling(progress: (text: string) => void): Measurement[] {
  const runs = workloads(shape);
  progress(`${runs.length} containers of ${shape.images} images in ${shape.hours} hours`);
  const began = process.cpuUsage();
  const outcome = simulateFleet({ ...shape, runs, limit, periodMs, stableAt: 200 });
  const { user } = process.cpuUsage(began);
  progress(`simulated in ${Math.round(user / 1e6)} s of processor time: ${outcome.granted} slots given`);
  return [...wanted.flatMap((n) => timesRows(n, runs, outcome)), ...ruleRows(outcome), planRow()];
}

/** Of the images that can have n snapshots within the hours simulated. */
function timesRows(n: number, runs: readonly Run[], outcome: FleetOutcome): Measurement[] {
  const times = earliest(runs, n, horizon);
  const lasting = lastingImages(runs, horizon);
  const real = [...times.keys()]
    .map((key) => outcome.snapshots.get(key)?.[n - 1] ?? Number.POSITIVE_INFINITY)
    .sort((a, b) => a - b);
  return parts.map((part) => {
    const best = earliestForPart({ times, lasting }, n, part, horizon);
    const took = real[Math.ceil(real.length * part) - 1] ?? Number.NaN;
    const who = part === 1 ? 'all' : `${part * 100} %`;
    const note = Number.isFinite(took)
      ? `${(took / hour).toFixed(1)} h, at best ${(best / hour).toFixed(1)} h`
      : `not within ${shape.hours} h, at best ${(best / hour).toFixed(1)} h`;
    return {
      what: `slots: until ${who} of ${real.length} images have ${n} snapshots, against the best possible`,
      value: Number.isFinite(took) ? took / best : horizon.end / best,
      unit: 'ratio',
      note,
    };
  });
}

function ruleRows({ mostSlots, wasted, ended, longestWait, used }: FleetOutcome): Measurement[] {
  const waits = [...longestWait.values()].sort((a, b) => a - b);
  const withdrawn = Object.values(ended).reduce((sum, count) => sum + count, 0);
  const sorted = used.toSorted((a, b) => a - b);
  return [
    { what: 'slots: most at once on a node', value: mostSlots, unit: 'containers', budget: { atMost: limit } },
    {
      what: 'slots: given to a stable image',
      value: wasted,
      unit: 'containers',
      note: 'sealed while they were on their way',
    },
    {
      what: 'slots: ended before their period without a snapshot',
      value: withdrawn,
      unit: 'containers',
      note: Object.entries(ended)
        .map(([reason, count]) => `${reason} ${count}`)
        .join(', '),
    },
    {
      what: 'slots: longest wait of an image that runs, in periods',
      value: (waits.at(-1) ?? 0) / periodMs,
      unit: 'ratio',
      budget: { atMost: longestWaitBound },
      note: `half of the images at most ${((waits[waits.length >> 1] ?? 0) / 60_000).toFixed(1)} min`,
    },
    {
      what: 'slots: time in use, least used node',
      value: sorted[0] ?? 0,
      unit: 'ratio',
      note: `median ${median(sorted).toFixed(2)}, most ${(sorted.at(-1) ?? 0).toFixed(2)}`,
    },
  ];
}

/** 8 periods, and a period for each of the slots of its node's images in turn: 20 containers, 4 slots that are not kept. */
const longestWaitBound = 8 + 20 / (limit - 1);

/** All nodes at once, as after a change of the settings; in the operator's steady state a node is planned alone. */
function planRow(): Measurement {
  const images = Array.from({ length: shape.images }, (_, image) => ({
    name: `registry.example.com/i${image}`,
    tag: 'v1',
  }));
  const perNode = shape.containers / shape.nodes;
  const records = Array.from({ length: shape.containers }, (_, number) =>
    record(number, images[(number * 7) % images.length] ?? { name: '', tag: '' }, {
      node: `node-${Math.floor(number / perNode)}`,
    }),
  );
  const nodes = Array.from({ length: shape.nodes }, (_, node) =>
    situation({
      node: `node-${node}`,
      containers: Array.from({ length: perNode }, (_, index) => reported(node * perNode + index)),
    }),
  );
  const world = context({ records });
  const took = Array.from({ length: 7 }, () => {
    const began = process.cpuUsage();
    plan(nodes, world);
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1_000;
  });
  return {
    what: `slots: one plan for ${shape.nodes} nodes and ${shape.containers} containers, all slots free`,
    value: median(took),
    unit: 'ms',
  };
}
