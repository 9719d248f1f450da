/** What others write into the spec of a profile is gone when the operator applies what it learned: every field that it leaves out. */
import { expect } from 'vitest';
import { z } from 'zod';
import { securityProfiles } from '../../operator/controllers/resources.ts';
import { specDigest } from '../../operator/controllers/security-profile/profile-object.ts';
import { applyObject } from '../../operator/kube/apply.ts';
import { objectPath } from '../../operator/kube/resource.ts';
import type { ApiServer } from './api-server.ts';
import { test } from './kinds.ts';
import { clientOf } from './kube.ts';
import { sampleProfile } from './sample-profile.ts';

interface Schema {
  readonly type: string;
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
  readonly items?: Schema | undefined;
  readonly enum?: readonly string[] | undefined;
  readonly format?: string | undefined;
}

const schemaOfSchema: z.ZodType<Schema> = z.object({
  type: z.string(),
  get properties() {
    return z.record(z.string(), schemaOfSchema).default({});
  },
  required: z.array(z.string()).default([]),
  get items() {
    return schemaOfSchema.optional();
  },
  enum: z.array(z.string()).optional(),
  format: z.string().optional(),
});

const record = z.record(z.string(), z.unknown());

/** As the API server has it. */
async function specSchema(server: ApiServer): Promise<Schema> {
  const path = '{.spec.versions[0].schema.openAPIV3Schema.properties.spec}';
  const text = await server.kubectl(['get', 'crd', 'securityprofiles.workloadsecurity.dev', '-o', `jsonpath=${path}`]);
  return schemaOfSchema.parse(JSON.parse(text));
}

/** Without the fields that may be absent. */
function required(schema: Schema, value: unknown): unknown {
  const { items, properties } = schema;
  if (Array.isArray(value)) return items === undefined ? value : value.map((one) => required(items, one));
  if (schema.type !== 'object') return value;
  const fields = record.parse(value);
  return Object.fromEntries(
    schema.required.map((name) => [name, required(properties[name] ?? fail(name), fields[name])]),
  );
}

/** JSON pointers and values of all fields that `value` has not and could have, at any depth. */
function absent(schema: Schema, value: unknown, path: string): { readonly path: string; readonly value: unknown }[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((one, index) => absent(items, one, `${path}/${index}`));
  }
  if (schema.type !== 'object') return [];
  const fields = record.parse(value);
  return Object.entries(schema.properties).flatMap(([name, inner]) =>
    name in fields
      ? absent(inner, fields[name], `${path}/${name}`)
      : [{ path: `${path}/${name}`, value: sample(inner) }],
  );
}

/** A value that the schema takes. False of what is true or false: a spec that is sealed cannot be taken back. */
function sample(schema: Schema): unknown {
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) => [name, sample(inner)]));
    case 'array':
      return [sample(schema.items ?? fail('items'))];
    case 'boolean':
      return false;
    case 'integer':
      return 1;
    default:
      return schema.enum?.[0] ?? (schema.format === 'date-time' ? '2030-01-01T00:00:00Z' : 'a');
  }
}

function fail(name: string): never {
  throw new Error(`the schema has no ${name}`);
}

test('no field that somebody adds to a spec outlives what is learned', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  const client = clientOf(apiServer);
  const schema = await specSchema(apiServer);
  const { behavior, ...rest } = sampleProfile('edited').spec;
  const processId = behavior.processes[0]?.id ?? fail('process');
  const spec = required(schema, {
    ...rest,
    behavior: {
      ...behavior,
      dns: [{ processId, name: 'example.com', types: ['A'] }],
      network: [{ processId, direction: 'connect', protocol: 'tcp' }],
    },
  });
  const edits = absent(schema, spec, '/spec');
  const paths = edits.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(['/spec/sealed', '/spec/behavior/capabilities']));
  expect(paths).toContain('/spec/behavior/network/0/peerRef');
  expect(paths).toContain('/spec/evidence/completeness/blindSpots');
  const stayed: string[] = [];
  for (const [index, edit] of edits.entries()) {
    const metadata = { name: `edited-${index}` };
    await applyObject(client, securityProfiles, { metadata, spec });
    const before = await client.request({
      method: 'PATCH',
      path: objectPath(securityProfiles, metadata),
      query: { fieldManager: 'somebody' },
      body: [{ op: 'add', ...edit }],
      contentType: 'application/json-patch+json',
    });
    expect(record.parse(before)['spec']).not.toEqual(spec);
    const after = await applyObject(client, securityProfiles, { metadata, spec });
    if (specDigest(after.spec) !== specDigest(spec)) stayed.push(edit.path);
  }
  expect(stayed).toEqual([]);
});
