import { noLosses, snapshotId, type Snapshot } from '../../../core/activity/snapshot.ts';

/** The smallest whole snapshot: one process, nothing else. */
export function smallSnapshot(container = 'a'.repeat(64), from = 1_700_000_000_000): Snapshot {
  return {
    formatVersion: 1,
    snapshotId: snapshotId(container, from),
    slotId: 'slot-1',
    container: { id: container, name: 'web', podUid: 'uid', podName: 'web-1', podNamespace: 'shop' },
    from,
    to: from + 1_000,
    ended: false,
    startSeen: true,
    gaps: [],
    blindSpots: [],
    events: 0,
    losses: noLosses(),
    kindsCollected: ['process'],
    processes: [
      {
        actors: ['entrypoint'],
        phases: ['start'],
        first: from,
        last: from,
        parent: -1,
        executable: '/bin/web',
        maxInstances: 1,
      },
    ],
    files: [],
    dns: [],
    network: [],
  };
}
