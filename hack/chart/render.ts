/** The chart as Helm renders it, for tests. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const chart = join(root, 'charts/workload-security');

/** The cluster's own Helm if it is built, else $HELM or the one on the PATH; undefined if there is none. */
export function findHelm(): string | undefined {
  const folder = execFileSync(join(root, 'hack/cluster/binaries.sh'), ['--print-dir'], { encoding: 'utf8' }).trim();
  const built = join(folder, 'helm');
  if (existsSync(built)) return built;
  const other = env['HELM'] ?? 'helm';
  return spawnSync(other, ['version', '--short']).status === 0 ? other : undefined;
}

export type Rendering =
  { readonly accepted: true; readonly manifest: string } | { readonly accepted: false; readonly reason: string };

/** `helm template` with `--set-json` for each of `values`. */
export function render(helm: string, values: Readonly<Record<string, unknown>> = {}): Rendering {
  const settings = Object.entries(values).flatMap(([path, value]) => [
    '--set-json',
    `${path}=${JSON.stringify(value)}`,
  ]);
  const names = ['workload-security', chart, '--namespace', 'workload-security', '--kube-version', '1.36.0'];
  const { status, stdout, stderr } = spawnSync(helm, ['template', ...names, ...settings], { encoding: 'utf8' });
  return status === 0 ? { accepted: true, manifest: stdout } : { accepted: false, reason: stderr };
}

/** The objects of a manifest, as plain data. */
export function objects(manifest: string): unknown[] {
  return parseAllDocuments(manifest)
    .map((document) => {
      const object: unknown = document.toJS();
      return object;
    })
    .filter((object) => object !== null);
}
