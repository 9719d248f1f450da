import { expect, it } from 'vitest';
import { containerNumber } from '../../../core/profile/testing.ts';
import { compileStored } from '../../learning/compile-stored.ts';
import { publishStored } from '../../learning/evidence-bytes.ts';
import { ReadingStoppedError } from '../../server/ports.ts';
import { fakeCluster, type FakeClusterOptions } from './testing/fake-cluster.ts';

const image = { name: 'docker.io/library/app', tag: 'v1' };
const hour = 60 * 60_000;
type Cluster = ReturnType<typeof fakeCluster>;

const compiled = (cluster: Cluster) => cluster.object()?.status.compiled;

async function learned(options: FakeClusterOptions = {}): Promise<Cluster> {
  const cluster = fakeCluster(image, options);
  cluster.learn(1, '/a', '/shared');
  cluster.learn(2, '/b', '/shared');
  await cluster.reconcile();
  return cluster;
}

async function sealed(): Promise<Cluster> {
  const cluster = await learned();
  await cluster.clock.advance(49 * hour);
  await cluster.reconcile();
  expect(cluster.object()?.spec.sealed).toBe(true);
  return cluster;
}

it('the status of a finished profile says how it was compiled, in the write that says that it is finished', async () => {
  const cluster = await learned();
  expect(compiled(cluster)).toBeUndefined();
  await cluster.clock.advance(49 * hour);
  const { statusWrites } = cluster.api;
  await cluster.reconcile();
  expect(cluster.api.statusWrites).toBe(statusWrites + 1);
  // A process and three files.
  const digest: unknown = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
  expect(compiled(cluster)).toEqual({ digest, bytes: 36 + 16 + 4 * 4, fingerprints: 4 });

  const { bytes } = cluster.api;
  await cluster.reconcile();
  cluster.restart();
  await cluster.reconcile();
  expect(cluster.api.bytes).toBe(bytes);
});

it('a finished profile is published though there is no memory to compile it, and is compiled a minute later', async () => {
  let isShort = true;
  const compile: FakeClusterOptions['compile'] = async (evidence, marks) => {
    if (isShort) throw new ReadingStoppedError('no memory');
    return compileStored(evidence, marks, new Uint8Array(32));
  };
  const cluster = await learned({ compile });
  await cluster.clock.advance(49 * hour);
  expect(await cluster.reconcile()).toEqual({ requeueAfterMs: 60_000 });
  expect(cluster.object()?.spec.sealed).toBe(true);
  expect(compiled(cluster)).toBeUndefined();
  isShort = false;
  expect(await cluster.reconcile()).toEqual({});
  expect(compiled(cluster)).toMatchObject({ fingerprints: 4 });
});

it('who makes the publication knows whether the profile is finished', async () => {
  const states: string[] = [];
  const publish: FakeClusterOptions['publish'] = (evidence, facts, state) => {
    states.push(state);
    return publishStored(evidence, facts);
  };
  const cluster = await learned({ publish });
  await cluster.clock.advance(49 * hour);
  await cluster.reconcile();
  expect(states).toEqual(['learning', 'stable']);
});

it('is another one while a container of before is in quarantine, and the same again after a release', async () => {
  const cluster = await sealed();
  const before = compiled(cluster);
  await cluster.store.quarantine(image, { containerId: containerNumber(1), since: 0 }, 'shop');
  expect(cluster.record()).not.toHaveProperty('compiled');
  await cluster.reconcile();
  expect(compiled(cluster)).toMatchObject({ fingerprints: 3 });
  cluster.api.annotate(cluster.name, { action: { text: 'release', actor: 'kubectl' } });
  await cluster.reconcile();
  expect(cluster.record()?.compiled?.digest).toBe(before?.digest);
  await cluster.reconcile();
  expect(compiled(cluster)).toEqual(before);
});

it('an object that the store does not back says nothing of it', async () => {
  const { spec, status = {} } = (await sealed()).object() ?? {};
  const cluster = fakeCluster(image);
  if (spec !== undefined) cluster.api.put(cluster.name, spec);
  await cluster.api.applyStatus(cluster.name, status);
  expect(compiled(cluster)).toBeDefined();
  await cluster.reconcile();
  expect(cluster.object()?.status.state).toBe('Stable');
  expect(compiled(cluster)).toBeUndefined();
});
