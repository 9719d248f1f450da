/** Columns of a list of profiles: those of `kubectl get`, and what was found. */
import { z } from 'zod';
import type { ProfileObject } from '../cluster/profiles.ts';
import { age } from './table.ts';

const figure = z.number().exactOptional();
const rowSchema = z.object({
  metadata: z.object({ name: z.string(), creationTimestamp: z.string().default('') }),
  spec: z.object({ image: z.object({ name: z.string(), tag: z.string() }) }),
  status: z
    .object({
      state: z.string().default(''),
      commonality: figure,
      recurrence: figure,
      snapshots: figure,
      containers: figure,
      nodes: figure,
      processes: figure,
      files: figure,
      dns: figure,
      network: figure,
      lost: figure,
      quarantined: figure,
      scheduling: z
        .object({
          watched: z.string().exactOptional(),
          message: z.string().default(''),
        })
        .exactOptional(),
      lastUpdated: z.string().default(''),
    })
    .default({ state: '', lastUpdated: '' }),
});

export type Row = z.infer<typeof rowSchema> & { readonly matches: readonly string[] };

/** Small, whatever the object's size. */
export function rowOf(object: ProfileObject, matches: readonly string[]): Row {
  return { ...rowSchema.parse(object), matches };
}

export function columnsOf(options: { wide: boolean; matches: boolean; now: number }) {
  const columns: readonly (readonly [string, (row: Row) => string | number | undefined])[] = [
    ['NAME', ({ metadata }) => metadata.name],
    ['IMAGE', ({ spec }) => spec.image.name],
    ['TAG', ({ spec }) => spec.image.tag],
    ['STATUS', ({ status }) => status.state],
    ['COMMONALITY', ({ status }) => status.commonality ?? '-'],
    ['SNAPSHOTS', ({ status }) => status.snapshots],
    ['CONTAINERS', ({ status }) => status.containers],
    ...(options.wide ? wide : []),
    ['UPDATED', ({ status }) => age(status.lastUpdated, options.now)],
    ['AGE', ({ metadata }) => age(metadata.creationTimestamp, options.now)],
    ...(options.matches ? [found] : []),
  ];
  return {
    head: columns.map(([title]) => title),
    cells: (row: Row): string[] => columns.map(([, value]) => String(value(row) ?? '')),
  };
}

const wide: readonly (readonly [string, (row: Row) => string | number | undefined])[] = [
  ['RECURRENCE', ({ status }) => status.recurrence ?? '-'],
  ['NODES', ({ status }) => status.nodes],
  ['PROCESSES', ({ status }) => status.processes],
  ['FILES', ({ status }) => status.files],
  ['DNS', ({ status }) => status.dns],
  ['NETWORK', ({ status }) => status.network],
  ['LOST', ({ status }) => status.lost],
  ['QUARANTINED', ({ status }) => status.quarantined],
  ['WATCHED', ({ status }) => status.scheduling?.watched ?? '-'],
  ['WHY', ({ status }) => status.scheduling?.message],
];

const found: readonly [string, (row: Row) => string] = [
  'FOUND',
  ({ matches }) => `${matches[0] ?? ''}${matches.length > 1 ? ` (+${matches.length - 1})` : ''}`,
];
