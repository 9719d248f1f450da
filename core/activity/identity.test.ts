import { describe, expect, it } from 'vitest';
import { identify } from './identity.ts';

const shellScript = { executable: '/usr/bin/dash', filename: '/docker-entrypoint.sh' };

describe('identify', () => {
  it.each([
    ['a plain program', { executable: '/usr/sbin/nginx', filename: '/usr/sbin/nginx', argv: ['nginx', '-g', 'x'] }, {}],
    [
      'a script',
      { ...shellScript, argv: ['/bin/sh', '/docker-entrypoint.sh', 'nginx'] },
      { script: '/docker-entrypoint.sh' },
    ],
    [
      'a script with an option in its first line',
      { ...shellScript, argv: ['/bin/sh', '-e', '/docker-entrypoint.sh'] },
      { script: '/docker-entrypoint.sh' },
    ],
    ['a linked shell', { executable: '/usr/bin/dash', filename: '/bin/sh', argv: ['sh'] }, {}],
    [
      'a shell with a script',
      { executable: '/usr/bin/bash', argv: ['bash', '-eux', './run.sh', '-c'] },
      { script: 'run.sh' },
    ],
    [
      'a shell with code',
      { executable: '/usr/bin/bash', argv: ['bash', '-o', 'pipefail', '-lc', 'id'] },
      { inline: true },
    ],
    ['a shell that reads its input', { executable: '/usr/bin/bash', argv: ['bash', '-s', 'argument'] }, {}],
    [
      'a script started through env',
      { executable: '/usr/bin/env', filename: '/app/x', argv: ['env', 'node', '/app/x'] },
      { script: '/app/x' },
    ],
    [
      'Python code',
      { executable: '/usr/bin/python3.11', argv: ['python3', '-W', 'ignore', '-c', 'x'] },
      { inline: true },
    ],
    [
      'a Python module',
      { executable: '/usr/bin/python3.11', argv: ['python3', '-mhttp.server'] },
      { script: '-m http.server' },
    ],
    [
      'a Python program',
      { executable: '/usr/local/bin/python3.12', argv: ['python', '-u', 'a.py', '-c'] },
      { script: 'a.py' },
    ],
    [
      'Perl with a module',
      { executable: '/usr/bin/perl', argv: ['perl', '-MTime::HiRes', 'x.pl'] },
      { script: 'x.pl' },
    ],
    ['Perl code', { executable: '/usr/bin/perl', argv: ['perl', '-lne', 'print'] }, { inline: true }],
    [
      'node with a preload',
      { executable: '/usr/bin/node', argv: ['node', '--require', 'a.js', 'b.js'] },
      { script: 'b.js' },
    ],
    ['node code', { executable: '/usr/bin/node', argv: ['node', '--eval=1'] }, { inline: true }],
    ['php', { executable: '/usr/bin/php8.2', argv: ['php', '-d', 'x=1', '-f', 'x.php'] }, { script: 'x.php' }],
    ['awk code', { executable: '/usr/bin/mawk', argv: ['awk', '-F', ':', '{print}'] }, { inline: true }],
    [
      'java',
      { executable: '/opt/jdk/bin/java', argv: ['java', '-Xmx1g', '-cp', 'a', '-jar', '/app.jar'] },
      { script: '/app.jar' },
    ],
    ['an applet', { executable: '/bin/busybox', filename: '/bin/ls', argv: ['ls', '-l'] }, { applet: 'ls' }],
    ['an applet as argument', { executable: '/bin/busybox', argv: ['busybox', 'wget', 'x'] }, { applet: 'wget' }],
    [
      'an applet that is a shell',
      { executable: '/bin/busybox', argv: ['-sh', '-c', 'id'] },
      { applet: 'sh', inline: true },
    ],
    [
      'a script of such a shell',
      { executable: '/bin/busybox', filename: '/start.sh', argv: ['/bin/sh', '/start.sh'] },
      { applet: 'sh', script: '/start.sh' },
    ],
    [
      'a single coreutils binary',
      { executable: '/usr/bin/coreutils', argv: ['coreutils', '--coreutils-prog=cat'] },
      { applet: 'cat' },
    ],
    [
      'a server that is a link to a tool of its package',
      {
        executable: '/usr/bin/redis-check-rdb',
        filename: '/usr/bin/redis-server',
        argv: ['redis-server', '/etc/r.conf'],
      },
      { applet: 'redis-server' },
    ],
    ['the same under its own name', { executable: '/usr/bin/redis-server', argv: ['redis-server', 'x'] }, {}],
    ['a claim to be another program', { executable: '/usr/bin/redis-server', argv: ['/usr/bin/xmrig'] }, {}],
    ['no arguments at all', { executable: '/bin/busybox', argv: [] }, {}],
  ] as const)('%s', (_, execution, rest) => {
    expect(identify(execution)).toEqual({ executable: execution.executable, ...rest });
  });

  it('names what has no path', () => expect(identify({ executable: '', argv: [] }).executable).toBe('{anonymous}'));

  it('shows hostile script names escaped and bounded', () => {
    const argv = ['sh', `/tmp/\u001b[2J\u202e${'x'.repeat(9_000)}`];
    const { script = '' } = identify({ executable: '/bin/sh', argv });
    expect(script).toMatch(/^\/tmp\/\\x1b\[2J\\u\{202e\}x+…$/);
    expect(script.length).toBe(4_096);
  });
});
