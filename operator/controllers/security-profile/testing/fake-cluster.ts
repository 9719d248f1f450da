/** API server, store and reconciliation of profiles in one process, with a clock that tests move. */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { imageText, type Image } from '../../../../core/image.ts';
import { decodeEvidence } from '../../../../core/profile/decode-evidence.ts';
import { digestsOf } from '../../../../core/profile/digests.ts';
import { encodeEvidence } from '../../../../core/profile/encode-evidence.ts';
import { emptyEvidence } from '../../../../core/profile/evidence.ts';
import { evidenceOfSnapshot } from '../../../../core/profile/from-snapshot.ts';
import { mergeEvidence } from '../../../../core/profile/merge.ts';
import { objectName } from '../../../../core/profile/object-name.ts';
import { contextOf, snapshotOf } from '../../../../core/profile/testing.ts';
import type { LabelValues, SecurityProfileSpec, SecurityProfileStatus } from '../../../../crds/security-profile.ts';
import { ConflictError, InvalidError } from '../../../kube/errors.ts';
import { publishStored } from '../../../learning/evidence-bytes.ts';
import type { OtherBuilds } from '../../../learning/new-digests.ts';
import { compileStored } from '../../../learning/compile-stored.ts';
import { ProfileBlobs, type ProfileBlobsOptions } from '../../../learning/profile-blobs.ts';
import { createBlobMetrics } from '../../../metrics/blobs.ts';
import { imageView } from '../../../scheduling/image-view.ts';
import type { Refusal } from '../../../store/lifecycle.ts';
import { defaultSettings, type Settings } from '../../../settings.ts';
import { memoryStore } from '../../../store/testing/memory-store.ts';
import { FakeClock } from '../../../testing/fake-clock.ts';
import { ByteBucket } from '../byte-bucket.ts';
import type { LastPublication, ProfileApi, ProfileDependencies } from '../dependencies.ts';
import { createProfileMetrics } from '../metrics.ts';
import { type AskedAction, specDigest, type ProfileObject } from '../profile-object.ts';
import { reconcileProfile } from '../reconcile.ts';
import type { SchedulingFacts } from '../scheduling.ts';

interface StoredObject {
  readonly uid: string;
  readonly generation: number;
  readonly spec: SecurityProfileSpec;
  readonly status: SecurityProfileStatus;
  readonly action?: AskedAction;
  readonly keep: boolean;
  readonly specDigest: string;
}

/** Objects with the rules that the kind's schema has: sealed specs do not change. */
export class FakeApi implements ProfileApi {
  readonly objects = new Map<string, StoredObject>();
  specWrites = 0;
  statusWrites = 0;
  /** Of JSON, in all writes. */
  bytes = 0;
  /** Stands for a webhook, or for a schema that lacks a field. */
  alter = (spec: SecurityProfileSpec): SecurityProfileSpec => spec;
  /** Stands for an informer that is behind: what `withImage` shows instead of the objects. */
  cache: readonly ProfileObject[] | undefined;
  #uids = 0;

  put(name: string, spec: SecurityProfileSpec): StoredObject {
    const before = this.objects.get(name);
    const digest = specDigest(spec);
    if (before?.specDigest === digest) return before;
    if (before?.spec.sealed === true) throw new InvalidError('the profile is sealed', 422, 'Invalid');
    const uid = before?.uid ?? `uid-${(this.#uids += 1)}`;
    const object = {
      uid,
      generation: (before?.generation ?? 0) + 1,
      spec,
      status: before?.status ?? {},
      keep: false,
      specDigest: digest,
    };
    this.objects.set(name, object);
    return object;
  }

