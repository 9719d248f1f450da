/** The compiled programs of one variant, as the build writes them to `dist/bpf/<arch>/<variant>.json`. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Purpose } from '../../core/event/event.ts';
import { Approval } from './approvers.ts';
import { CgroupSource } from './hierarchy.ts';
import { BlindSpotBit, BpfObject, enumeratorNames, layoutDifferences, PathFlag, RecordType } from './record-layout.ts';
import { architecture, SyscallKind } from './syscall-table.ts';

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));
const offsets = z.record(z.string(), z.number().int().nonnegative());

const blobSchema = z.object({
  /** Increased when this format changes. */
  format: z.literal(1),
  variant: z.string().min(1),
  arch: z.enum(['amd64', 'arm64']),
  /** Names in the order in which the loader program creates them; the context it is given has a place for each. */
  maps: z.array(z.string()),
  programs: z.array(z.string()),
  /** Data and instructions of the loader program. */
  data: bytes,
  instructions: bytes,
  /** First contents of the constants. */
  rodata: bytes,
  /** Offsets of variables in the maps `rodata` and `bss`. */
  variables: z.object({ rodata: offsets, bss: offsets }),
  bssSize: z.number().int().positive(),
  structs: z.record(z.string(), z.object({ size: z.number().int(), members: offsets })),
  enumerators: z.record(z.string(), z.number().int()),
});
export type Blob = z.output<typeof blobSchema>;
export type BlobFile = z.input<typeof blobSchema>;

/**
 * Where the blobs of this architecture are: beside the bundled program, or, when the sources run as they are, in the
 * checkout's dist folder.
 */
export function defaultBlobFolder(): string {
  const here = import.meta.dirname;
  const root = here.endsWith(join('agent', 'kernel')) ? join(dirname(dirname(here)), 'dist') : here;
  return join(root, 'bpf', architecture());
}

/**
 * Reads and checks one blob.
 * @throws Error if it is missing, damaged, or was built from other record layouts than this program decodes.
 */
export function readBlob(folder: string, variant: string): Blob {
  const path = join(folder, `${variant}.json`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`no programs at ${path}: build them with "node agent/bpf/build.ts"`, { cause: error });
  }
  return parseBlob(text, path);
}

export function parseBlob(text: string, path: string): Blob {
  const parsed = blobSchema.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`${path} is damaged: ${z.prettifyError(parsed.error)}`);
  const differences = layoutDifferences(parsed.data, {
    ...enumeratorNames('RECORD', RecordType),
    ...enumeratorNames('PATH', PathFlag),
    ...enumeratorNames('PURPOSE', Purpose),
    // 0 is what the programs take for "of no interest".
    ...enumeratorNames('SYSCALL', { ignored: 0, ...SyscallKind }),
    ...enumeratorNames('CGROUP', CgroupSource),
    ...enumeratorNames('APPROVE', Approval),
    ...enumeratorNames('BPF_OBJECT', BpfObject),
    ...enumeratorNames('BLIND_SPOT', BlindSpotBit),
  });
  if (differences.length > 0) {
    throw new Error(`${path} was built from other sources, build it again: ${differences.join('; ')}`);
  }
  return parsed.data;
}
