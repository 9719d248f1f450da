/** Programs that take the path of another one by mounts of their own. */
import { expect } from 'vitest';
import { suffer } from './hostile-container.ts';
import { test } from './kernel-test.ts';

test('a program mounted over another one in namespaces of its own is not taken for it', async ({ kernel }) => {
  const { snapshot, stderr } = await suffer(
    kernel,
    1 << 20,
    '/bin/sh',
    '-c',
    `/usr/bin/env true; unshare --user --map-root-user --mount /bin/sh -c 'mount --bind /usr/bin/id /usr/bin/env && /usr/bin/env > /dev/null'; :`,
  );
  expect(stderr).toBe('');
  const programs = snapshot.processes.map(({ executable }) => executable);
  expect(programs).toContain('/usr/bin/env');
  expect(programs).toContain('{mounts}/usr/bin/env');
  // What id reads, and env never does.
  const readers = snapshot.files.filter(({ path }) => path === '/etc/passwd').map(({ process }) => programs[process]);
  expect(readers).toEqual(['{mounts}/usr/bin/env']);
});
