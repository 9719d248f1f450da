import { join } from 'node:path';
import { expect } from 'vitest';
import type { KernelEvent } from '../../core/event/event.ts';
import { Purpose } from '../../core/event/event.ts';
import { eventsOf } from './observed-cgroup.ts';
import { test } from './kernel-test.ts';

const S_IFSOCK = 0o140000;
const S_IFMT = 0o170000;

const shown = (events: readonly KernelEvent[]): string[] =>
  eventsOf(events, 'unix_bind', 'unix_connect').map(
    ({ type, file, abstractName, retval }) => `${type} ${file?.path ?? `@${abstractName}`} ${retval}`,
  );

test('sockets in the file system: the canonical path, each once', async ({ kernel }) => {
  const { folder, cgroup } = kernel;
  const { events } = await cgroup.python(`
import os
from socket import *
os.chdir('${folder}'); os.makedirs('run'); os.symlink('run', 'link')
server = socket(AF_UNIX); server.bind('run/daemon.sock'); server.listen()
for name in ('link/daemon.sock', os.path.abspath('run/daemon.sock'), 'run/../run/daemon.sock'):
    client = socket(AF_UNIX); client.connect(name)
log = socket(AF_UNIX, SOCK_DGRAM); log.bind('run/log')
client = socket(AF_UNIX, SOCK_DGRAM); client.connect('link/log')`);
  const at = (name: string): string => join(folder, 'run', name);
  expect(shown(events)).toEqual([
    `unix_bind ${at('daemon.sock')} 0`,
    `unix_connect ${at('daemon.sock')} 0`,
    `unix_bind ${at('log')} 0`,
    `unix_connect ${at('log')} 0`,
  ]);
  const [bind] = eventsOf(events, 'unix_bind');
  expect((bind?.file?.facts?.mode ?? 0) & S_IFMT).toBe(S_IFSOCK);
});

test('a server that has closed the connection already still shows', async ({ kernel }) => {
  const name = join(kernel.folder, 'hasty.sock');
  const { events } = await kernel.cgroup.python(`
import threading
from socket import *
server = socket(AF_UNIX, SOCK_SEQPACKET); server.bind('${name}'); server.listen()
thread = threading.Thread(target=lambda: server.accept()[0].close()); thread.start()
client = socket(AF_UNIX, SOCK_SEQPACKET); client.connect('${name}'); thread.join()`);
  expect(eventsOf(events, 'unix_connect')).toMatchObject([{ file: { path: name }, retval: 0 }]);
});

test('one that may not be written to is refused, one that does not exist is for rules', async ({ kernel }) => {
  const name = join(kernel.folder, 'private.sock');
  const script = `
import os
from socket import *
server = socket(AF_UNIX); server.bind('${name}'); server.listen(); os.chmod('${name}', 0o600); os.chmod('${kernel.folder}', 0o755)
os.setuid(65534)
for path in ('${name}', '/run/no-such.sock'):
    try: socket(AF_UNIX).connect(path)
    except OSError: pass`;
  const { events } = await kernel.cgroup.python(script);
  expect(shown(events).slice(1)).toEqual([`unix_connect ${name} -13`]);
});

test('abstract names and calls that failed, for rules', async ({ kernel }) => {
  kernel.capture.approve([{ record: 'unixConnect' }, { record: 'unixBind' }]);
  const { events } = await kernel.cgroup.python(String.raw`
from socket import *
server = socket(AF_UNIX); server.bind(b'\0kernel\0test\xff'); server.listen()
socket(AF_UNIX).connect(b'\0kernel\0test\xff')
try: socket(AF_UNIX).connect('/run/no-such.sock')
except OSError: pass`);
  kernel.capture.approve([]);
  const own = events.filter((event) => event.cgroupId === kernel.cgroup.id);
  expect(shown(own)).toEqual([
    String.raw`unix_bind @kernel\x00test\xff 0`,
    String.raw`unix_connect @kernel\x00test\xff 0`,
    'unix_connect /run/no-such.sock -2',
  ]);
  expect(new Set(eventsOf(own, 'unix_bind', 'unix_connect').map(({ purpose }) => purpose))).toEqual(
    new Set([Purpose.rules]),
  );
});
