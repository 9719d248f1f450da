/** `test` with the programs' root file system: skipped, with the reason, where containers cannot be run. */
import { execFileSync } from 'node:child_process';
import { programsRoot } from '../../hack/images/programs.ts';
import { test as kernelTest } from '../kernel/kernel-test.ts';

function whyNot(): string | undefined {
  for (const tool of ['runc', 'mmdebstrap']) {
    try {
      execFileSync(tool, ['--version'], { stdio: 'ignore' });
    } catch {
      return `${tool} is missing`;
    }
  }
  return undefined;
}

export const test = kernelTest
  // oxlint-disable-next-line no-empty-pattern -- vitest reads a fixture's needs from the pattern and wants one
  .extend('root', { scope: 'file' }, async ({}): Promise<{ path: string } | { reason: string }> => {
    const reason = whyNot();
    return reason === undefined ? programsRoot() : { reason };
  })
  .extend('lower', ({ root, skip }): string => ('reason' in root ? skip(root.reason) : root.path));
