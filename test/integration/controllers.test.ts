/** The controllers of our kinds, with a real API server and a real store. */
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
import { securityProfiles } from '../../operator/controllers/resources.ts';
import { applyObject } from '../../operator/kube/apply.ts';
import { ConflictError } from '../../operator/kube/errors.ts';
import { packEvidence, publishStored, unpackEvidence } from '../../operator/learning/evidence-bytes.ts';
import { SettingsSource } from '../../operator/settings-source.ts';
import { defaultSettings } from '../../operator/settings.ts';
import { StoreHealth } from '../../operator/store/health.ts';
import { openSqliteStore } from '../../operator/store/sqlite/sqlite-store.ts';
import type { Store } from '../../operator/store/store.ts';
import type { ApiServer } from './api-server.ts';
import { test } from './kinds.ts';
import { clientOf, liveContext } from './kube.ts';
import { sampleProfile } from './sample-profile.ts';

const soon = { timeout: 20_000, interval: 100 };
const config = ['workloadsecurityconfig', 'default'];

/** Both controllers, until the test ends or `stop` is called. */
function startControllers(apiServer: ApiServer, store: Store) {
  const context = liveContext();
  const client = clientOf(apiServer);
  const settings = new SettingsSource(defaultSettings);
  const announced: string[] = [];
  const profiles = createProfileController({
    ...context,
    client,
    store,
    settings,
    publish: publishStored,
    newDigests: () => [],
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
  return { settings, stop, announced, enqueue: profiles.enqueue };
}

async function openStore(): Promise<Store> {
  const directory = await mkdtemp(join(tmpdir(), 'wsp-controllers-'));
  const store = await openSqliteStore({ path: join(directory, 'operator.db') });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  return store;
}

/** Merges one snapshot, in which a container of this number reads one file. */
async function learn(store: Store, image: Image, container: number, path: string): Promise<void> {
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

const field = (apiServer: ApiServer, name: string, path: string): Promise<string> =>
  apiServer.kubectl(['get', 'securityprofile', name, '--ignore-not-found', '-o', `jsonpath={${path}}`]);

test('the settings appear with their defaults, change while running, and come back when deleted', async ({
  apiServer,
  withKinds,
}) => {
  await withKinds(apiServer);
  const { settings } = startControllers(apiServer, await openStore());
  const ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].reason} {.status.observedGeneration}';
  const status = (): Promise<string> => apiServer.kubectl(['get', ...config, '--ignore-not-found', '-o', ready]);
  await expect.poll(status, soon).toBe('Accepted 1');
  const patch = JSON.stringify({ spec: { learning: { snapshots: 7 } } });
  await apiServer.kubectl(['patch', ...config, '--type=merge', '-p', patch]);
  await expect.poll(() => settings.current.learning.snapshots, soon).toBe(7);
  await expect.poll(status, soon).toBe('Accepted 2');
  await apiServer.kubectl(['delete', ...config]);
  await expect.poll(() => settings.current, soon).toEqual(defaultSettings);
  await expect.poll(status, soon).toBe('Accepted 1');
});

test('a profile is published, edits are taken back, enough snapshots seal it', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  const image = { name: 'docker.io/library/app', tag: 'v1' };
  const name = objectName(image);
  const store = await openStore();
  const { settings, enqueue, announced } = startControllers(apiServer, store);
  const spec = { learning: { snapshots: 3 }, publishing: { interval: '1s' } };
  await expect.poll(() => apiServer.kubectl(['get', ...config, '-o', 'name']), soon).toContain('default');
  await apiServer.kubectl(['patch', ...config, '--type=merge', '-p', JSON.stringify({ spec })]);
  await expect.poll(() => settings.current.learning.snapshots, soon).toBe(3);

  await learn(store, image, 1, '/etc/one');
  enqueue(image);
  const files = '.spec.behavior.files[*].path';
  await expect.poll(() => field(apiServer, name, `${files}}{.status.state`), soon).toBe('/etc/oneLearning');
  const edit = JSON.stringify([{ op: 'replace', path: '/spec/behavior/files', value: [] }]);
  await apiServer.kubectl(['patch', 'securityprofile', name, '--type=json', '-p', edit]);
  await expect.poll(() => field(apiServer, name, files), soon).toBe('/etc/one');

  await learn(store, image, 2, '/etc/two');
  enqueue(image);
  await expect.poll(() => field(apiServer, name, '.status.snapshots'), soon).toBe('2');
  await learn(store, image, 3, '/etc/three');
  enqueue(image);
  await expect.poll(() => field(apiServer, name, '.status.state'), soon).toBe('Stable');
  expect(await field(apiServer, name, '.spec.sealed')).toBe('true');
  expect(announced).toEqual(['ProfileRestored', 'ProfileSealed']);
  const table = await apiServer.kubectl(['get', 'securityprofiles', name]);
  expect(table).toMatch(/docker\.io\/library\/app +v1 +Stable +\d+ +3 +3 /);
});

test('a deleted profile is learned anew, also if it was deleted while nobody watched', async ({
  apiServer,
  withKinds,
}) => {
  await withKinds(apiServer);
  const image = { name: 'docker.io/library/gone', tag: 'v1' };
  const name = objectName(image);
  const store = await openStore();
  const remove = ['delete', 'securityprofile', name];

  const first = startControllers(apiServer, store);
  await learn(store, image, 1, '/etc/one');
  first.enqueue(image);
  await expect.poll(() => store.profile(image), soon).toHaveProperty('publishedUid');
  await apiServer.kubectl(remove);
  await expect.poll(() => store.profile(image), soon).toBeUndefined();

  await learn(store, image, 2, '/etc/two');
  first.enqueue(image);
  await expect.poll(() => field(apiServer, name, '.spec.behavior.files[*].path'), soon).toBe('/etc/two');
  await expect.poll(() => store.profile(image), soon).toHaveProperty('publishedUid');
  await first.stop();
  await apiServer.kubectl(remove);
  startControllers(apiServer, store);
  await expect.poll(() => store.profile(image), soon).toBeUndefined();
  expect(await field(apiServer, name, '.metadata.name')).toBe('');
});

test('a write to a deleted profile fails instead of creating another', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  const client = clientOf(apiServer);
  const { spec } = sampleProfile('absent');
  const metadata = { name: 'absent', uid: '00000000-0000-0000-0000-000000000000' };
  await expect(applyObject(client, securityProfiles, { metadata, spec })).rejects.toThrow(ConflictError);
  expect(await field(apiServer, 'absent', '.metadata.name')).toBe('');
});
