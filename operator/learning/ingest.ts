/**
 * From an uploaded snapshot to a profile that knows it: verified against the API server and the slots, merged, durable, and
 * only then acknowledged. Uploads of one image come one after the other; other writers of the store are met by version.
 */
import { LRUCache } from 'lru-cache';
import type { Snapshot } from '../../core/activity/snapshot.ts';
import { imageText, type Image } from '../../core/image.ts';
import { watched } from '../../core/profile/completeness.ts';
import { digestsOf } from '../../core/profile/digests.ts';
import type { ClusterNames } from '../../core/profile/dns-names.ts';
import { emptyEvidence, type Evidence, evidenceLimits } from '../../core/profile/evidence.ts';
import { addSnapshot, type SnapshotContext } from '../../core/profile/from-snapshot.ts';
import { objectName } from '../../core/profile/object-name.ts';
import type { ContainerRecord, Inventory } from '../inventory/inventory.ts';
import type { ProfileRecord, Store } from '../store/store.ts';
import { leavesRoom, type Room } from './byte-share.ts';
import { snapshotCounts } from './counting.ts';
import { maxEvidenceJsonBytes, packEvidence, unpackEvidence } from './evidence-bytes.ts';
import { answerOf, type IngestAnswer, type Outcome } from './outcome.ts';
import type { Refusal } from '../store/lifecycle.ts';
import { RefusedBefore, type RefusedUpload } from './refused-before.ts';
import { Serial } from './serial.ts';
import { mayCount, type Share, shareOf, snapshotsPerNamespace } from './share.ts';
import { recordContext } from './snapshot-context.ts';
import { type Claim, clockTolerance, type Grants, verify } from './verification.ts';

export interface IngestOptions {
  readonly store: Pick<Store, 'profile' | 'evidence' | 'commitSnapshot' | 'hasSnapshot' | 'restore'>;
  readonly inventory: Pick<Inventory, 'container' | 'resolve'>;
  readonly grants: Grants;
  /** A snapshot counts towards stability from this coverage on; read anew for every upload. */
  readonly minCoverageMs: () => number;
  /** Counted snapshots that make a profile stable. */
  readonly learningSnapshots: () => number;
  /** Whether containers of this image run in any other namespace. */
  readonly othersRun: (image: Image, namespace: string) => boolean;
  readonly onOutcome: (outcome: Outcome) => void;
  /** For each snapshot that finds the share of its namespace taken; `firstSnapshotAt` of the profile. */
  readonly onRefused: (image: Image, refusal: Refusal, firstSnapshotAt: number) => void;
  /** Once for each snapshot that is merged and durable. */
  readonly onLearned: (snapshot: Snapshot) => void;
  /** What names are recognised by; read anew for every upload, and kept with it. */
  readonly clusterNames?: () => ClusterNames;
  /** Estimated memory for evidence that is kept decoded; 32 MiB if absent, some 100 images of 500 behaviours. */
  readonly cacheBytes?: number;
  /** Evidence of one image, as JSON; 32 MiB if absent. A parameter for tests. */
  readonly maxJsonBytes?: number;
}

export interface Upload extends Claim {
  /** As it came: zstd JSON. */
  readonly bytes: Uint8Array;
}

/** Rejects if the store fails; the agent then tries again later. */
export type Ingest = (upload: Upload) => Promise<IngestAnswer>;

interface Learned {
  readonly profile: ProfileRecord | undefined;
  readonly evidence: Evidence;
  readonly jsonBytes: number;
}

interface Verified extends Upload {
  readonly record: ContainerRecord;
}

type Result = readonly [outcome: Outcome, reason?: string];

interface Obstacle {
  readonly result: Result;
  /** Of what the namespace has its share. */
  readonly share?: Refusal['of'];
}

/** Each conflict means that another writer got through; five in a row need one that writes without pause. */
const attempts = 5;
const defaultCacheBytes = 32 * 1024 * 1024;
/**
 * Objects, keys and bits beside the texts that the JSON holds: of the recorded servers 3.2 (PostgreSQL) to 5.8 (nginx) times
 * the JSON, 4 to 5 for most.
 */
const memoryFactor = 5;

