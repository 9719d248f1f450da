/** Secrets and ConfigMaps of our own namespace. */
import { z } from 'zod';
import { applyObject } from './apply.ts';
import type { KubeClient } from './client.ts';
import { createObject, findObject, replaceObject } from './objects.ts';
import { configMaps, secrets, type ObjectName } from './resource.ts';

const secretSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
});

export interface SecretRecord {
  readonly resourceVersion: string;
  /** Decoded. */
  readonly data: Readonly<Record<string, string>>;
}

type NamespacedName = Required<ObjectName>;

const decode = (secret: z.infer<typeof secretSchema>): SecretRecord => ({
  resourceVersion: secret.metadata.resourceVersion,
  data: Object.fromEntries(
    Object.entries(secret.data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  ),
});

const encode = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

export async function findSecret(client: KubeClient, name: NamespacedName): Promise<SecretRecord | undefined> {
  const secret = await findObject(client, secrets, name, secretSchema);
  return secret === undefined ? undefined : decode(secret);
}

/** @throws ConflictError if it exists */
export async function createSecret(
  client: KubeClient,
  name: NamespacedName,
  data: Readonly<Record<string, string>>,
): Promise<SecretRecord> {
  const body = { metadata: { ...name }, type: 'Opaque', data: encode(data) };
  return decode(await createObject(client, secrets, body, secretSchema));
}

/** @throws ConflictError if it is no longer the version that was read */
export async function replaceSecret(
  client: KubeClient,
  name: NamespacedName,
  secret: SecretRecord,
): Promise<SecretRecord> {
  const metadata = { ...name, resourceVersion: secret.resourceVersion };
  const body = { metadata, type: 'Opaque', data: encode(secret.data) };
  return decode(await replaceObject(client, secrets, body, secretSchema));
}

const configMapSchema = z.object({ data: z.record(z.string(), z.string()).default({}) });

export async function findConfigMap(
  client: KubeClient,
  name: NamespacedName,
): Promise<Readonly<Record<string, string>> | undefined> {
  return (await findObject(client, configMaps, name, configMapSchema))?.data;
}

/** Creates the ConfigMap or brings its entries in line. */
export async function applyConfigMap(
  client: KubeClient,
  name: NamespacedName,
  data: Readonly<Record<string, string>>,
): Promise<void> {
  await applyObject(client, configMaps, { metadata: { ...name }, data });
}
