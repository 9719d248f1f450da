/** JSDoc comments: the description, and tags that become constraints of the schema. */
import type { JSDocableNode, Node } from 'ts-morph';
import { z } from 'zod';
import type { Problems } from './problems.ts';
import type { Json, Schema } from './schema.ts';

export interface Tag {
  readonly name: string;
  readonly text: string;
}

export interface Documentation {
  /** One line per paragraph; empty if there is no comment. */
  readonly description: string;
  readonly tags: readonly Tag[];
}

/** Where a tag stands, for messages. */
export interface Place {
  readonly node: Node;
  readonly path: string;
  readonly problems: Problems;
}

export function documentation(node: JSDocableNode): Documentation {
  const comment = node.getJsDocs().at(-1);
  if (comment === undefined) return { description: '', tags: [] };
  return {
    description: unwrap(comment.getDescription()),
    tags: comment.getTags().map((tag) => ({ name: tag.getTagName(), text: unwrap(tag.getCommentText() ?? '') })),
  };
}

function unwrap(text: string): string {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replaceAll(/\s+/g, ' '))
    .join('\n');
}

type SchemaType = Schema['type'];
type Apply = (schema: Schema, text: string) => string | undefined;

function number(key: 'minLength' | 'maxLength' | 'minimum' | 'maximum' | 'minItems' | 'maxItems'): Apply {
  return (schema, text) => {
    if (!/^-?\d+$/.test(text)) return 'needs a whole number';
    schema[key] = Number(text);
    return undefined;
  };
}

const constraints: Record<string, { readonly on: readonly SchemaType[]; readonly apply: Apply }> = {
  minLength: { on: ['string'], apply: number('minLength') },
  maxLength: { on: ['string'], apply: number('maxLength') },
  pattern: { on: ['string'], apply: applyPattern },
  format: { on: ['string'], apply: applyFormat },
  minimum: { on: ['integer'], apply: number('minimum') },
  maximum: { on: ['integer'], apply: number('maximum') },
  minItems: { on: ['array'], apply: number('minItems') },
  maxItems: { on: ['array'], apply: number('maxItems') },
  listType: { on: ['array'], apply: applyListType },
  listMapKey: { on: ['array'], apply: applyListMapKey },
  mapType: { on: ['object'], apply: applyMapType },
  default: { on: ['object', 'array', 'string', 'integer', 'boolean'], apply: applyDefault },
  validation: { on: ['object', 'array', 'string', 'integer', 'boolean'], apply: applyValidation },
  immutable: { on: ['object', 'array', 'string', 'integer', 'boolean'], apply: applyImmutable },
};

/** Adds what the tags say to `schema`; a tag that is unknown, or on the wrong type, or malformed, is a problem. */
export function applyTags(schema: Schema, tags: readonly Tag[], place: Place): void {
  for (const tag of tags) {
    const constraint = Object.hasOwn(constraints, tag.name) ? constraints[tag.name] : undefined;
    const reason =
      constraint === undefined
        ? 'is no tag that the generator knows'
        : constraint.on.includes(schema.type)
          ? constraint.apply(schema, tag.text)
          : `does not apply to type ${schema.type}`;
    if (reason !== undefined) place.problems.add(place.node, place.path, `@${tag.name} ${reason}`);
  }
}

function applyPattern(schema: Schema, text: string): string | undefined {
  // The API server's RE2 has neither lookaround nor back references.
  if (/\(\?(?:[=!]|<[=!])|\\[1-9]/.test(text)) return 'uses what RE2 lacks: lookaround or back references';
  try {
    RegExp(text);
  } catch (error) {
    return `is no regular expression: ${String(error)}`;
  }
  schema.pattern = text;
  return undefined;
}

function applyFormat(schema: Schema, text: string): string | undefined {
  if (text !== 'date-time') return 'knows date-time only; say anything else by a pattern';
  schema.format = text;
  return undefined;
}

function applyListType(schema: Schema, text: string): string | undefined {
  if (text !== 'atomic' && text !== 'set' && text !== 'map') return 'is atomic, set or map';
  schema['x-kubernetes-list-type'] = text;
  return undefined;
}

function applyListMapKey(schema: Schema, text: string): string | undefined {
  if (!/^\w+$/.test(text)) return 'needs the name of a property';
  (schema['x-kubernetes-list-map-keys'] ??= []).push(text);
  return undefined;
}

function applyMapType(schema: Schema, text: string): string | undefined {
  if (text !== 'atomic' && text !== 'granular') return 'is atomic or granular';
  schema['x-kubernetes-map-type'] = text;
  return undefined;
}

function applyDefault(schema: Schema, text: string): string | undefined {
  let value: Json;
  try {
    value = z.json().parse(JSON.parse(text));
  } catch {
    return `needs a JSON value, not ${text}`;
  }
  if (jsonType(value) !== schema.type) return `needs a value of type ${schema.type}, not ${text}`;
  schema.default = value;
  return undefined;
}

function jsonType(value: Json): string {
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function applyValidation(schema: Schema, text: string): string | undefined {
  const [rule, message, ...more] = text.split(' :: ').map((part) => part.trim());
  if (rule === undefined || rule === '' || message === undefined || message === '' || more.length > 0) {
    return 'needs a CEL expression, two colons between spaces, and a message';
  }
  (schema['x-kubernetes-validations'] ??= []).push({ rule, message });
  return undefined;
}

function applyImmutable(schema: Schema, text: string): string | undefined {
  if (text !== '') return 'takes no text';
  const message = 'cannot be changed; delete the object and create another';
  (schema['x-kubernetes-validations'] ??= []).push({ rule: 'self == oldSelf', message });
  return undefined;
}
