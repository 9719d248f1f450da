/**
 * Writes crds/manifests/*.yaml and docs/reference/*.md from crds/*.ts; with `--check` says what differs and changes
 * nothing. Exit code 1 if something was refused or is stale. The tags that it knows are listed in crds/README.md.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { Project } from 'ts-morph';
import { generate, manifestFolder } from './generate.ts';

const root = join(import.meta.dirname, '..', '..');
const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const project = new Project({
  skipAddingFilesFromTsConfig: true,
  compilerOptions: { allowImportingTsExtensions: true },
});
const { files, problems } = generate(project.addSourceFilesAtPaths(join(root, 'crds', '*.ts')));
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exit(1);
}

const stale: string[] = [];
for (const [path, raw] of files) {
  const file = join(root, path);
  const content = path.endsWith('.md')
    ? await format(raw, { ...(await resolveConfig(file)), parser: 'markdown' })
    : raw;
  const present = read(file);
  if (present === content) continue;
  if (options.check) {
    stale.push(`${path}: ${difference(present, content)}`);
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    process.stdout.write(`${path}: written, ${content.length} bytes\n`);
  }
}
for (const name of readdirSync(join(root, manifestFolder))) {
  const path = `${manifestFolder}/${name}`;
  if (!files.has(path)) stale.push(`${path}: no kind has this manifest; delete it`);
}
if (stale.length > 0) {
  process.stderr.write(
    `${stale.join('\n')}\n${options.check ? 'Run "npm run generate" and commit the result.\n' : ''}`,
  );
  process.exitCode = 1;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The first line that differs, and how many there are on either side. */
function difference(present: string | undefined, wanted: string): string {
  if (present === undefined) return 'missing';
  const [old, fresh] = [present.split('\n'), wanted.split('\n')];
  const at = fresh.findIndex((line, index) => line !== old[index]);
  const line = at < 0 ? fresh.length : at;
  return `stale from line ${line + 1}: "${old[line] ?? ''}" should be "${fresh[line] ?? ''}" (${old.length} lines, ${fresh.length} wanted)`;
}
