/** Programs with all ports of a machine to themselves. */
import { expect } from 'vitest';
import type { Finished, TestCgroup } from './observed-cgroup.ts';

/** Python with the socket module, in a network namespace of its own. */
export async function inNetwork(cgroup: TestCgroup, script: string): Promise<Finished> {
  const finished = await cgroup.run(
    'unshare',
    '--net',
    '/bin/sh',
    '-c',
    'ip link set lo up && exec /usr/bin/python3 -IS -c "$1"',
    'sh',
    `import errno\nfrom socket import *\n${script}`,
  );
  expect(finished.stderr).toBe('');
  return finished;
}
