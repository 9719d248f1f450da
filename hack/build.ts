/**
 * Bundles the programs: dist/operator.js with its threads and dist/agent.js, which go into images, and dist/kubectl-wsp.js,
 * which bin/kubectl-wsp runs. In an image there
 * are no node_modules (type stripping is refused there, and 60 MB of Kubernetes client would come along), so every package
 * is bundled but koffi, whose native module must lie beside its package.
 *
 *     node hack/build.ts [operator|agent|kubectl-wsp]…      all programs if none is named
 */
import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { argv, cwd } from 'node:process';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

export const programs = ['operator', 'agent', 'kubectl-wsp'] as const;
export type Program = (typeof programs)[number];

interface Bundle {
  readonly program: Program;
  /** From the root of the checkout. */
  readonly entry: string;
  readonly output: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));

/** A thread is a file of its own because `new Worker` takes a file, not a module of the bundle. */
export const bundles: readonly Bundle[] = [
  { program: 'operator', entry: 'operator/main.ts', output: 'operator.js' },
  { program: 'operator', entry: 'operator/store/sqlite/worker.ts', output: 'store-worker.js' },
  { program: 'operator', entry: 'operator/learning/reading-worker.ts', output: 'reading-worker.js' },
  { program: 'operator', entry: 'operator/store/command.ts', output: 'store.js' },
  { program: 'agent', entry: 'agent/main.ts', output: 'agent.js' },
  { program: 'kubectl-wsp', entry: 'operator/cli/main.ts', output: 'kubectl-wsp.js' },
];

const external = [/^koffi$/];

/**
 * Bundles `entry`, from the root of the checkout, into `file`.
 * @throws Error if the entry or an import is missing
 */
export async function bundle(entry: string, file: string): Promise<string> {
  const input = join(root, entry);
  const output = basename(file);
  if (!existsSync(input)) throw new Error(`cannot build ${output}: its entry ${entry} is missing`);
  const build = await rolldown({
    input,
    cwd: root,
    platform: 'node',
    external,
    // An import that cannot be found would become an error in production, at start: here it stops the build.
    onLog(level, log, report) {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(`cannot build ${output}: ${log.message}`);
      report(level, log);
    },
  });
  try {
    await build.write({ file, format: 'esm', codeSplitting: false, sourcemap: 'hidden', minify: false });
  } finally {
    await build.close();
  }
  return file;
}

/** Bundles what `wanted` needs into `outDir`; returns the files. Fails if an entry or an import is missing. */
export async function build(wanted: readonly Program[], outDir = join(root, 'dist')): Promise<string[]> {
  const chosen = bundles.filter(({ program }) => wanted.includes(program));
  for (const { output } of chosen) await rm(join(outDir, output), { force: true });
  return Promise.all(chosen.map(({ entry, output }) => bundle(entry, join(outDir, output))));
}

function isProgram(name: string): name is Program {
  return programs.some((program) => program === name);
}

if (import.meta.main) {
  const names = argv.slice(2);
  const unknown = names.find((name) => !isProgram(name));
  if (unknown !== undefined) throw new Error(`unknown program ${unknown}; there are ${programs.join(', ')}`);
  for (const file of await build(names.length === 0 ? programs : names.filter(isProgram)))
    console.log(`${relative(cwd(), file)} ${Math.round((await stat(file)).size / 1024)} KiB`);
}
