/**
 * Compiles the kernel programs. Needs clang 14 or newer, bpftool 7 and the libbpf headers; the machine that runs the agent
 * needs none of them. One source serves every kernel: what depends on the kernel is relocated when the programs are loaded.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlobFile } from '../kernel/blob.ts';
import { readBtf } from './btf.ts';
import { readSkeleton } from './skeleton.ts';

const allVariants = ['lsm', 'raw', 'classic'] as const;
const allArchitectures = ['amd64', 'arm64'] as const;
/** Value of __TARGET_ARCH_* in libbpf's headers. */
const targets = { amd64: 'x86', arm64: 'arm64' } as const;

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
}

/** @throws Error that says what to install. */
function findClang(): string {
  for (const name of ['clang', 'clang-14']) {
    try {
      run(name, '--version');
      return name;
    } catch {
      continue;
    }
  }
  throw new Error('no clang: install it with "apt-get install clang-14 bpftool libbpf-dev"');
}

interface Compilation {
  readonly clang: string;
  /** Folder of the C files. */
  readonly sources: string;
  readonly variant: string;
  readonly arch: (typeof allArchitectures)[number];
  readonly scratch: string;
}

function compile({ clang, sources, variant, arch, scratch }: Compilation): BlobFile {
  const object = join(scratch, `${variant}.o`);
  const linked = join(scratch, `${variant}.linked.o`);
  // v3: 32-bit instructions and atomics with a result, in every kernel from 5.12 on.
  const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-Wall', '-Werror', `-D__TARGET_ARCH_${targets[arch]}`];
  // Keeps the machine's own paths out of the debug information.
  run(clang, ...flags, `-ffile-prefix-map=${sources}=.`, '-c', join(sources, `${variant}.bpf.c`), '-o', object);
  // Linking strips DWARF and fills in the offsets of variables.
  run('bpftool', 'gen', 'object', linked, object);
  const btf = readBtf(run('bpftool', '-j', 'btf', 'dump', 'file', linked));
  const skeleton = readSkeleton(run('bpftool', 'gen', 'skeleton', '-L', linked, 'name', variant));
  return {
    format: 1,
    variant,
    arch,
    maps: skeleton.maps,
    programs: skeleton.programs,
    data: skeleton.data.toString('base64'),
    instructions: skeleton.instructions.toString('base64'),
    rodata: skeleton.rodata.toString('base64'),
    variables: { rodata: btf.variables('.rodata'), bss: btf.variables('.bss') },
    bssSize: btf.sectionSize('.bss'),
    structs: btf.structs,
    enumerators: btf.enumerators,
  };
}

interface Wanted {
  /** Folder of the C files. */
  readonly sources?: string;
  readonly architectures?: readonly (typeof allArchitectures)[number][];
  readonly variants?: readonly (typeof allVariants)[number][];
}

/**
 * Writes `<output>/<arch>/<variant>.json` for every architecture and variant that is wanted. Each takes seconds of processor time.
 * @returns the paths
 */
export function compileBlobs(
  output: string,
  { sources = import.meta.dirname, architectures = allArchitectures, variants = allVariants }: Wanted = {},
): string[] {
  const clang = findClang();
  const scratch = mkdtempSync(join(tmpdir(), 'bpf-build-'));
  try {
    return architectures.flatMap((arch) => {
      mkdirSync(join(output, arch), { recursive: true });
      return variants.map((variant) => {
        const path = join(output, arch, `${variant}.json`);
        writeFileSync(path, `${JSON.stringify(compile({ clang, sources, variant, arch, scratch }))}\n`);
        return path;
      });
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
