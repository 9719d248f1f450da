import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { defaultSettings, parseSettings } from './settings.ts';

const manifest = join(
  import.meta.dirname,
  '..',
  'crds',
  'manifests',
  'workloadsecurity.dev_workloadsecurityconfigs.yaml',
);

interface SchemaNode {
  readonly type: string;
  readonly default?: unknown;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly properties?: Readonly<Record<string, SchemaNode>> | undefined;
}
const schemaNode: z.ZodType<SchemaNode> = z.object({
  type: z.string(),
  default: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  get properties() {
    return z.record(z.string(), schemaNode).optional();
  },
});

function specOfManifest(): SchemaNode {
  const version = z.object({ schema: z.object({ openAPIV3Schema: schemaNode }) });
  const definition = z.object({ spec: z.object({ versions: z.tuple([version]) }) });
  const whole = definition.parse(parse(readFileSync(manifest, 'utf8'))).spec.versions[0].schema.openAPIV3Schema;
  return z.object({ properties: z.object({ spec: schemaNode }) }).parse(whole).properties.spec;
}

/** Every leaf of the schema with a default, as `[path, node]`. */
function leaves(node: SchemaNode, path: readonly string[] = []): [readonly string[], SchemaNode][] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    child.properties === undefined ? [[[...path, name], child]] : leaves(child, [...path, name]),
  );
}

const nested = (path: readonly string[], value: unknown): unknown =>
  path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);

describe('settings and the schema of WorkloadSecurityConfig', () => {
  const fields = leaves(specOfManifest()).map(([path, node]) => ({ name: path.join('.'), path, node }));

  it.each(fields)('agree on the default of $name', ({ path, node }) => {
    expect(node.default).toBeDefined();
    expect(parseSettings(nested(path, node.default))).toEqual({ ok: true, settings: defaultSettings });
  });

  it.each(fields.filter(({ node }) => node.maximum !== undefined))('agree on the limits of $name', ({ path, node }) => {
    expect(parseSettings(nested(path, node.minimum)).ok).toBe(true);
    expect(parseSettings(nested(path, node.maximum)).ok).toBe(true);
    expect(parseSettings(nested(path, Number(node.minimum) - 1)).ok).toBe(false);
    expect(parseSettings(nested(path, Number(node.maximum) + 1)).ok).toBe(false);
  });
});

describe('parseSettings', () => {
  it('names every fault', () => {
    const parsed = parseSettings({
      profiling: { snapshotPeriod: '9s', exclude: [{}] },
      learning: { period: '1d', snapshots: 'many' },
    });
    expect(parsed).toEqual({
      ok: false,
      problems: [
        'spec.profiling.snapshotPeriod: "9s" is not a duration from 10s to 24h',
        'spec.profiling.exclude.0: names neither namespace nor image',
        expect.stringMatching(/^spec\.learning\.snapshots: /),
        'spec.learning.period: "1d" is not a duration from 1s to 2160h',
      ],
    });
  });

  it('refuses a coverage that no snapshot could have', () => {
    expect(parseSettings({ profiling: { snapshotPeriod: '1m' } })).toMatchObject({ ok: false });
    const both = { profiling: { snapshotPeriod: '1m' }, learning: { minSnapshotCoverage: '30s' } };
    expect(parseSettings(both)).toMatchObject({ ok: true, settings: { learning: { minSnapshotCoverageMs: 30_000 } } });
  });

  it.each(['eu-west-1.compute.internal', 'c.project.internal', 'corp', 'example.com', 'eu.example.co.uk'])(
    'takes %s as a domain of names',
    (domain) => {
      expect(parseSettings({ learning: { clusterDomain: domain, searchDomains: [domain] } })).toMatchObject({
        ok: true,
        settings: { learning: { clusterNames: { clusterDomain: domain, searchDomains: [domain] } } },
      });
    },
  );

  it.each([
    ['com', 'anybody can register names'],
    ['co.uk', 'anybody can register names'],
    ['github.io', 'anybody can register names'],
    ['.example.com', 'is not a domain'],
    ['example.com.', 'is not a domain'],
    ['Example.com', 'is not a domain'],
    ['a..b', 'is not a domain'],
    ['', 'is not a domain'],
    [`${'a'.repeat(63)}.`.repeat(4).slice(0, -1), '253'],
  ])('refuses "%s" as a domain of names', (domain, reason) => {
    const problems = [
      expect.stringMatching(new RegExp(`^spec\\.learning\\.clusterDomain: .*${reason}`)),
      expect.stringMatching(new RegExp(`^spec\\.learning\\.searchDomains\\.0: .*${reason}`)),
    ];
    expect(parseSettings({ learning: { clusterDomain: domain, searchDomains: [domain] } })).toEqual({
      ok: false,
      problems,
    });
  });

  it('takes eight search domains and no more', () => {
    const searchDomains = Array.from({ length: 9 }, (_, index) => `d${index}.internal`);
    expect(parseSettings({ learning: { searchDomains: searchDomains.slice(1) } }).ok).toBe(true);
    expect(parseSettings({ learning: { searchDomains } }).ok).toBe(false);
  });

  it.each([undefined, null, 'text', 7, []])('refuses %j', (spec) => {
    expect(parseSettings(spec).ok).toBe(false);
  });
});
