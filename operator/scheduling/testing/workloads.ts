/**
 * What a simulated cluster runs, as a list of starts and ends that is known before anything is profiled: the plan has no
 * influence on it, and the best that any plan could do can be told from it.
 */
import type { Image } from '../../../core/image.ts';
import { seededRandom, type SeededRandom } from '../../testing/seeded-random.ts';

export interface ClusterShape {
  readonly nodes: number;
  /** At any time, approximately. */
  readonly containers: number;
  readonly images: number;
  readonly hours: number;
  readonly seed: number;
}

export interface Run {
  readonly image: Image;
  readonly node: number;
  /** Milliseconds since the beginning. */
  readonly start: number;
  /** Infinity if it outlasts the simulation. */
  readonly end: number;
}

const minute = 60_000;
const hour = 60 * minute;
/** Of the images: agents of the platform, on every node. */
const daemons = 0.02;
/** Of the images: run every few minutes, for seconds or minutes. */
const jobs = 0.15;
/** A deployment is rolled, one container after the other. */
const rolledEvery = 8 * hour;
const rollingPause = 10_000;

export function workloadImage(number: number): Image {
  return { name: `registry.example.com/image-${number}`, tag: 'v1' };
}

/** Sorted by start. */
export function workloads(shape: ClusterShape): Run[] {
  const random = seededRandom(shape.seed);
  const runs: Run[] = [];
  const [daemonCount, jobCount] = [Math.ceil(shape.images * daemons), Math.ceil(shape.images * jobs)];
  for (let image = 0; image < shape.images; image += 1) {
    const of = { image: workloadImage(image), shape, random };
    if (image < daemonCount) runs.push(...everywhere(of));
    else if (image < daemonCount + jobCount) runs.push(...jobRuns(of));
    else runs.push(...deployment(of, replicas(image - daemonCount - jobCount, shape, daemonCount + jobCount)));
  }
  return runs.sort((a, b) => a.start - b.start);
}

interface Workload {
  readonly image: Image;
  readonly shape: ClusterShape;
  readonly random: SeededRandom;
}

/** Zipf: a few deployments have hundreds of containers, half of them one or two. */
function replicas(rank: number, { nodes, containers, images }: ClusterShape, others: number): number {
  const left = containers - nodes * Math.ceil(images * daemons);
  const harmonic = Array.from({ length: images - others }, (_, index) => 1 / (index + 1)).reduce((a, b) => a + b, 0);
  return Math.max(1, Math.round(left / harmonic / (rank + 1)));
}

function everywhere({ image, shape }: Workload): Run[] {
  return Array.from({ length: shape.nodes }, (_, node) => ({ image, node, start: 0, end: Infinity }));
}

function jobRuns({ image, shape, random }: Workload): Run[] {
  const every = (2 + random.below(28)) * minute;
  const runs: Run[] = [];
  for (let start = random.next() * every; start < shape.hours * hour; start += every) {
    const end = start + 2_000 + random.exponential(60_000);
    runs.push({ image, node: random.below(shape.nodes), start, end });
  }
  return runs;
}

function deployment({ image, shape, random }: Workload, count: number): Run[] {
  const runs: Run[] = [];
  const current = Array.from({ length: count }, () => ({ node: random.below(shape.nodes), start: 0 }));
  for (let at = random.exponential(rolledEvery); at < shape.hours * hour; at += random.exponential(rolledEvery)) {
    for (const [index, one] of current.entries()) {
      const end = Math.max(at + index * rollingPause, one.start + minute);
      runs.push({ image, ...one, end });
      current[index] = { node: random.below(shape.nodes), start: end };
    }
  }
  return [...runs, ...current.map((one) => ({ image, ...one, end: Infinity }))];
}
