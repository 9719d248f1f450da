/** The controllers of our kinds on a test's API server, and a store that they learn from. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { expect, onTestFinished } from 'vitest';
import type { Image } from '../../core/image.ts';
import { emptyEvidence } from '../../core/profile/evidence.ts';
import { evidenceOfSnapshot } from '../../core/profile/from-snapshot.ts';
import { mergeEvidence } from '../../core/profile/merge.ts';
import { objectName } from '../../core/profile/object-name.ts';
import { containerNumber, contextOf, epoch, snapshotOf } from '../../core/profile/testing.ts';
import { createProfileController } from '../../operator/controllers/security-profile/controller.ts';
import { createProfileMetrics } from '../../operator/controllers/security-profile/metrics.ts';
import { runConfigController } from '../../operator/controllers/workload-security-config/controller.ts';
import { packEvidence, publishStored, unpackEvidence } from '../../operator/learning/evidence-bytes.ts';
import { compileStored } from '../../operator/learning/compile-stored.ts';
import { ProfileBlobs } from '../../operator/learning/profile-blobs.ts';
import { createBlobMetrics } from '../../operator/metrics/blobs.ts';
import { imageView } from '../../operator/scheduling/image-view.ts';
import { SettingsSource } from '../../operator/settings-source.ts';
import { defaultSettings } from '../../operator/settings.ts';
import { openSqliteStore } from '../../operator/store/sqlite/sqlite-store.ts';
import { StoreHealth } from '../../operator/store/health.ts';
import type { Store } from '../../operator/store/store.ts';
import type { ApiServer } from './api-server.ts';
import { clientOf, liveContext } from './kube.ts';

export const soon = { interval: 100 };

/** Both controllers, until the test ends or `stop` is called. */
export function startControllers(apiServer: ApiServer, store: Store) {
  const context = liveContext();
  const client = clientOf(apiServer);
  const settings = new SettingsSource(defaultSettings);
  const announced: string[] = [];
  const blobs = new ProfileBlobs({
    ...context,
    store,
    compile: (evidence, marks) => compileStored(evidence, marks, new Uint8Array(32)),
    metrics: createBlobMetrics(new Registry()),
  });
  const profiles = createProfileController({
    ...context,
    client,
    store,
    settings,
    publish: publishStored,
    compiled: (record) => blobs.compiled(record),
    otherBuilds: () => ({ digests: [] }),
    scheduling: () => ({ view: imageView(new Map([['profiling', 1]]), false) }),
    refusals: () => [],
    labels: () => undefined,
    announce: (event) => void announced.push(event.reason),
    metrics: { ...context.metrics, ...createProfileMetrics(new Registry()) },
  });
  const abort = new AbortController();
  const running = Promise.all([
    runConfigController({ ...context, client, settings, health: new StoreHealth(context.clock) }, abort.signal),
    profiles.run(abort.signal),
  ]);
  const stop = async (): Promise<void> => {
    abort.abort();
    await running;
  };
  onTestFinished(stop);
  return { settings, stop, announced, enqueue: profiles.enqueue, object: profiles.object };
}

export async function openStore(): Promise<Store> {
  const directory = await mkdtemp(join(tmpdir(), 'wsp-controllers-'));
  const store = await openSqliteStore({ path: join(directory, 'operator.db') });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  return store;
}

/** Merges one snapshot, in which a container of this number reads one file. */
export async function learn(store: Store, image: Image, container: number, path: string): Promise<void> {
  const at = { actors: ['entrypoint' as const], phases: ['run' as const], first: epoch, last: epoch };
  const snapshot = snapshotOf(container, {
    processes: [{ ...at, parent: -1, executable: '/app', maxInstances: 1 }],
    files: [{ ...at, process: 0, path, access: ['read'] }],
  });
  const known = await store.evidence(image);
  const digest = `sha256:${'a'.repeat(64)}`;
  const fresh = evidenceOfSnapshot(snapshot, contextOf({ digest }));
  const before = known === undefined ? emptyEvidence : (await unpackEvidence(known.evidence)).evidence;
  const evidence = mergeEvidence(before, fresh);
  const snapshots = evidence.snapshots.length;
  const now = Date.now();
  const result = await store.commitSnapshot({
    snapshot: {
      snapshotId: snapshot.snapshotId,
      containerId: containerNumber(container),
      node: 'node-1',
      image,
      from: snapshot.from,
      to: snapshot.to,
      receivedAt: now,
      bytes: new Uint8Array(1),
    },
    profile: {
      image,
      name: objectName(image),
      state: 'learning',
      version: (known?.profile.version ?? 0) + 1,
      snapshots,
      countedSnapshots: snapshots,
      containers: evidence.containers.length,
      firstSnapshotAt: known?.profile.firstSnapshotAt ?? now,
      lastSnapshotAt: now,
      digests: [digest],
    },
    evidence: (await packEvidence(evidence)).bytes,
  });
  expect(result).toBe('stored');
}

export const field = (apiServer: ApiServer, name: string, path: string): Promise<string> =>
  apiServer.kubectl(['get', 'securityprofile', name, '--ignore-not-found', '-o', `jsonpath={${path}}`]);
