import type { Schema } from './schema.ts';

// Longest list whose entries the API server tracks one by one: each costs about 100 bytes of managedFields.
const longestMapList = 64;

/** The API server estimates the cost of CEL rules from bounds, and etcd takes at most 1.5 MiB: everything has a bound. */
export function boundProblems(schema: Schema): readonly string[] {
  if (schema.type === 'string' && schema.enum === undefined && schema.maxLength === undefined) {
    return ['an unbounded string; add @maxLength'];
  }
  if (schema.type !== 'array' || schema.items === undefined) return [];
  const unbounded = schema.maxItems === undefined ? ['an unbounded list; add @maxItems'] : [];
  return [...unbounded, ...listTypeProblems(schema, schema.items), ...boundProblems(schema.items)];
}

function listTypeProblems(list: Schema, items: Schema): readonly string[] {
  const listType = list['x-kubernetes-list-type'];
  if (listType === undefined) return ['a list without @listType; atomic suits what one writer owns'];
  switch (listType) {
    case 'atomic':
      return [];
    case 'set':
      return items.type === 'object' ? ['a set cannot hold objects'] : [];
    case 'map':
      return mapListProblems(list, items);
  }
}

function mapListProblems(list: Schema, items: Schema): readonly string[] {
  const keys = list['x-kubernetes-list-map-keys'] ?? [];
  return [
    ...(items.type === 'object' ? [] : ['a map list holds objects']),
    ...(keys.length === 0 ? ['a map list needs @listMapKey'] : []),
    ...keys
      .filter((key) => items.required?.includes(key) !== true)
      .map((key) => `@listMapKey ${key} is no required field of the items`),
    ...((list.maxItems ?? 0) > longestMapList
      ? [`a map list of more than ${longestMapList} items swells managedFields; use @listType atomic`]
      : []),
  ];
}
