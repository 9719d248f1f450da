/** Finds the kinds: exported interfaces with a literal `apiVersion` and `kind`. */
import { Node, type InterfaceDeclaration, type SourceFile } from 'ts-morph';
import type { Problems } from './problems.ts';
import { readMembers } from './read-type.ts';
import type { Kind, PrinterColumn, Schema } from './schema.ts';
import { applyTags, documentation, type Tag } from './tags.ts';

// The first three belong to the API server, which brings their schema.
const givenFields: readonly string[] = ['apiVersion', 'kind', 'metadata'];

/** Tags that say something about the resource rather than about the object. */
const resourceTags: readonly string[] = ['plural', 'scope', 'shortName', 'category', 'printerColumn'];

type Complain = (message: string) => void;

/** Every kind that the files declare, in their order. */
export function readKinds(files: readonly SourceFile[], problems: Problems): readonly Kind[] {
  return files.flatMap((file) =>
    file
      .getInterfaces()
      .filter((declaration) => declaration.isExported())
      .flatMap((declaration) => readKind(declaration, problems) ?? []),
  );
}

function readKind(declaration: InterfaceDeclaration, problems: Problems): Kind | undefined {
  const apiVersion = literal(declaration, 'apiVersion');
  const kind = literal(declaration, 'kind');
  if (apiVersion === undefined || kind === undefined) return undefined;
  const complain: Complain = (message) => problems.add(declaration, kind, message);
  const { tags } = documentation(declaration);
  const values = (name: string): readonly string[] => tags.filter((tag) => tag.name === name).map((tag) => tag.text);

  const [group = '', version = ''] = apiVersion.split('/');
  if (group === '' || version === '') complain(`apiVersion ${apiVersion} is not group/version`);
  const plural = values('plural')[0] ?? '';
  if (!/^[a-z]+$/.test(plural)) complain('needs @plural with its name in lower case plural');
  const scope = values('scope')[0];
  if (scope !== 'Cluster' && scope !== 'Namespaced') complain('needs @scope Cluster or Namespaced');

  const schema = readObject(declaration, problems);
  return {
    source: declaration.getSourceFile().getBaseNameWithoutExtension(),
    group,
    version,
    kind,
    plural,
    scope: scope === 'Cluster' ? 'Cluster' : 'Namespaced',
    shortNames: values('shortName'),
    categories: values('category'),
    columns: values('printerColumn').flatMap((text) => readColumn(text, schema, complain) ?? []),
    schema,
  };
}

/** Schema of the object, without the fields that every object has. */
function readObject(declaration: InterfaceDeclaration, problems: Problems): Schema {
  const own = declaration
    .getMembers()
    .filter((member) => !Node.isPropertySignature(member) || !givenFields.includes(member.getName()));
  const schema = readMembers(own, { path: '', within: [declaration], problems });
  const { description, tags } = documentation(declaration);
  if (description === '') problems.add(declaration, '', 'has no description; write a JSDoc comment above it');
  schema.description = description;
  const fieldTags = tags.filter((tag: Tag) => !resourceTags.includes(tag.name));
  applyTags(schema, fieldTags, { node: declaration, path: '', problems });
  return schema;
}

const columnPattern = /^(?<name>\S+) (?<type>string|integer|boolean|date) (?<jsonPath>\.\S+)(?<wide> wide)?$/;

function readColumn(text: string, schema: Schema, complain: Complain): PrinterColumn | undefined {
  const { name, type, jsonPath, wide } = columnPattern.exec(text)?.groups ?? {};
  if (name === undefined || jsonPath === undefined || !isColumnType(type)) {
    complain(`@printerColumn ${text} is not: name, type, JSONPath, and wide if it is to appear with -o wide only`);
    return undefined;
  }
  if (!fieldExists(schema, jsonPath)) complain(`@printerColumn ${name} shows ${jsonPath}, which is no field`);
  return { name, type, jsonPath, wide: wide !== undefined };
}

function isColumnType(type: string | undefined): type is PrinterColumn['type'] {
  return type === 'string' || type === 'integer' || type === 'boolean' || type === 'date';
}

/** Whether the part of the path before any filter leads to a field. */
function fieldExists(schema: Schema, jsonPath: string): boolean {
  const [plain = ''] = jsonPath.split('[');
  const names = plain.split('.').slice(1);
  if (names[0] === 'metadata') return true;
  let at: Schema | undefined = schema;
  for (const name of names) at = at?.properties?.[name];
  return at !== undefined;
}

function literal(declaration: InterfaceDeclaration, property: string): string | undefined {
  const node = declaration.getProperty(property)?.getTypeNode();
  const value = node !== undefined && Node.isLiteralTypeNode(node) ? node.getLiteral() : undefined;
  return value !== undefined && Node.isStringLiteral(value) ? value.getLiteralValue() : undefined;
}
