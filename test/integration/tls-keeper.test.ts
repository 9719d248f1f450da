import { X509Certificate } from 'node:crypto';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect } from 'vitest';
import { findConfigMap, findSecret, replaceSecret } from '../../operator/kube/secrets.ts';
import { createServerMetrics } from '../../operator/server/metrics.ts';
import type { ServingCertificate } from '../../operator/server/server.ts';
import { lifetimes } from '../../operator/server/tls/identity.ts';
import {
  caConfigMap,
  ensureCertificate,
  keepCertificate,
  type TlsKeeperOptions,
} from '../../operator/server/tls/keeper.ts';
import { FakeClock } from '../../operator/testing/fake-clock.ts';
import { test } from './api-server-test.ts';
import type { ApiServer } from './api-server.ts';
import { clientOf } from './kube.ts';

async function makeKeeper(apiServer: ApiServer, namespace: string) {
  await apiServer.kubectl(['create', 'namespace', namespace]);
  const client = clientOf(apiServer);
  const clock = new FakeClock(Date.now());
  const options: TlsKeeperOptions = {
    client,
    namespace,
    names: ['localhost'],
    clock,
    metrics: createServerMetrics(new Registry()),
    log: pino({ level: 'silent' }),
  };
  const bundle = async (): Promise<string[]> => {
    const text = (await findConfigMap(client, { namespace, name: caConfigMap.name }))?.[caConfigMap.key] ?? '';
    return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  };
  const isCovered = async ({ cert }: ServingCertificate): Promise<boolean> => {
    const serving = new X509Certificate(cert);
    return (await bundle()).some((ca) => serving.verify(new X509Certificate(ca).publicKey));
  };
  return { options, client, bundle, isCovered };
}

test('replicas that start together agree on one identity', async ({ apiServer }) => {
  const { options, bundle, isCovered } = await makeKeeper(apiServer, 'together');
  const certificates = await Promise.all(Array.from({ length: 4 }, () => ensureCertificate(options)));
  expect(new Set(certificates.map(({ cert }) => cert)).size).toBe(1);
  expect(await bundle()).toHaveLength(1);
  expect(await Promise.all(certificates.map(isCovered))).toEqual([true, true, true, true]);
});

test('a damaged Secret is replaced and the new CA published', async ({ apiServer }) => {
  const { options, client, isCovered } = await makeKeeper(apiServer, 'damaged');
  await ensureCertificate(options);
  const name = { namespace: 'damaged', name: 'workload-security-tls' };
  const secret = await findSecret(client, name);
  if (secret === undefined) throw new Error('there is a Secret');
  await replaceSecret(client, name, { ...secret, data: { 'identity.json': '{"current":{}}' } });
  expect(await isCovered(await ensureCertificate(options))).toBe(true);
});

test('a running server gets new certificates in time, also when the API server was away', async ({ apiServer }) => {
  const { options, isCovered } = await makeKeeper(apiServer, 'running');
  const first = await ensureCertificate(options);
  const clock = new FakeClock(Date.now() + lifetimes.serving - lifetimes.renewServingBefore);
  const used: ServingCertificate[] = [];
  const stop = new AbortController();
  const taken = Promise.withResolvers<void>();
  const use = (certificate: ServingCertificate): void => {
    used.push(certificate);
    taken.resolve();
  };
  const keeping = keepCertificate({ ...options, clock }, first, use, stop.signal);
  await apiServer.kill();
  await clock.advance(3_600_000);
  await expect.poll(async () => (await options.metrics.certificateFailures.get()).values[0]?.value).toBeGreaterThan(0);
  await apiServer.start();
  await expect
    .poll(
      async () => {
        await clock.advance(60_000);
        return used.length;
      },
      { interval: 20 },
    )
    .toBeGreaterThan(0);
  await taken.promise;
  expect(used[0]?.cert).not.toBe(first.cert);
  expect(await Promise.all(used.map(isCovered))).toEqual([true]);
  stop.abort();
  await keeping;
});
