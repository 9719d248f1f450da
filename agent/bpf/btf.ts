/** What the build needs of an object's type information, from `bpftool -j btf dump`. */
import { z } from 'zod';

const memberSchema = z.object({ name: z.string(), bits_offset: z.number() });
const typeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('STRUCT'), name: z.string(), size: z.number(), members: z.array(memberSchema) }),
  z.object({ kind: z.literal('ENUM'), values: z.array(z.object({ name: z.string(), val: z.number() })) }),
  z.object({ kind: z.literal('VAR'), id: z.number(), name: z.string() }),
  z.object({
    kind: z.literal('DATASEC'),
    name: z.string(),
    size: z.number(),
    vars: z.array(z.object({ type_id: z.number(), offset: z.number() })),
  }),
]);
type BtfType = z.output<typeof typeSchema>;

const readKinds: readonly string[] = ['STRUCT', 'ENUM', 'VAR', 'DATASEC'] satisfies BtfType['kind'][];
const dumpSchema = z.object({ types: z.array(z.looseObject({ kind: z.string() })) });

/** Ours, and not the kernel's, of which the object holds only the parts in use. */
const layoutStructs = /^(record_\w+|cgroup_state|cgroup_entry|counters)$/;
const layoutEnumerators = /^(RECORD|PURPOSE|PATH|SYSCALL|CGROUP)_/;

export interface Btf {
  readonly structs: Record<string, { size: number; members: Record<string, number> }>;
  readonly enumerators: Record<string, number>;
  /** Offsets of the variables of a section. */
  variables(section: string): Record<string, number>;
  sectionSize(section: string): number;
}

export function readBtf(dump: string): Btf {
  const types = dumpSchema
    .parse(JSON.parse(dump))
    .types.filter((type) => readKinds.includes(type.kind))
    .map((type) => typeSchema.parse(type));
  const ofKind = <Kind extends BtfType['kind']>(kind: Kind): Extract<BtfType, { kind: Kind }>[] =>
    types.filter((type): type is Extract<BtfType, { kind: Kind }> => type.kind === kind);
  const variableNames = new Map(ofKind('VAR').map(({ id, name }) => [id, name]));

  const structs: Btf['structs'] = {};
  for (const { name, size, members } of ofKind('STRUCT').filter((type) => layoutStructs.test(type.name))) {
    structs[name] = { size, members: Object.fromEntries(members.map((each) => [each.name, each.bits_offset / 8])) };
  }
  const enumerators = Object.fromEntries(
    ofKind('ENUM')
      .flatMap((type) => type.values)
      .filter(({ name }) => layoutEnumerators.test(name))
      .map(({ name, val }) => [name, val]),
  );
  const section = (name: string): Extract<BtfType, { kind: 'DATASEC' }> => {
    const found = ofKind('DATASEC').find((type) => type.name === name);
    if (!found) throw new Error(`the object has no section ${name}`);
    return found;
  };
  return {
    structs,
    enumerators,
    variables: (name) =>
      Object.fromEntries(section(name).vars.map((each) => [variableNames.get(each.type_id) ?? '', each.offset])),
    sectionSize: (name) => section(name).size,
  };
}
