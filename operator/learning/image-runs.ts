/** Which images run, and in which builds, from the containers that the API server shows. Pure. */
import { imageText, type Image } from '../../core/image.ts';
import type { LabelValues } from '../../crds/security-profile.ts';
import type { ContainerRecord } from '../inventory/inventory.ts';

export interface ImageRuns {
  readonly image: Image;
  readonly running: boolean;
  /** Milliseconds since the epoch; now, if it is running. */
  readonly lastRunAt: number;
  readonly builds: readonly BuildRuns[];
  /** Of their pods, by key. */
  readonly labels: readonly LabelValues[];
}

/** One build in one namespace. */
export interface BuildRuns {
  readonly digest: string;
  readonly namespace: string;
  readonly running: boolean;
  /** Start of the first and of the last of its containers that are known. */
  readonly since: number;
  readonly latestStart: number;
}

/** @param containers that run, or ended lately */
export function imageRuns(containers: Iterable<ContainerRecord>, now: number): ReadonlyMap<string, ImageRuns> {
  const runs = new Map<string, ImageRuns>();
  for (const [key, own] of Map.groupBy(containers, ({ image }) => imageText(image))) {
    const [{ image } = { image: undefined }] = own;
    if (image === undefined) continue;
    const ends = own.map(({ finishedAt = now }) => Math.min(finishedAt, now));
    runs.set(key, {
      image,
      running: own.some(isRunning),
      lastRunAt: largest(ends),
      builds: buildRuns(own),
      labels: labelsOf(own),
    });
  }
  return runs;
}

/** Values of one label; 8 labels of so many are 9 KB at the longest. */
const maxValues = 16;

function labelsOf(containers: readonly ContainerRecord[]): LabelValues[] {
  const found = new Map<string, Set<string>>();
  for (const { pod } of containers) {
    for (const [key, value] of Object.entries(pod.labels ?? {}))
      found.set(key, (found.get(key) ?? new Set()).add(value));
  }
  return [...found]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, values]) => ({
      key,
      values: [...values].sort().slice(0, maxValues),
      ...(values.size > maxValues && { omitted: values.size - maxValues }),
    }));
}

function buildRuns(containers: readonly ContainerRecord[]): BuildRuns[] {
  const known = containers.flatMap((container) => {
    const { digest, startedAt, pod } = container;
    // Without a start it is not known to run: the kubelet may still be pulling another build.
    return digest === undefined || startedAt === undefined
      ? []
      : [{ digest, namespace: pod.namespace, startedAt, running: isRunning(container) }];
  });
  const groups = Map.groupBy(known, ({ digest, namespace }) => `${namespace} ${digest}`);
  return [...groups.values()].flatMap((own) => {
    const [one] = own;
    if (one === undefined) return [];
    const { digest, namespace } = one;
    const starts = own.map(({ startedAt }) => startedAt);
    const running = own.some((each) => each.running);
    return [{ digest, namespace, running, since: smallest(starts), latestStart: largest(starts) }];
  });
}

function isRunning({ finishedAt }: ContainerRecord): boolean {
  return finishedAt === undefined;
}

/** By reduction: one image may have more containers than a call may have arguments. */
function largest(times: readonly number[]): number {
  return times.reduce((most, time) => Math.max(most, time), 0);
}

function smallest(times: readonly number[]): number {
  return times.reduce((least, time) => Math.min(least, time), Infinity);
}
