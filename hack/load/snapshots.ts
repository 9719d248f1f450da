/** Snapshots of simulated containers, by the agent's own tree and encoding. */
import { ActivityTree, profilingBytes } from '../../core/activity/tree.ts';
import { type ContainerIdentity, noLosses, type Snapshot } from '../../core/activity/snapshot.ts';
import { hostMountNamespace } from '../../core/activity/testing/recording.ts';
import type { SeededRandom } from '../../operator/testing/seeded-random.ts';
import { recordPeriod } from './programs.ts';

export interface Period {
  readonly container: ContainerIdentity;
  /** Number of the image. */
  readonly image: number;
  readonly slotId: string;
  readonly from: number;
  readonly to: number;
  /** The period begins with the container. */
  readonly start: boolean;
  readonly ended: boolean;
}

export function snapshotOf(period: Period, random: SeededRandom): Snapshot {
  const { container, slotId, from, to, ended, start, image } = period;
  const tree = new ActivityTree({
    hostMountNamespace,
    startSeen: true,
    startPhaseSeconds: 180,
    maxBytes: profilingBytes,
    injectedBy: () => 'exec',
  });
  for (const event of recordPeriod(image, random, start, from).events) tree.apply(event);
  const snapshot = tree.snapshot({
    container,
    slotId,
    from,
    to,
    ended,
    gaps: [],
    blindSpots: [],
    losses: noLosses(),
    kindsCollected: ['process', 'file', 'dns', 'network'],
  });
  return { ...snapshot, startSeen: start };
}
