/** Records for tests of stores, with what a test does not care about filled in. */
import type { Image } from '../../../core/image.ts';
import type { LostPeriod, ProfileRecord, SnapshotCommit, StoredSnapshot } from '../store.ts';

export const nginx: Image = { name: 'docker.io/library/nginx', tag: '1.27' };
export const startOfTime = 1_750_000_000_000;

/** 64 hexadecimal digits that differ for every number. */
export function containerId(number: number): string {
  return number.toString(16).padStart(64, '0');
}

export function snapshotRecord(fields: Partial<StoredSnapshot> = {}): StoredSnapshot {
  const container = fields.containerId ?? containerId(1);
  const from = fields.from ?? startOfTime;
  return {
    snapshotId: `${container}/${from}`,
    containerId: container,
    node: 'node-a',
    image: nginx,
    from,
    to: from + 60_000,
    receivedAt: (fields.to ?? from + 60_000) + 500,
    bytes: Uint8Array.of(1, 2, 3),
    ...fields,
  };
}

export function profileRecord(fields: Partial<ProfileRecord> = {}): ProfileRecord {
  return {
    image: nginx,
    name: 'nginx-1.27-0123456789',
    state: 'learning',
    version: 1,
    countedSnapshots: 1,
    snapshots: 1,
    containers: 1,
    firstSnapshotAt: startOfTime,
    lastSnapshotAt: startOfTime,
    digests: [],
    ...fields,
  };
}

/** A commit that makes `version` of the profile of the snapshot's image; its evidence tells the version. */
export function commitOf(version: number, snapshot: StoredSnapshot = snapshotRecord()): SnapshotCommit {
  return {
    snapshot,
    profile: profileRecord({ image: snapshot.image, version, snapshots: version, lastSnapshotAt: snapshot.receivedAt }),
    evidence: new TextEncoder().encode(`evidence ${version}`),
  };
}

export function lostPeriod(fields: Partial<LostPeriod> = {}): LostPeriod {
  const from = fields.from ?? startOfTime;
  return {
    containerId: containerId(1),
    slotId: 'slot-1',
    node: 'node-a',
    image: nginx,
    from,
    to: from + 30_000,
    ...fields,
  };
}
