/** The whole system of a virtual machine in one archive: busybox, Node, the scenarios, the workload and the programs. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { compileBlobs } from '../../agent/bpf/compile.ts';
import { bundle } from '../../hack/build.ts';
import { copyKoffi } from '../../hack/images/product.ts';

const guest = join(import.meta.dirname, 'guest');

/** Files that a dynamic program loads: lines `name => /path (address)`, and the loader's own path alone. */
function librariesOf(program: string): string[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => /(?:^\s*|=> )(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

/** Copies a file, links followed, to the path that it has here. */
function copyAsIs(path: string, root: string): void {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(path, target);
}

async function fill(root: string): Promise<void> {
  for (const folder of ['bin', 'app', 'dev', 'proc', 'sys', 'tmp']) mkdirSync(join(root, folder));
  copyFileSync(join(guest, 'init'), join(root, 'init'));
  chmodSync(join(root, 'init'), 0o755);
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  symlinkSync('busybox', join(root, 'bin/sh'));
  const flags = ['-static', '-O1', '-Wall', '-Wextra', '-Werror'];
  execFileSync('gcc', [...flags, '-o', join(root, 'bin/workload'), join(guest, 'workload.c')]);

  copyFileSync(process.execPath, join(root, 'bin/node'));
  for (const library of librariesOf(process.execPath)) copyAsIs(library, root);
  const app = join(root, 'app');
  await bundle('test/kernels/guest/main.ts', join(app, 'main.js'));
  writeFileSync(join(app, 'package.json'), '{ "type": "module" }\n');
  await copyKoffi(app);
  // Beside the bundle, where the agent's loader looks for them.
  compileBlobs(join(app, 'bpf'));
}

/** Writes the archive to `path`: 145 MB, uncompressed, because unpacking is what an emulated machine is slowest at. */
export async function buildInitramfs(path: string): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'initramfs-'));
  try {
    await fill(root);
    const files = execFileSync('find', ['.', '-print0'], { cwd: root });
    const archive = execFileSync('cpio', ['--create', '--null', '--format=newc', '--quiet'], {
      cwd: root,
      input: files,
      maxBuffer: 1 << 30,
    });
    writeFileSync(path, archive);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** What the archive takes from this machine and lacks here, or undefined. */
export function missingForInitramfs(): string | undefined {
  for (const path of ['/bin/busybox', '/usr/bin/cpio', '/usr/bin/gcc', '/usr/bin/clang-14']) {
    try {
      readFileSync(path);
    } catch {
      return `${path} is missing ("make packages" installs it)`;
    }
  }
  return undefined;
}
