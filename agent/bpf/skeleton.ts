/**
 * Takes a light skeleton apart. bpftool writes it as a C header: the loader's data, its instructions and the first contents
 * of constants are string literals, the order of maps and programs that of a struct's members.
 */

export interface Skeleton {
  readonly maps: string[];
  readonly programs: string[];
  readonly data: Buffer;
  readonly instructions: Buffer;
  readonly rodata: Buffer;
}

/** @throws Error if the header does not look as bpftool 7 writes it. */
export function readSkeleton(header: string): Skeleton {
  return {
    maps: memberNames(header, 'bpf_map_desc'),
    programs: memberNames(header, 'bpf_prog_desc'),
    data: literal(header, 'opts.data = (void *)', Number(capture(header, /opts\.data_sz = (\d+);/))),
    instructions: withinStack(
      literal(header, 'opts.insns = (void *)', Number(capture(header, /opts\.insns_sz = (\d+);/))),
    ),
    rodata: rodata(header),
  };
}

const INSTRUCTION_SIZE = 8;
const LOAD_WORD = 0x61;
const MOVE_CONSTANT = 0xb7;
const FRAME_POINTER = 10;

/**
 * The loader has a place on its stack for the descriptors of 32 programs. When it fails it closes them all, and libbpf has it
 * do so for as many as there are functions: global ones count too, although they are not loaded by themselves. Beyond 32 it
 * reads above its stack, and the verifier refuses it. Those reads become zeros: no descriptor.
 */
function withinStack(instructions: Buffer): Buffer {
  for (let at = 0; at < instructions.length; at += INSTRUCTION_SIZE) {
    const registers = instructions.readUInt8(at + 1);
    const aboveStack = registers >> 4 === FRAME_POINTER && instructions.readInt16LE(at + 2) >= 0;
    if (instructions.readUInt8(at) !== LOAD_WORD || !aboveStack) continue;
    instructions.writeUInt8(MOVE_CONSTANT, at);
    instructions.writeUInt8(registers & 0xf, at + 1);
    instructions.writeInt16LE(0, at + 2);
  }
  return instructions;
}

function memberNames(header: string, type: string): string[] {
  return [...header.matchAll(new RegExp(`struct ${type} (\\w+);`, 'g'))].map(([, name = '']) => name);
}

function capture(text: string, pattern: RegExp): string {
  const [, found] = pattern.exec(text) ?? [];
  if (found === undefined) throw new Error(`the skeleton lacks ${pattern.source}`);
  return found;
}

function rodata(header: string): Buffer {
  const call = 'skel->rodata = skel_prep_map_data((void *)';
  // The literal is followed by the size of the mapping and that of the contents.
  const size = capture(header.slice(header.indexOf(call)), /", \d+, (\d+)\);/);
  return literal(header, call, Number(size));
}

/** The string literal after `before`, padded with the zeros that the writer may have left to C. */
function literal(header: string, before: string, size: number): Buffer {
  const at = header.indexOf(before);
  if (at === -1) throw new Error(`the skeleton lacks "${before}"`);
  const start = header.indexOf('"', at) + 1;
  // All bytes but letters, digits and the like are written as escapes, a quote too.
  const end = header.indexOf('"', start);
  const bytes = unescapeC(header.slice(start, end).replaceAll('\\\n', ''));
  if (bytes.length > size) throw new Error(`"${before}" holds ${bytes.length} bytes instead of ${size}`);
  return Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]);
}

function unescapeC(text: string): Buffer {
  const bytes: number[] = [];
  for (const [, hex, nul, plain, other] of text.matchAll(/\\x([0-9a-f]{2})|\\(0)|([^\\])|(.{1,4})/gs)) {
    if (other !== undefined) throw new Error(`unknown escape in the skeleton: ${other}`);
    bytes.push(hex === undefined ? (nul === undefined ? (plain ?? '').charCodeAt(0) : 0) : Number.parseInt(hex, 16));
  }
  return Buffer.from(bytes);
}
