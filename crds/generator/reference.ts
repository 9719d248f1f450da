/** The reference page of a kind: what `kubectl explain` shows, on one page, with the constraints. */
import type { Kind, Schema } from './schema.ts';

/** Markdown; the caller formats it. */
export function reference(kind: Kind): string {
  const columns = kind.columns.map((column) => column.name.toUpperCase() + (column.wide ? ' (wide)' : '')).join(', ');
  return [
    `<!-- Generated from crds/${kind.source}.ts by "npm run generate". Change it there. -->`,
    `# ${kind.kind}`,
    prose(kind.schema.description),
    [
      `- API version: \`${kind.group}/${kind.version}\``,
      `- Scope: ${kind.scope}`,
      `- Names for kubectl: ${code([kind.plural, ...kind.shortNames])}`,
      `- Categories: ${code(kind.categories)}`,
      `- Columns of \`kubectl get\`: ${columns}`,
      ...rules(kind.schema),
    ].join('\n'),
    ...Object.entries(kind.schema.properties ?? {}).flatMap(([name, schema]) => section(name, schema)),
  ].join('\n\n');
}

/** A heading with all fields of one object, then the objects inside it. */
function section(path: string, schema: Schema): string[] {
  const properties = Object.entries(schema.properties ?? {});
  const fields = properties.map(([name, field]) => entry(name, field, schema.required?.includes(name) === true));
  const nested = properties.flatMap(([name, field]) => {
    const inner = field.type === 'array' ? field.items : field;
    return inner?.type === 'object' ? section(`${path}.${name}${field.type === 'array' ? '[]' : ''}`, inner) : [];
  });
  return [`## ${path}`, prose(schema.description), [...fields, ...rules(schema)].join('\n'), ...nested];
}

function entry(name: string, field: Schema, required: boolean): string {
  const facts = [typeText(field), ...(required ? ['required'] : []), ...limits(field), ...items(field)];
  const own = field.type === 'object' ? [] : rules(field).map((rule) => `  ${rule}`);
  return [`- \`${name}\` (${facts.join(', ')}): ${prose(field.description)}`, ...own].join('\n');
}

function typeText(schema: Schema): string {
  if (schema.items !== undefined) return `list of ${schema.items.type}s`;
  return schema.enum === undefined ? schema.type : `one of ${code(schema.enum)}`;
}

function items(schema: Schema): string[] {
  if (schema.items === undefined || schema.items.type === 'object') return [];
  const values = schema.items.enum === undefined ? [] : [`one of ${code(schema.items.enum)}`];
  const facts = [...values, ...limits(schema.items)];
  return facts.length === 0 ? [] : [`each ${facts.join(' and ')}`];
}

function limits(schema: Schema): string[] {
  const { minLength, maxLength, minimum, maximum, minItems, maxItems, pattern, format } = schema;
  return [
    ...range(minLength, maxLength, 'characters'),
    ...range(minimum, maximum, ''),
    ...range(minItems, maxItems, 'items'),
    ...(format === 'date-time' ? ['RFC 3339'] : []),
    ...(pattern === undefined ? [] : [`matches \`${pattern}\``]),
    ...(schema.default === undefined ? [] : [`default \`${JSON.stringify(schema.default)}\``]),
  ];
}

function range(low: number | undefined, high: number | undefined, unit: string): string[] {
  if (low === undefined && high === undefined) return [];
  const text = high === undefined ? `at least ${low}` : low === undefined ? `at most ${high}` : `${low} to ${high}`;
  return [`${text} ${unit}`.trim()];
}

function rules(schema: Schema): string[] {
  return (schema['x-kubernetes-validations'] ?? []).map(
    ({ rule, message }) => `- Rule: ${prose(message)} (\`${rule}\`)`,
  );
}

function code(values: readonly string[]): string {
  return values.map((value) => `\`${value}\``).join(', ');
}

/** Text in which nothing is taken for Markdown or HTML. */
function prose(text: string | undefined): string {
  return (text ?? '').replaceAll(/[\\*_<>[\]|`]/g, '\\$&');
}
