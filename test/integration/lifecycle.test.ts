/** The life of profiles on a real API server: what people ask for by annotation, the archive, and what they write themselves. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect } from 'vitest';
import type { Image } from '../../core/image.ts';
import { objectName } from '../../core/profile/object-name.ts';
import { containerNumber } from '../../core/profile/testing.ts';
import { createProfileMetrics } from '../../operator/controllers/security-profile/metrics.ts';
import type { ContainerRecord } from '../../operator/inventory/inventory.ts';
import { KnownProfiles } from '../../operator/learning/known-profiles.ts';
import { Survey } from '../../operator/learning/survey.ts';
import type { Store } from '../../operator/store/store.ts';
import { FakeClock } from '../../operator/testing/fake-clock.ts';
import type { ApiServer } from './api-server.ts';
import { test } from './kinds.ts';
import { field, learn, openStore, soon, startControllers } from './profile-controllers.ts';

const day = 24 * 60 * 60_000;
const imageOf = (name: string): Image => ({ name: `docker.io/library/${name}`, tag: 'v1' });

function annotate(apiServer: ApiServer, name: string, annotation: string): Promise<string> {
  const manager = '--field-manager=kubectl-wsp';
  return apiServer.kubectl(['annotate', 'securityprofile', name, `workloadsecurity.dev/${annotation}`, manager]);
}

/** A finished profile of one file. */
async function sealed(apiServer: ApiServer, store: Store, image: Image, path: string) {
  const controllers = startControllers(apiServer, store);
  await learn(store, image, 1, path);
  const { version } = (await store.profile(image)) ?? { version: 0 };
  await store.seal(image, version, Date.now());
  controllers.enqueue(image);
  const name = objectName(image);
  await expect.poll(() => field(apiServer, name, '.status.state'), soon).toBe('Stable');
  await expect.poll(() => store.profile(image), soon).toHaveProperty('publishedUid');
  return { ...controllers, name };
}

test('a sealed profile is relearned by annotation: archived, audited with who asked, and learned anew', async ({
  apiServer,
  withKinds,
}) => {
  await withKinds(apiServer);
  const image = imageOf('relearn');
  const store = await openStore();
  const { name, enqueue, announced } = await sealed(apiServer, store, image, '/etc/one');
  const uid = await field(apiServer, name, '.metadata.uid');
  await annotate(apiServer, name, 'action=relearn');
  await expect.poll(() => field(apiServer, name, '.metadata.name'), soon).toBe('');
  expect(await store.profile(image)).toBeUndefined();
  expect(await store.archived(image)).toMatchObject([{ reason: 'relearned', profile: { state: 'stable' } }]);
  expect(await store.audit({ limit: 5 })).toMatchObject([{ action: 'relearn', actor: 'kubectl-wsp', image }]);
  expect(announced).toContain('LearningRestarted');

  await learn(store, image, 2, '/etc/two');
  enqueue(image);
  await expect.poll(() => field(apiServer, name, '.spec.behavior.files[*].path'), soon).toBe('/etc/two');
  expect(await field(apiServer, name, '.metadata.uid')).not.toBe(uid);
  await annotate(apiServer, name, 'action=forget');
  await expect.poll(() => field(apiServer, name, '.metadata.name'), soon).toBe('');
  await expect.poll(() => store.archived(image), soon).toEqual([]);
  expect(await store.audit({ limit: 5 })).toMatchObject([{ action: 'forget' }, { action: 'relearn' }]);
});

test('quarantine is released by annotation, which the operator takes back', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  const image = imageOf('release');
  const store = await openStore();
  await learn(store, image, 1, '/evil');
  await learn(store, image, 2, '/good');
  await store.quarantine(image, { containerId: containerNumber(1), since: 0 }, 'shop');
  const { enqueue, settings } = startControllers(apiServer, store);
  const name = objectName(image);
  const files = '.spec.behavior.files[*].path';
  enqueue(image);
  await expect.poll(() => field(apiServer, name, `${files}}{.status.quarantined`), soon).toBe('/good1');
  settings.set({ ...settings.current, publishing: { ...settings.current.publishing, intervalMs: 1 } });
  await annotate(apiServer, name, 'action=release');
  await expect.poll(() => field(apiServer, name, files), soon).toBe('/evil /good');
  expect(await field(apiServer, name, '.metadata.annotations')).toBe('');
  expect(await store.quarantined(image)).toEqual([]);
});

