/** Every container of the cluster by why it is profiled or not. */
import { imageText } from '../../core/image.ts';
import type { ContainerRecord } from '../inventory/inventory.ts';
import type { PlanContext } from './grant.ts';
import type { NodeState } from './node-state.ts';
import type { ReasonCounts } from './image-view.ts';
import { isWaiting, type ReasonCode } from './reason.ts';
import { explained } from './view.ts';

export interface ClusterReasons {
  readonly all: ReasonCounts;
  /** By image text; without containers that the API server does not show, or not on the node that reports them. */
  readonly byImage: ReadonlyMap<string, ReasonCounts>;
  /** Since when the container has waited that waits longest, in milliseconds of the monotonic clock; absent if none does. */
  readonly waitingSince?: number;
}

export function clusterReasons(
  nodes: ReadonlyMap<string, NodeState>,
  running: Iterable<ContainerRecord>,
  planning: PlanContext,
): ClusterReasons {
  const all = new Map<ReasonCode, number>();
  const byImage = new Map<string, Map<ReasonCode, number>>();
  let waitingSince = Infinity;
  const runningOn = Map.groupBy(running, ({ node }) => node);
  for (const node of new Set([...nodes.keys(), ...runningOn.keys()])) {
    const state = nodes.get(node);
    for (const { containerId, reason, record } of explained(state, runningOn.get(node) ?? [], planning)) {
      if (record !== undefined && record.node !== node) continue;
      add(all, reason.code);
      if (isWaiting(reason.code))
        waitingSince = Math.min(waitingSince, state?.reasonSince.get(containerId) ?? Infinity);
      if (record === undefined) continue;
      const key = imageText(record.image);
      const ofImage = byImage.get(key) ?? new Map<ReasonCode, number>();
      byImage.set(key, add(ofImage, reason.code));
    }
  }
  return { all, byImage, ...(Number.isFinite(waitingSince) && { waitingSince }) };
}

function add(counts: Map<ReasonCode, number>, code: ReasonCode): Map<ReasonCode, number> {
  return counts.set(code, (counts.get(code) ?? 0) + 1);
}
