/** Command lines, environments and titles that are made to be too large, or to look like something else. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { compile, suffer } from './hostile-container.ts';
import { test } from './kernel-test.ts';
import { eventsOf, PYTHON } from './observed-cgroup.ts';

const MiB = 1 << 20;

describe('arguments', () => {
  test('of 2 MB: the front of them, marked as cut, counted once', async ({ kernel }) => {
    const before = kernel.capture.lossesOf(kernel.cgroup.id).truncated;
    // The most that the kernel takes: a quarter of the stack's 8 MiB, each string at most 128 KiB.
    const script = `import os; os.execv('/bin/true', ['true', 'first'] + ['x' * 131000] * 15)`;
    const { events, snapshot } = await suffer(kernel, MiB, ...PYTHON, script);
    const exec = eventsOf(events, 'exec').at(-1);
    expect(exec).toMatchObject({ file: { path: '/usr/bin/true' }, argsTruncated: true });
    expect(exec?.argv.slice(0, 2)).toEqual(['true', 'first']);
    expect(exec?.argv.join('\0')).toBe(`true\0first\0${'x'.repeat(4096 - 'true\0first\0'.length)}`);
    expect(kernel.capture.lossesOf(kernel.cgroup.id).truncated).toBe(before + 1);
    expect(snapshot.processes.at(-1)).toMatchObject({ executable: '/usr/bin/true' });
  });

  test('of many empty strings, and none at all', async ({ kernel }) => {
    const many = await suffer(kernel, MiB, ...PYTHON, `import os; os.execv('/bin/true', ['true'] + [''] * 100_000)`);
    const exec = eventsOf(many.events, 'exec').at(-1);
    expect(exec?.argsTruncated).toBe(true);
    expect(exec?.argv.length).toBe(4096 - 'true\0'.length + 1);
    const none = compile(
      kernel.folder,
      'none',
      'int main(void) { char *no[] = {NULL}; return execve("/bin/true", no, no); }',
    );
    const { events, status } = await suffer(kernel, MiB, none);
    expect(status).toBe(0);
    // The kernel itself puts one empty string there.
    expect(eventsOf(events, 'exec').at(-1)).toMatchObject({ file: { path: '/usr/bin/true' }, argv: [''] });
  });

  test('that steer terminals or are no text show as what they are, also in the name of a script', async ({
    kernel,
  }) => {
    const script = `
import os
name = b'${kernel.folder}/\\x1b]0;\\n\\xff\\xe2\\x80\\xae.sh'
open(name, 'w').write('#!/bin/sh\\nexit 0')
os.chmod(name, 0o755)
os.execve(name, [b'\\x1b[2J\\nroot@host:~#', b'\\xc3\\x28', '\\u202egnp.exe'.encode()], {})`;
    const { events, snapshot } = await suffer(kernel, MiB, ...PYTHON, script);
    const odd = String.raw`\x1b]0;\x0a\xff\xe2\x80\xae.sh`;
    expect(eventsOf(events, 'exec').at(-1)).toMatchObject({
      filename: join(kernel.folder, odd),
      argv: ['/bin/sh', join(kernel.folder, odd), String.raw`\xc3(`, String.raw`\xe2\x80\xaegnp.exe`],
    });
    expect(snapshot.processes.at(-1)?.script).toBe(join(kernel.folder, odd));
  });
});

describe('an environment', () => {
  test('of 1 MB hides nothing of the arguments', async ({ kernel }) => {
    const script = `import os; os.execve('/bin/true', ['true', 'last'], {f'E{i}': 'y' * 100_000 for i in range(10)})`;
    const { events } = await suffer(kernel, MiB, ...PYTHON, script);
    const exec = eventsOf(events, 'exec').at(-1);
    expect(exec).toMatchObject({ argv: ['true', 'last'], argsTruncated: false, envsTruncated: false });
    expect(exec).not.toHaveProperty('envp');
  });

  test('of 1 MB for a rule: the front of it, marked as cut, counted once', async ({ kernel }) => {
    const { capture, cgroup } = kernel;
    const script = `import os; os.execve('/bin/true', ['true'], {'FIRST': '1', 'LAST': 'y' * 100_000, 'ODD\\n': '\\x1b'})`;
    capture.approve([{ record: 'exec' }]);
    const before = capture.lossesOf(cgroup.id).truncated;
    const { events } = await suffer(kernel, MiB, ...PYTHON, script);
    capture.approve([]);
    const exec = eventsOf(events, 'exec').findLast(({ argv }) => argv[0] === 'true');
    expect(exec).toMatchObject({ argsTruncated: false, envsTruncated: true });
    expect(exec?.envp).toEqual(['FIRST=1', `LAST=${'y'.repeat(4096 - 'FIRST=1\0LAST='.length)}`]);
    expect(capture.lossesOf(cgroup.id).truncated).toBe(before + 1);
  });
});

describe('a title', () => {
  test('that changes later changes nothing of what was recorded', async ({ kernel }) => {
    const source = `
int main(int argc, char **argv) {
  for (int i = 0; i < argc; i++) memset(argv[i], 'Z', strlen(argv[i]));
  prctl(PR_SET_NAME, "kworker/0:1");
  if (fork() == 0) _exit(open("/etc/hostname", O_RDONLY) < 0);
  return wait(NULL) < 0;
}`;
    const disguise = compile(kernel.folder, 'disguise', source);
    const { events, snapshot } = await suffer(kernel, MiB, disguise, 'honest', 'arguments');
    expect(eventsOf(events, 'exec').at(-1)?.argv).toEqual([disguise, 'honest', 'arguments']);
    expect(snapshot.processes.map((node) => [node.executable, node.maxInstances])).toEqual([[disguise, 2]]);
    expect(snapshot.files).toContainEqual(expect.objectContaining({ process: 0, path: '/etc/hostname' }));
  });
});

describe('a name handed to execve', () => {
  test('of nearly 4,096 bytes: the front of it, marked and counted, beside the file that runs', async ({ kernel }) => {
    const before = kernel.capture.lossesOf(kernel.cgroup.id).truncated;
    copyFileSync('/bin/true', join(kernel.folder, 'target'));
    const script = `import os, sys; os.execv(sys.argv[1] + '/.' * 2000 + '/target', ['t'])`;
    const { events, status } = await suffer(kernel, MiB, ...PYTHON, script, kernel.folder);
    expect(status).toBe(0);
    const exec = eventsOf(events, 'exec').at(-1);
    expect(exec?.file).toMatchObject({ path: join(kernel.folder, 'target'), truncated: false });
    const filename = `${kernel.folder}${'/.'.repeat(2000)}`.slice(0, 1023);
    expect(exec).toMatchObject({ filename, filenameTruncated: true });
    expect(kernel.capture.lossesOf(kernel.cgroup.id).truncated).toBe(before + 1);
  });
});