  withImage(key: string): readonly ProfileObject[] {
    if (this.cache !== undefined) return this.cache;
    return [...this.objects.keys()]
      .flatMap((name) => this.#project(name) ?? [])
      .filter((object) => imageText(object.image) === key);
  }

  read(name: string): Promise<ProfileObject | undefined> {
    return Promise.resolve(this.#project(name));
  }

  applySpec(name: string, spec: SecurityProfileSpec, uid: string | undefined): Promise<StoredObject> {
    if (uid !== undefined && this.objects.get(name)?.uid !== uid) {
      return Promise.reject(new ConflictError(`${name} is not ${uid}`, 409, 'Conflict'));
    }
    this.specWrites += 1;
    this.bytes += JSON.stringify(spec).length;
    return Promise.resolve(this.put(name, this.alter(spec)));
  }

  applyStatus(name: string, status: SecurityProfileStatus): Promise<void> {
    const object = this.objects.get(name);
    if (object === undefined) return Promise.reject(new Error(`${name} does not exist`));
    this.statusWrites += 1;
    this.bytes += JSON.stringify(status).length;
    this.objects.set(name, { ...object, status });
    return Promise.resolve();
  }

  remove(name: string, uid: string): Promise<void> {
    if (this.objects.get(name)?.uid === uid) this.objects.delete(name);
    return Promise.resolve();
  }

  clearAction(name: string, action: string): Promise<void> {
    const { action: asked, ...object } = this.#existing(name);
    if (asked?.text !== action) return Promise.reject(new InvalidError('another action', 422, 'Invalid'));
    this.objects.set(name, object);
    return Promise.resolve();
  }

  /** A person sets the annotations. */
  annotate(name: string, annotations: { readonly action?: AskedAction; readonly keep?: boolean }): void {
    this.objects.set(name, { ...this.#existing(name), ...annotations });
  }

  #existing(name: string): StoredObject {
    const object = this.objects.get(name);
    if (object === undefined) throw new Error(`${name} does not exist`);
    return object;
  }

  #project(name: string): ProfileObject | undefined {
    const object = this.objects.get(name);
    if (object === undefined) return undefined;
    const { spec, ...rest } = object;
    return { name, ...rest, image: spec.image, sealed: spec.sealed ?? false, bytes: 0 };
  }
}

export interface FakeClusterOptions {
  readonly clock?: FakeClock;
  /** Shared by several clusters, each of one image. */
  readonly bucket?: ByteBucket;
  readonly burst?: number;
  /** Instead of what the evidence says. */
  readonly publish?: ProfileDependencies['publish'];
  /** Instead of compiling in place. */
  readonly compile?: ProfileBlobsOptions['compile'];
}

export function fakeCluster(image: Image, options: FakeClusterOptions = {}) {
  const clock = options.clock ?? new FakeClock(Date.parse('2030-01-01T00:00:00Z'));
  const api = new FakeApi();
  const { store, now } = memoryStore();
  const settings: { current: Settings } = { current: defaultSettings };
  const metrics = createProfileMetrics(new Registry());
  const name = objectName(image);
  const announced: string[] = [];
  const running: {
    otherBuilds: OtherBuilds;
    scheduling: SchedulingFacts;
    refusals: readonly Refusal[];
    labels?: readonly LabelValues[];
  } = {
    otherBuilds: { digests: [] },
    scheduling: { view: imageView(new Map(), false) },
    refusals: [],
  };
  const bucket = options.bucket ?? new ByteBucket(clock, 128 * 1024, options.burst ?? 1024 * 1024);

  const log = pino({ enabled: false });
  const blobs = new ProfileBlobs({
    store,
    compile: options.compile ?? ((evidence, marks) => compileStored(evidence, marks, new Uint8Array(32))),
    metrics: createBlobMetrics(new Registry()),
    log,
  });

  const dependencies = (): ProfileDependencies => ({
    store,
    api,
    publish: options.publish ?? publishStored,
    compiled: (record) => blobs.compiled(record),
    otherBuilds: () => running.otherBuilds,
    scheduling: () => running.scheduling,
    refusals: () => running.refusals,
    labels: () => running.labels,
    settings: () => settings.current,
    bucket,
    last: new LRUCache<string, LastPublication>({ max: 100 }),
    clock,
    announce: (event) => void announced.push(event.reason),
    metrics,
    log,
  });
  let current = dependencies();

  return {
    api,
    clock,
    bucket,
    settings,
    metrics,
    store,
    name,
    announced,
    running,
    record: () => now.profile(image),
    object: () => api.objects.get(name),
    reconcile: () => reconcileProfile(imageText(image), current),
    /** Forgets what only memory knew. */
    restart(): void {
      current = dependencies();
    },
    /** Merges a snapshot of one process and the files it read, in a container of the given number. */
    learn(container: number, ...paths: string[]): void {
      const at = { actors: ['entrypoint' as const], phases: ['run' as const], first: 0, last: 0 };
      const snapshot = snapshotOf(container, {
        from: clock.now() + container,
        to: clock.now() + container + 60_000,
        processes: [{ ...at, parent: -1, executable: '/app', maxInstances: 1 }],
        files: paths.map((path) => ({ ...at, process: 0, path, access: ['read' as const] })),
      });
      const known = now.evidence(image);
      const before = known === undefined ? emptyEvidence : decodeEvidence(zstdDecompressSync(known.evidence));
      const evidence = mergeEvidence(before, evidenceOfSnapshot(snapshot, contextOf()));
      const { snapshotId, from, to } = snapshot;
      const snapshots = evidence.snapshots.length;
      const result = now.commitSnapshot({
        snapshot: {
          snapshotId,
          containerId: snapshot.container.id,
          node: 'node-1',
          image,
          from,
          to,
          receivedAt: clock.now(),
          bytes: new Uint8Array(1),
        },
        profile: {
          image,
          name,
          state: 'learning',
          version: (known?.profile.version ?? 0) + 1,
          snapshots,
          countedSnapshots: snapshots,
          containers: evidence.containers.length,
          firstSnapshotAt: known?.profile.firstSnapshotAt ?? clock.now(),
          lastSnapshotAt: clock.now(),
          digests: digestsOf(evidence),
        },
        evidence: zstdCompressSync(encodeEvidence(evidence)),
      });
      if (result !== 'stored') throw new Error(`the snapshot of container ${container} was not stored: ${result}`);
    },
  };
}