export function createIngest(options: IngestOptions): Ingest {
  const { store, inventory, grants } = options;
  const serial = new Serial();
  const refusedBefore = new RefusedBefore();
  const cache = new LRUCache<string, Learned>({
    maxSize: options.cacheBytes ?? defaultCacheBytes,
    sizeCalculation: ({ jsonBytes }) => Math.max(1, jsonBytes * memoryFactor),
  });

  async function read(image: Image, at: number): Promise<Learned> {
    const key = imageText(image);
    const cached = cache.get(key);
    if (cached !== undefined) return cached;
    const stored = (await store.evidence(image)) ?? (await fromArchive(image, at));
    const learned: Learned =
      stored === undefined
        ? { profile: undefined, evidence: emptyEvidence, jsonBytes: 0 }
        : { profile: stored.profile, ...(await unpackEvidence(stored.evidence)) };
    // A finished profile may be forgotten any time, and nothing would tell us: no commit that could conflict follows.
    if (obstacleTo(learned) === undefined) cache.set(key, learned);
    return learned;
  }

  /** The image ran long ago, and runs again: it goes on from where it was. */
  async function fromArchive(image: Image, at: number): ReturnType<Store['evidence']> {
    return (await store.restore(image, at)) === undefined ? undefined : store.evidence(image);
  }

  /** What is kept decoded may have been given up since, and nothing that is only read would tell. */
  async function isKnown(snapshot: Snapshot, { record, receivedAt }: Verified): Promise<boolean> {
    cache.delete(imageText(record.image));
    return hasTaught(snapshot, (await read(record.image, receivedAt)).evidence);
  }

  async function attempt(upload: Verified): Promise<Result | 'conflict'> {
    const { record, snapshot, node, receivedAt, bytes } = upload;
    const known = await read(record.image, receivedAt);
    const { namespace } = record.pod;
    const share = shareOf(namespace, known.evidence, options.minCoverageMs());
    // What taught it before is no news, also for a profile that takes no more, or was away in the archive meanwhile.
    if (hasTaught(snapshot, known.evidence)) return (await isKnown(snapshot, upload)) ? ['duplicate'] : 'conflict';
    const obstacle = goneSince(record) ?? obstacleOf(known, share, namespace);
    if (obstacle !== undefined) return refuse(obstacle, upload, known);
    const recorded = recordContext(contextOf(upload));
    const evidence = addSnapshot(known.evidence, snapshot, recorded.context);
    const packed = await packEvidence(evidence);
    const { maxJsonBytes = maxEvidenceJsonBytes } = options;
    const room = { jsonBytes: packed.jsonBytes, maxJsonBytes };
    if (!leavesRoom(evidence, namespace, room)) return refuse(bytesTaken(room, namespace), upload, known);
    const counts =
      snapshotCounts(snapshot, record.startedAt, options.minCoverageMs()) &&
      mayCount(share, options.learningSnapshots(), () => options.othersRun(record.image, namespace));
    const profile = nextProfile(known.profile, { image: record.image, evidence, receivedAt, counts });
    const { snapshotId, from, to } = snapshot;
    const { image } = record;
    const context = await recorded.pack();
    const result = await store.commitSnapshot({
      snapshot: { snapshotId, containerId: record.id, node, image, from, to, receivedAt, bytes, context },
      profile,
      evidence: packed.bytes,
    });
    switch (result) {
      case 'stored':
        cache.set(imageText(record.image), { profile, evidence, jsonBytes: packed.jsonBytes });
        options.onLearned(snapshot);
        return ['accepted'];
      case 'duplicate':
        return ['duplicate'];
      case 'overlap':
        return ['overlap', 'another snapshot of this container covers part of the period'];
      case 'conflict':
        return 'conflict';
    }
  }

  /** It was verified before it waited its turn; what was read now may be anew, without the marks of who was gone by then. */
  function goneSince({ id }: ContainerRecord): Obstacle | undefined {
    if (inventory.container(id) !== undefined) return undefined;
    return { result: ['unverified', 'the API server shows the container no more'] };
  }

  /** What was stored before is no news, also for a profile that takes no more. */
  async function refuse(
    { result, share }: Obstacle,
    upload: Verified,
    { profile, evidence }: Learned,
  ): Promise<Result | 'conflict'> {
    const { image } = upload.record;
    if (await store.hasSnapshot(upload.snapshot.snapshotId)) return ['duplicate'];
    if (share !== undefined) {
      // Learning may have begun anew since what is kept decoded was read, and no commit follows that would tell.
      if ((await store.profile(image))?.version !== profile?.version) return 'conflict';
      if (profile !== undefined) refusedBefore.note(sizeOf(upload), share, profile, evidence.snapshots);
      tellRefused(upload, share, profile);
    }
    return result;
  }

  /** Undefined if the evidence must tell. */
  async function refuseAgain(upload: Verified): Promise<Result | undefined> {
    const { record, snapshot } = upload;
    if (!refusedBefore.has(sizeOf(upload))) return undefined;
    if (await store.hasSnapshot(snapshot.snapshotId)) return ['duplicate'];
    const profile = await store.profile(record.image);
    const share = profile && refusedBefore.find(sizeOf(upload), profile);
    if (share === undefined) return undefined;
    if (refusedBefore.hasTaught(record.image, snapshot)) return ['duplicate'];
    tellRefused(upload, share, profile);
    return takenBefore(share, record.pod.namespace);
  }

  function tellRefused({ record, receivedAt }: Verified, of: Refusal['of'], profile: ProfileRecord | undefined): void {
    const refusal = { namespace: record.pod.namespace, of, since: receivedAt };
    options.onRefused(record.image, refusal, profile?.firstSnapshotAt ?? receivedAt);
  }

  function contextOf({ record, snapshot, receivedAt, node }: Verified): SnapshotContext {
    const { namespace, uid } = record.pod;
    return {
      node,
      namespace,
      workload: `${namespace}/${record.workload.kind}/${record.workload.name}`,
      digest: record.digest,
      ...options.clusterNames?.(),
      // Not receipt minus five minutes: a snapshot that waited in the agent's spool is hours old and still right.
      notBefore: snapshot.from - clockTolerance,
      notAfter: Math.min(snapshot.to, receivedAt) + clockTolerance,
      resolve: (question) => inventory.resolve({ ...question, podUid: uid }),
    };
  }

  async function learn(upload: Verified): Promise<Result> {
    for (let left = attempts; left > 0; left -= 1) {
      const result = (await refuseAgain(upload)) ?? (await attempt(upload));
      if (result !== 'conflict') return result;
      cache.delete(imageText(upload.record.image));
    }
    return ['contended', 'the profile is being changed by others'];
  }

  /**
   * One snapshot per slot, else one slot would do to fill a profile; the same one again means that its answer was lost.
   * Looked up and completed while no other upload of the image is at work: several may come at once.
   */
  async function learnOnce(upload: Verified): Promise<Result> {
    const { snapshot, node } = upload;
    if (grants.lookup(snapshot.slotId, snapshot.container.id, node)?.state === 'completed') {
      return (await store.hasSnapshot(snapshot.snapshotId))
        ? ['duplicate']
        : ['slot', 'this slot has brought its snapshot'];
    }
    const result = await learn(upload);
    completeSlot(upload, result[0]);
    return result;
  }

  async function decide(upload: Upload): Promise<Result> {
    const { snapshot, node } = upload;
    const { id } = snapshot.container;
    const verdict = verify(upload, inventory.container(id), grants.lookup(snapshot.slotId, id, node));
    if (!verdict.ok) {
      completeSlot(upload, verdict.outcome);
      return [verdict.outcome, verdict.reason];
    }
    const { record } = verdict;
    try {
      return await serial.run(imageText(record.image), () => learnOnce({ ...upload, record }));
    } catch (error) {
      // Whether it was written is not known: what is in the store decides next time.
      cache.delete(imageText(record.image));
      throw error;
    }
  }

  return async (upload) => {
    try {
      const [outcome, reason] = await decide(upload);
      options.onOutcome(outcome);
      return answerOf(outcome, reason ?? '');
    } catch (error) {
      options.onOutcome('failed');
      throw error;
    }
  };

  /**
   * What is to be sent again leaves the slot open, and a stranger's refusal must not end the slot of another: slots that an
   * operator before this one gave are known without their node.
   */
  function completeSlot({ snapshot, node }: Upload, outcome: Outcome): void {
    if (answerOf(outcome, '').result === 'retry' || outcome === 'node') return;
    const { slotId, container } = snapshot;
    if (grants.lookup(slotId, container.id, node) !== undefined) grants.completed(slotId, container.id);
  }
}

