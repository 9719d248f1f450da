/** Laws of scheduling, on small clusters of obedient agents over hours: any workload, any limit. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageText } from '../../core/image.ts';
import { type FleetSimulationOptions, simulateFleet } from './testing/fleet-simulation.ts';
import { type ClusterShape, workloadImage, workloads } from './testing/workloads.ts';

const minute = 60_000;
const periodMs = 5 * minute;
const hours = 3;

interface Case {
  readonly shape: ClusterShape;
  readonly options: FleetSimulationOptions;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    nodes: fc.integer({ min: 1, max: 4 }),
    perNode: fc.integer({ min: 3, max: 15 }),
    images: fc.integer({ min: 3, max: 12 }),
    seed: fc.nat(),
    limit: fc.integer({ min: 1, max: 6 }),
    stableAt: fc.constantFrom(5, 40, 1_000),
  })
  .map(({ nodes, perNode, images, seed, limit, stableAt }) => {
    const shape = { nodes, containers: nodes * perNode, images, hours, seed };
    return { shape, options: { nodes, hours, seed, limit, stableAt, periodMs, runs: workloads(shape) } };
  });

describe('whatever a cluster runs', () => {
  it('no node has more slots than allowed, none is given in vain, none is taken away', () => {
    fc.assert(
      fc.property(cases, ({ options }) => {
        const { mostSlots, wasted, ended } = simulateFleet(options);
        expect(mostSlots).toBeLessThanOrEqual(options.limit);
        expect(wasted).toBe(0);
        // A slot ends without a snapshot only if its container is gone or nothing more is to be learned.
        expect(Object.keys(ended).filter((reason) => reason !== 'stable' && reason !== 'container-gone')).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it('an image that runs waits at most 8 periods and a turn of all others for a slot', () => {
    fc.assert(
      fc.property(cases, ({ options, shape }) => {
        // One image is nearly learned, so that all others teach more, for longer than the simulation lasts.
        const known = { state: 'learning', snapshots: 900, containers: 300 } as const;
        const last = imageText(workloadImage(shape.images - 1));
        const { longestWait } = simulateFleet({ ...options, stableAt: 1_000, known: new Map([[last, known]]) });
        const lasting = Math.max(1, options.limit - 1);
        const turns = 8 + Math.ceil(shape.images / lasting);
        // To each period the way of grant, report and snapshot.
        for (const wait of longestWait.values()) expect(wait).toBeLessThanOrEqual(turns * (periodMs + 5_000));
      }),
      { numRuns: 15 },
    );
  });

  it('what is excluded is never profiled, and its slots go to the others', () => {
    fc.assert(
      fc.property(cases, ({ options }) => {
        const [first] = options.runs;
        if (first === undefined) return;
        const { snapshots } = simulateFleet({ ...options, exclude: [first.image.name] });
        expect(snapshots.has(imageText(first.image))).toBe(false);
      }),
      { numRuns: 8 },
    );
  });

  it('all nodes are used alike while there is something to learn on each', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 2, max: 5 }), (seed, nodes) => {
        const images = Array.from({ length: 8 }, (_, image) => ({ name: `registry.example.com/${image}`, tag: 'v1' }));
        const runs = images.flatMap((image) =>
          Array.from({ length: nodes }, (_, node) => ({ image, node, start: 0, end: Infinity })),
        );
        const { used } = simulateFleet({ nodes, hours, seed, limit: 3, stableAt: 10_000, periodMs, runs });
        for (const share of used) expect(share).toBeGreaterThan(0.95);
      }),
      { numRuns: 5 },
    );
  });

  it('comes out the same for the same seed', () => {
    const shape = { nodes: 3, containers: 30, images: 9, hours, seed: 7 };
    const options = { nodes: 3, hours, seed: 7, limit: 4, stableAt: 40, periodMs, runs: workloads(shape) };
    expect(simulateFleet(options)).toEqual(simulateFleet(options));
  });
});
