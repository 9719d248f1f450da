/**
 * How much of a profile one namespace has taught. Whoever may create pods in a namespace can run an image that others run,
 * as often and with whatever command they like: what they teach is in the profile, but they must not be the ones who say
 * when it is finished, nor leave others no room in it.
 */
import type { Image } from '../../core/image.ts';
import type { Evidence, SnapshotFacts } from '../../core/profile/evidence.ts';
import { evidenceLimits } from '../../core/profile/evidence.ts';
import type { Inventory } from '../inventory/inventory.ts';

/** Snapshots of one namespace in a profile: half of what it holds, which is twice what any learning needs. */
export const snapshotsPerNamespace = evidenceLimits.snapshots / 2;

export interface Share {
  /** Of the namespace, in the profile. */
  readonly snapshots: number;
  /** Of these, those that covered enough to count towards stability, or came to the end of their container. */
  readonly counted: number;
  /** Containers of other namespaces taught it too. */
  readonly othersTaught: boolean;
}

/** Workloads are `namespace/Kind/name`, and no namespace has a slash in its name. */
export function shareOf(namespace: string, { containers, snapshots }: Evidence, minCoverageMs: number): Share {
  const mine = new Set(containers.filter(({ workload }) => workload.startsWith(`${namespace}/`)).map(({ id }) => id));
  const ofMine = snapshots.filter(({ containerId }) => mine.has(containerId));
  const counts = ({ from, to, gapMs, ended }: SnapshotFacts): boolean => ended || to - from - gapMs >= minCoverageMs;
  const othersTaught = mine.size < containers.length;
  return { snapshots: ofMine.length, counted: ofMine.filter(counts).length, othersTaught };
}

/**
 * Half of the snapshots that end learning come from elsewhere, if there is an elsewhere, also one that rests now, as between
 * the runs of a CronJob; else only time ends it.
 */
export function mayCount(
  { counted, othersTaught }: Share,
  learningSnapshots: number,
  othersRun: () => boolean,
): boolean {
  return counted < learningSnapshots / 2 || !(othersTaught || othersRun());
}

/** Looks at all containers of the cluster; only asked for a namespace that has taught its half. */
export function runsElsewhere(inventory: Pick<Inventory, 'running'>, image: Image, namespace: string): boolean {
  for (const record of inventory.running()) {
    const same = record.image.name === image.name && record.image.tag === image.tag;
    if (same && record.pod.namespace !== namespace) return true;
  }
  return false;
}