function hasTaught({ container, from }: Snapshot, { snapshots }: Evidence): boolean {
  return snapshots.some((facts) => facts.containerId === container.id && facts.from === from);
}

function obstacleTo({ profile, evidence }: Learned): Obstacle | undefined {
  if (profile?.state === 'stable') return { result: ['sealed', 'the profile is finished'] };
  if (evidence.snapshots.length < evidenceLimits.snapshots) return undefined;
  return { result: ['full', `the profile holds ${evidenceLimits.snapshots} snapshots, as many as it can`] };
}

function obstacleOf(known: Learned, { snapshots }: Share, namespace: string): Obstacle | undefined {
  const obstacle = obstacleTo(known);
  if (obstacle !== undefined || snapshots < snapshotsPerNamespace) return obstacle;
  const reason = `the profile holds ${snapshots} snapshots of the namespace ${namespace}, as many as it takes of one`;
  return { result: ['share', reason], share: 'snapshots' };
}

function bytesTaken({ jsonBytes, maxJsonBytes }: Room, namespace: string): Obstacle {
  const reason = `with it the profile would have ${jsonBytes} bytes of evidence, and the namespace ${namespace} more of them than it leaves to others of ${maxJsonBytes}`;
  return { result: ['share', reason], share: 'bytes' };
}

function takenBefore(share: Refusal['of'], namespace: string): Result {
  return [
    'share',
    `the namespace ${namespace} has its share of the profile's ${share}: one as large was refused, and the profile is the same since`,
  ];
}

function sizeOf({ record, bytes }: Verified): RefusedUpload {
  return { image: record.image, namespace: record.pod.namespace, bytes: bytes.length };
}

function nextProfile(
  before: ProfileRecord | undefined,
  now: { readonly image: Image; readonly evidence: Evidence; readonly receivedAt: number; readonly counts: boolean },
): ProfileRecord {
  const { image, evidence, receivedAt, counts } = now;
  return {
    ...before,
    image,
    name: objectName(image),
    state: 'learning',
    version: (before?.version ?? 0) + 1,
    countedSnapshots: (before?.countedSnapshots ?? 0) + (counts ? 1 : 0),
    snapshots: evidence.snapshots.length,
    containers: evidence.containers.length,
    firstSnapshotAt: before?.firstSnapshotAt ?? receivedAt,
    lastSnapshotAt: Math.max(before?.lastSnapshotAt ?? 0, receivedAt),
    digests: digestsOf(evidence),
    ...watched(evidence.snapshots),
  };
}
