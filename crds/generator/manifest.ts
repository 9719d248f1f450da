import { stringify } from 'yaml';
import type { Kind, Schema } from './schema.ts';

/** The CustomResourceDefinition of a kind as YAML. */
export function manifest(kind: Kind): string {
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      scope: kind.scope,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        shortNames: kind.shortNames,
        categories: kind.categories,
      },
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns.map(({ name, type, jsonPath, wide }) => ({
            name,
            type,
            jsonPath,
            // 0 is always shown, anything above only with -o wide.
            ...(wide ? { priority: 1 } : {}),
          })),
          schema: { openAPIV3Schema: withGivenFields(kind.schema) },
        },
      ],
    },
  };
  const head = `# Generated from crds/${kind.source}.ts by "npm run generate". Change it there.\n`;
  return head + stringify(definition, { lineWidth: 120, aliasDuplicateObjects: false });
}

function withGivenFields(schema: Schema): Schema {
  const given: Record<string, Schema> = {
    apiVersion: { type: 'string', description: 'Version of the schema of this object.' },
    kind: { type: 'string', description: 'Kind of this object.' },
    metadata: { type: 'object' },
  };
  return { ...schema, properties: { ...given, ...schema.properties } };
}
