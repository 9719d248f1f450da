/** The controllers of our kinds, with a real API server and a real store. */
import { expect } from 'vitest';
import { objectName } from '../../core/profile/object-name.ts';
import { securityProfiles } from '../../operator/controllers/resources.ts';
import { applyObject } from '../../operator/kube/apply.ts';
import { ConflictError } from '../../operator/kube/errors.ts';
import { defaultSettings } from '../../operator/settings.ts';
import { test } from './kinds.ts';
import { clientOf } from './kube.ts';
import { field, learn, openStore, soon, startControllers } from './profile-controllers.ts';
import { sampleProfile } from './sample-profile.ts';

const config = ['workloadsecurityconfig', 'default'];

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
  // Fields that the operator does not write.
  const foreign = '.spec.behavior.capabilities} {.spec.behavior.syscalls} {.metadata.generation';
  const forgery = { sealed: false, behavior: { capabilities: ['CAP_SYS_ADMIN'], syscalls: ['ptrace'] } };
  const merge = ['--type=merge', '-p', JSON.stringify({ spec: forgery })];
  await apiServer.kubectl(['patch', 'securityprofile', name, ...merge]);
  await expect.poll(() => field(apiServer, name, foreign), soon).toBe('  5');

  await learn(store, image, 2, '/etc/two');
  enqueue(image);
  await expect.poll(() => field(apiServer, name, '.status.snapshots'), soon).toBe('2');
  await learn(store, image, 3, '/etc/three');
  enqueue(image);
  await expect.poll(() => field(apiServer, name, '.status.state'), soon).toBe('Stable');
  expect(await field(apiServer, name, '.spec.sealed')).toBe('true');
  expect(announced).toEqual(['ProfileRestored', 'ProfileRestored', 'ProfileSealed']);
  expect(await field(apiServer, name, foreign)).toBe('  7');
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