test('a profile leaves for the archive when its image does not run, unless it is kept, and comes back as it was', async ({
  apiServer,
  withKinds,
}) => {
  await withKinds(apiServer);
  const image = imageOf('idle');
  const store = await openStore();
  const { name, enqueue, object, settings, announced } = await sealed(apiServer, store, image, '/etc/one');
  const spec = await field(apiServer, name, '.spec');

  const clock = new FakeClock(Date.now());
  const known = new KnownProfiles(enqueue);
  await known.load(store);
  let containers: ContainerRecord[] = [];
  const survey = new Survey({
    inventory: { all: () => containers },
    known,
    store: known.follow(store),
    object,
    settings: () => settings.current,
    builds: { look: () => Promise.resolve() },
    labels: { look: () => undefined },
    announce: ({ reason }) => void announced.push(reason),
    clock,
    metrics: createProfileMetrics(new Registry()),
    log: pino({ level: 'silent' }),
  });

  await annotate(apiServer, name, 'keep=yes');
  await expect.poll(() => object(image)?.keep, soon).toBe(true);
  await clock.advance(31 * day);
  await survey.once();
  expect(known.get(image)).toBeDefined();
  await annotate(apiServer, name, 'keep-');
  await expect.poll(() => object(image)?.keep, soon).toBe(false);
  await survey.once();
  await expect.poll(() => field(apiServer, name, '.metadata.name'), soon).toBe('');
  expect(await store.archived(image)).toMatchObject([{ reason: 'collected' }]);

  const pod = { uid: 'uid', namespace: 'shop', name: 'web' };
  const workload = { kind: 'Deployment', name: 'web' };
  const running = { name: 'web', kind: 'container' as const, image, pod, workload, node: 'node-1' };
  containers = [{ ...running, id: containerNumber(7), startedAt: clock.now() }];
  await survey.once();
  await expect.poll(() => field(apiServer, name, '.status.state'), soon).toBe('Stable');
  expect(await field(apiServer, name, '.spec')).toBe(spec);
  expect(announced.filter((reason) => /Archived|Returned|Restarted/.test(reason))).toEqual([
    'ProfileArchived',
    'ProfileReturned',
  ]);
});

test('after the store was lost a sealed profile serves on, until relearning publishes what was learned since', async ({
  apiServer,
  withKinds,
}) => {
  await withKinds(apiServer);
  const image = imageOf('lost');
  const { name, stop } = await sealed(apiServer, await openStore(), image, '/etc/one');
  await stop();
  const store = await openStore();
  const { enqueue } = startControllers(apiServer, store);
  const degraded = '.status.conditions[?(@.type=="Degraded")].status';
  await expect.poll(() => field(apiServer, name, degraded), soon).toBe('True');
  await learn(store, image, 2, '/etc/two');
  const { version } = (await store.profile(image)) ?? { version: 0 };
  await store.seal(image, version, Date.now());
  enqueue(image);
  const files = '.spec.behavior.files[*].path';
  const ready = '.status.conditions[?(@.type=="Ready")].status';
  await expect.poll(() => field(apiServer, name, `${files}}{${ready}}{.status.state`), soon).toBe('/etc/oneTrueStable');
  await annotate(apiServer, name, 'action=relearn');
  await expect.poll(() => field(apiServer, name, `${files}}{.status.state`), soon).toBe('/etc/twoStable');
  expect(await field(apiServer, name, degraded)).toBe('');
});

test('what people write beside a profile is theirs, as large as the API server takes it', async ({
  apiServer,
  withKinds,
}) => {
  await withKinds(apiServer);
  const image = imageOf('annotated');
  const store = await openStore();
  const { enqueue } = startControllers(apiServer, store);
  const name = objectName(image);
  await learn(store, image, 1, '/etc/one');
  enqueue(image);
  await expect.poll(() => field(apiServer, name, '.status.state'), soon).toBe('Learning');
  const note = { metadata: { annotations: { 'example.com/note': 'x'.repeat(120_000) }, labels: { team: 'shop' } } };
  await apiServer.kubectl(['patch', 'securityprofile', name, '--type=merge', '-p', JSON.stringify(note)]);
  await learn(store, image, 2, '/etc/two');
  const { version } = (await store.profile(image)) ?? { version: 0 };
  await store.seal(image, version, Date.now());
  enqueue(image);
  await expect.poll(() => field(apiServer, name, '.status.state'), soon).toBe('Stable');
  expect(await field(apiServer, name, '.metadata.labels.team')).toBe('shop');
  expect((await field(apiServer, name, '.metadata.annotations')).length).toBeGreaterThan(120_000);
});
