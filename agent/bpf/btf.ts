/** What the build needs of an object's type information, from `bpftool -j btf dump`. */
import { z } from 'zod';

const id = z.number();
const sized = { id, size: z.number() };
const referring = { id, type_id: id };
const memberSchema = z.object({
  name: z.string(),
  type_id: id,
  bits_offset: z.number(),
  /** Absent or 0 for what is no bit field. */
  bitfield_size: z.number().optional(),
});
const typeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('STRUCT'), ...sized, name: z.string(), members: z.array(memberSchema) }),
  z.object({ kind: z.literal('ENUM'), ...sized, values: z.array(z.object({ name: z.string(), val: z.number() })) }),
  z.object({ kind: z.literal('INT'), ...sized }),
  z.object({ kind: z.literal('TYPEDEF'), ...referring }),
  z.object({ kind: z.literal('ARRAY'), ...referring, nr_elems: z.number() }),
  z.object({ kind: z.literal('VAR'), id, name: z.string() }),
  z.object({
    kind: z.literal('DATASEC'),
    name: z.string(),
    size: z.number(),
    vars: z.array(z.object({ type_id: id, offset: z.number() })),
  }),
]);
type BtfType = z.output<typeof typeSchema>;

type Struct = Extract<BtfType, { kind: 'STRUCT' }>;

const readKinds: readonly string[] = [
  'STRUCT',
  'ENUM',
  'INT',
  'TYPEDEF',
  'ARRAY',
  'VAR',
  'DATASEC',
] satisfies BtfType['kind'][];
const dumpSchema = z.object({ types: z.array(z.looseObject({ kind: z.string() })) });

/** Ours, and not the kernel's, of which the object holds only the parts in use. */
const layoutStructs = /^(record_\w+|cgroup_state|syscall_set|cgroup_entry|approver|approver_key|counters)$/;
const layoutEnumerators = /^(RECORD|PURPOSE|PATH|SYSCALL|CGROUP|APPROVE|BPF_OBJECT|BLIND_SPOT)_/;

export interface Btf {
  readonly structs: Record<string, { size: number; members: Record<string, number> }>;
  readonly enumerators: Record<string, number>;
  /** Offsets of the variables of a section. */
  variables(section: string): Record<string, number>;
  sectionSize(section: string): number;
}

/** Bytes of a type that our structs are made of. */
function sizeOf(types: ReadonlyMap<number, BtfType>, type_id: number): number {
  const type = types.get(type_id);
  switch (type?.kind) {
    case 'INT':
    case 'ENUM':
    case 'STRUCT':
      return type.size;
    case 'TYPEDEF':
      return sizeOf(types, type.type_id);
    case 'ARRAY':
      return type.nr_elems * sizeOf(types, type.type_id);
    case 'VAR':
    case 'DATASEC':
    case undefined:
      throw new Error(`type ${type_id} is of a kind that has no place in a record: use integers, structs and arrays`);
  }
}

/**
 * Offsets by name. Every byte must belong to a member: offsets that leave no gaps tell widths too.
 */
function offsetsOf(types: ReadonlyMap<number, BtfType>, { name, size, members }: Struct): Record<string, number> {
  let end = 0;
  const expect = (offset: number, what: string): void => {
    if (offset !== end) throw new Error(`struct ${name} has a gap before ${what}, at byte ${end}: name it "reserved"`);
  };
  const offsets = members.map((member) => {
    const offset = member.bits_offset / 8;
    expect(offset, member.name);
    end = offset + (member.bitfield_size ? member.bitfield_size / 8 : sizeOf(types, member.type_id));
    return [member.name, offset] as const;
  });
  expect(size, 'its end');
  return Object.fromEntries(offsets);
}

/** @throws Error if a struct has gaps, or members of types that are not the same on every machine. */
export function readBtf(dump: string): Btf {
  const types = dumpSchema
    .parse(JSON.parse(dump))
    .types.filter((type) => readKinds.includes(type.kind))
    .map((type) => typeSchema.parse(type));
  const ofKind = <Kind extends BtfType['kind']>(kind: Kind): Extract<BtfType, { kind: Kind }>[] =>
    types.filter((type): type is Extract<BtfType, { kind: Kind }> => type.kind === kind);
  const byId = new Map(types.flatMap((type) => (type.kind === 'DATASEC' ? [] : [[type.id, type] as const])));
  const variableNames = new Map(ofKind('VAR').map(({ id, name }) => [id, name]));

  const structs: Btf['structs'] = {};
  for (const struct of ofKind('STRUCT').filter((type) => layoutStructs.test(type.name))) {
    structs[struct.name] = { size: struct.size, members: offsetsOf(byId, struct) };
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
