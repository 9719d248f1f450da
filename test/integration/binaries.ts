/** Where the Kubernetes binaries are that integration tests run: built by hack/cluster, or named by WSP_BINARIES. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

const script = new URL('../../hack/cluster/binaries.sh', import.meta.url).pathname;
const needed = ['etcd', 'kube-apiserver', 'kubectl'] as const;

export type Binaries =
  { readonly found: true; readonly directory: string } | { readonly found: false; readonly reason: string };

function directoryOfScript(): string | undefined {
  if (!existsSync(script)) return undefined;
  // The script only prints where its cache is; it builds nothing with this option.
  return execFileSync('bash', [script, '--print-dir'], { encoding: 'utf8', timeout: 10_000 }).trim();
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function findBinaries(): Binaries {
  const directory = process.env['WSP_BINARIES'] ?? directoryOfScript();
  if (directory === undefined || directory === '') {
    return { found: false, reason: 'no Kubernetes binaries: run hack/cluster/binaries.sh or set WSP_BINARIES' };
  }
  const missing = needed.filter((name) => !isExecutable(join(directory, name)));
  if (missing.length === 0) return { found: true, directory };
  return { found: false, reason: `no ${missing.join(', ')} in ${directory}: build them with ${script}` };
}
