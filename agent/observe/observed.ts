/** One container as this agent follows it, and the states it goes through. */
import type { ContainerIdentity, Gap } from '../../core/activity/snapshot.ts';
import type { ReportedContainer, Slot } from '../../core/wire/agent.ts';
import type { Shortfall, Uses, Watch } from './watch.ts';

/**
 *     birth seen ──> provisional ──60 s──> idle <──60 s── lingering
 *                     │      │              │  ^             ^   │
 *                   ended   slot          slot └──── over ───┤   │ slot
 *                     v      └──────┐       v                │   v
 *                 finished ──slot──> snapshot             profiling ──> snapshot
 *
 * A container met late begins idle. Sandboxes and the agent's own pod are excluded.
 */
export type Activity =
  | { readonly kind: 'provisional'; readonly watch: Watch; readonly until: number }
  | { readonly kind: 'finished'; readonly watch: Watch; readonly shortfall: Shortfall; readonly uses: Uses }
  | { readonly kind: 'profiling'; readonly watch: Watch; readonly slot: Slot; readonly until: number }
  /** Its period is over; the tree goes on for a while, so that a slot which follows at once continues without a gap. */
  | { readonly kind: 'lingering'; readonly watch: Watch; readonly until: number }
  | { readonly kind: 'idle' }
  | { readonly kind: 'excluded' };

export interface Observed {
  readonly cgroup: { readonly id: bigint; readonly path: string };
  /** What is not known yet, or not found out, is empty. */
  identity: ContainerIdentity;
  /** Looks for the bundle that are left before the container stays known by its ID alone. */
  lookUpsLeft: number;
  /** Watched since its cgroup was made. */
  readonly startSeen: boolean;
  readonly startedAt: number | undefined;
  endedAt: number | undefined;
  /** For the next snapshot: when it ran and no agent did. */
  gaps: readonly Gap[];
  /** When the kernel side shall report once more what it has reported already; milliseconds since the epoch. */
  renewAt: number;
  activity: Activity;
}

/** The tree that takes this container's events, if there is one. */
export function watchOf({ activity }: Observed): Watch | undefined {
  return activity.kind === 'provisional' || activity.kind === 'profiling' || activity.kind === 'lingering'
    ? activity.watch
    : undefined;
}

/** Undefined for what nobody needs to know of. */
export function reported({
  identity,
  startSeen,
  startedAt,
  endedAt,
  activity,
}: Observed): ReportedContainer | undefined {
  if (activity.kind === 'excluded') return undefined;
  return {
    id: identity.id,
    state: activity.kind === 'lingering' ? 'idle' : activity.kind,
    startSeen,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(activity.kind === 'profiling' ? { slotId: activity.slot.slotId } : {}),
  };
}
