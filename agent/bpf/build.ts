/**
 * Builds the kernel programs for all architectures:
 *
 *   node agent/bpf/build.ts [OUTPUT]      writes OUTPUT/<arch>/<variant>.json, by default below dist/bpf
 */
import { join } from 'node:path';
import { compileBlobs } from './compile.ts';

const output = process.argv[2] ?? join(import.meta.dirname, '..', '..', 'dist', 'bpf');
for (const path of compileBlobs(output)) process.stdout.write(`${path}\n`);
