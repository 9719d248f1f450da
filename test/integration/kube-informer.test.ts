import { expect } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../operator/clock.ts';
import { createInformer, zodProjection, type Informer } from '../../operator/kube/informer.ts';
import { createObject, deleteObject } from '../../operator/kube/objects.ts';
import { configMaps } from '../../operator/kube/resource.ts';
import { apiSource } from '../../operator/kube/source.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { test } from './api-server-test.ts';
import { clientOf, liveContext } from './kube.ts';

const valueOf = z.object({ data: z.object({ value: z.string() }) }).transform(({ data }) => data.value);

const write = (client: KubeClient, name: string, value: string): Promise<unknown> =>
  createObject(client, configMaps, { metadata: { namespace: 'default', name }, data: { value } }, z.unknown());

async function withInformer(client: KubeClient, use: (informer: Informer<string>) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const source = apiSource(client, configMaps, {
    namespace: 'default',
    fieldSelector: 'metadata.name!=kube-root-ca.crt',
  });
  const informer = createInformer({ name: 'configmaps', source, project: zodProjection(valueOf) }, liveContext());
  const running = informer.run(stop.signal);
  try {
    await use(informer);
  } finally {
    stop.abort();
    await running;
  }
}

test('an informer reads more objects than one page holds, and follows changes', async ({ apiServer }) => {
  const client = clientOf(apiServer);
  const names = Array.from({ length: 600 }, (_, index) => `many-${index}`);
  for (let at = 0; at < names.length; at += 50) {
    await Promise.all(names.slice(at, at + 50).map((name) => write(client, name, 'v')));
  }
  await withInformer(client, async (informer) => {
    await informer.synced;
    expect(informer.size).toBe(600);
    await write(client, 'later', 'new');
    await deleteObject(client, configMaps, { namespace: 'default', name: 'many-7' });
    await expect.poll(() => informer.get('default/later')).toBe('new');
    await expect.poll(() => informer.get('default/many-7')).toBeUndefined();
  });
});

test('an informer converges after the API server was killed while objects changed', async ({ apiServer }) => {
  const client = clientOf(apiServer);
  await write(client, 'doomed', 'old');
  await withInformer(client, async (informer) => {
    await informer.synced;
    const changes: string[] = [];
    informer.subscribe(({ type, key }) => {
      if (!key.includes('many-')) changes.push(`${type} ${key}`);
    });
    await apiServer.kill();
    await expect(write(client, 'refused', 'x')).rejects.toThrow(/ECONNREFUSED|closed|reset/);
    await apiServer.start();
    await write(client, 'born', 'new');
    await deleteObject(client, configMaps, { namespace: 'default', name: 'doomed' });
    await expect.poll(() => informer.get('default/born')).toBe('new');
    await expect.poll(() => informer.get('default/doomed')).toBeUndefined();
    expect(changes).toContain('deleted default/doomed');
  });
});

test('an informer started while the API server is away comes up with it', async ({ apiServer }) => {
  const client = clientOf(apiServer);
  await apiServer.kill();
  await withInformer(client, async (informer) => {
    await apiServer.start();
    await informer.synced;
    expect(informer.size).toBeGreaterThan(0);
  });
});

test('a watch that selects nothing still moves its version on, by a bookmark before its end', async ({ apiServer }) => {
  const client = clientOf(apiServer);
  const versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
  const seen: { type: string; version: number }[] = [];
  const source = apiSource(client, configMaps, { fieldSelector: 'metadata.name=absent', watchSeconds: 10 });
  const { signal } = new AbortController();
  const { resourceVersion } = await source.list(undefined, signal);
  const over = new AbortController();
  const watching = source
    .watch(
      resourceVersion,
      ({ type, object }) => seen.push({ type, version: Number(versioned.parse(object).metadata.resourceVersion) }),
      signal,
    )
    .finally(() => over.abort());
  for (let n = 0; !over.signal.aborted; n += 1) {
    await write(client, `elsewhere-${n}`, 'v');
    await systemClock.sleep(200, over.signal);
  }
  await watching;
  // One, or two: the API server keeps time by the second.
  expect(new Set(seen.map(({ type }) => type))).toEqual(new Set(['BOOKMARK']));
  expect(seen[0]?.version).toBeGreaterThan(Number(resourceVersion));
});
