import { expect } from 'vitest';
import { z } from 'zod';
import { applyObject, applyStatus } from '../../operator/kube/apply.ts';
import { ConflictError, ForbiddenError, InvalidError, NotFoundError } from '../../operator/kube/errors.ts';
import { EventRecorder } from '../../operator/kube/event-recorder.ts';
import { createObject, findObject, getObject } from '../../operator/kube/objects.ts';
import { configMaps, namespaces, nodes, services } from '../../operator/kube/resource.ts';
import { isAllowed, reviewToken } from '../../operator/kube/reviews.ts';
import { createSecret, findSecret, replaceSecret } from '../../operator/kube/secrets.ts';
import { test } from './api-server-test.ts';
import { clientOf, clientWithToken, liveContext } from './kube.ts';

const named = (name: string) => ({ namespace: 'default', name });
const entries = z.object({ data: z.record(z.string(), z.string()) });

test('apply creates, changes our fields, removes what we left out and keeps what others wrote', async ({
  apiServer,
}) => {
  const client = clientOf(apiServer);
  const first = await applyObject(client, configMaps, { metadata: named('ours'), data: { a: '1', b: '1' } });
  await apiServer.kubectl(['patch', 'configmap', 'ours', '--type=merge', '-p', '{"data":{"theirs":"x","a":"9"}}']);
  const second = await applyObject(client, configMaps, { metadata: named('ours'), data: { a: '2' } });
  expect(second.uid).toBe(first.uid);
  expect((await getObject(client, configMaps, named('ours'), entries)).data).toEqual({ a: '2', theirs: 'x' });
});

test('status is applied alone, and never creates an object', async ({ apiServer }) => {
  const client = clientOf(apiServer);
  await applyObject(client, nodes, { metadata: { name: 'n1' } });
  const condition = { type: 'Ready', status: 'True', reason: 'Test', message: '' };
  await applyStatus(client, nodes, { metadata: { name: 'n1' }, status: { conditions: [condition] } });
  const seen = z.object({ status: z.object({ conditions: z.array(z.object({ type: z.string() })) }) });
  expect((await getObject(client, nodes, { name: 'n1' }, seen)).status.conditions).toEqual([{ type: 'Ready' }]);
  const absent = applyStatus(client, nodes, { metadata: { name: 'n2' }, status: { conditions: [] } });
  await expect(absent).rejects.toThrow(NotFoundError);
});

test('refusals have their class and say why', async ({ apiServer }) => {
  const client = clientOf(apiServer);
  await expect(applyObject(client, configMaps, { metadata: named('x'), data: { 'not a key!': '' } })).rejects.toThrow(
    /a valid config key must consist of/,
  );
  const noPorts = applyObject(client, services, { metadata: named('s'), spec: { ports: [{ port: 0 }] } });
  await expect(noPorts).rejects.toThrow(InvalidError);
  await createObject(client, configMaps, { metadata: named('taken') }, z.unknown());
  await expect(createObject(client, configMaps, { metadata: named('taken') }, z.unknown())).rejects.toThrow(
    ConflictError,
  );
  const inTerminating = createObject(
    client,
    configMaps,
    { metadata: { namespace: 'nowhere', name: 'x' } },
    z.unknown(),
  );
  await expect(inTerminating).rejects.toThrow(NotFoundError);
  expect(await findObject(client, namespaces, { name: 'nowhere' }, z.unknown())).toBeUndefined();
});

test('a Secret is replaced only in the version that was read', async ({ apiServer }) => {
  const client = clientOf(apiServer);
  const created = await createSecret(client, named('tls'), { key: 'geheim \u00e4' });
  expect((await findSecret(client, named('tls')))?.data).toEqual({ key: 'geheim \u00e4' });
  await replaceSecret(client, named('tls'), { ...created, data: { key: 'new' } });
  await expect(replaceSecret(client, named('tls'), { ...created, data: { key: 'lost' } })).rejects.toThrow(
    ConflictError,
  );
});

test('tokens and rights are reviewed', async ({ apiServer }) => {
  const client = clientOf(apiServer);
  await apiServer.kubectl(['create', 'serviceaccount', 'reader']);
  await apiServer.kubectl(['create', 'clusterrole', 'reads', '--verb=get', '--resource=nodes']);
  await apiServer.kubectl([
    'create',
    'clusterrolebinding',
    'reads',
    '--clusterrole=reads',
    '--serviceaccount=default:reader',
  ]);
  const token = (await apiServer.kubectl(['create', 'token', 'reader'])).trim();
  const who = await reviewToken(client, token);
  expect(who?.username).toBe('system:serviceaccount:default:reader');
  expect(await reviewToken(client, `${token}x`)).toBeUndefined();
  expect(await reviewToken(client, token, 'somebody else')).toBeUndefined();
  if (who === undefined) return;
  const may = (verb: string): Promise<boolean> =>
    isAllowed(client, who, { type: 'resource', group: '', resource: 'nodes', verb });
  expect([await may('get'), await may('delete')]).toEqual([true, false]);
  expect(await isAllowed(client, who, { type: 'path', path: '/metrics', verb: 'get' })).toBe(false);
});

test('what we may not do fails as forbidden', async ({ apiServer }) => {
  await apiServer.kubectl(['create', 'serviceaccount', 'nobody']);
  const token = (await apiServer.kubectl(['create', 'token', 'nobody'])).trim();
  const read = findSecret(clientWithToken(apiServer, token), named('tls'));
  await expect(read).rejects.toThrow(ForbiddenError);
  await expect(read).rejects.toThrow(/cannot get resource "secrets"/);
});

test('Events reach the object that they are about', async ({ apiServer }) => {
  const client = clientOf(apiServer);
  const recorder = new EventRecorder({
    ...liveContext(),
    client,
    controller: 'workloadsecurity.dev/operator',
    instance: 'test',
  });
  const { uid } = await applyObject(client, nodes, { metadata: { name: 'eventful' } });
  await recorder.record({
    resource: nodes,
    regarding: { name: 'eventful', uid },
    type: 'Warning',
    reason: 'Tested',
    action: 'Test',
    note: 'it works',
  });
  expect(await apiServer.kubectl(['describe', 'node', 'eventful'])).toMatch(/Warning\s+Tested\s.*it works/);
});
