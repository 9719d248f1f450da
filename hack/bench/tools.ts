/** Programs that only benchmarks need. They are not installed unasked: a server of Debian's starts with its package. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian's package of each. */
const packages = { bpftrace: 'bpftrace', nginx: 'nginx-light', wrk: 'wrk' } as const;
export type Tool = keyof typeof packages;

function isThere(tool: Tool): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Why something cannot be measured, and what to do; undefined if all are there. */
export function missing(...tools: readonly Tool[]): string | undefined {
  const absent = tools.filter((tool) => !isThere(tool));
  if (absent.length === 0) return undefined;
  const wanted = absent.map((tool) => packages[tool]).join(' ');
  return `${absent.join(' and ')} missing (apt-get install --no-install-recommends ${wanted})`;
}
