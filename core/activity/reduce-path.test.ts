import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteBraces } from '../pattern/literal.ts';
import { reduceExecutable, reducePath } from './reduce-path.ts';

const id = '0123456789abcdef'.repeat(4);
const uuid = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

describe('reducePath', () => {
  it.each([
    ['/proc/4711/status', '/proc/{pid}/status'],
    ['/proc/self/status', '/proc/self/status'],
    ['/proc/4711/task/4712/comm', '/proc/{pid}/task/{tid}/comm'],
    ['/proc/4711/task/4712/fd/7', '/proc/{pid}/task/{tid}/fd/{fd}'],
    ['/proc/self/fd/7', '/proc/self/fd/{fd}'],
    ['/proc/4711/map_files/7f00-7fff', '/proc/{pid}/map_files/{range}'],
    ['/proc/sys/net/ipv4/tcp_rmem', '/proc/sys/net/ipv4/tcp_rmem'],
    ['/dev/fd/63', '/dev/fd/{fd}'],
    ['/dev/pts/0', '/dev/pts/{n}'],
    ['pipe:[756267]', 'pipe:[{inode}]'],
    ['/dev/loop3p1', '/dev/loop{n}p{n}'],
    ['/sys/block/dm-4/size', '/sys/block/dm-{n}/size'],
    ['/memfd:jit-1234', '/memfd:jit-{n}'],
    ['/tmp/#8412', '/tmp/#{inode}'],
    [`/sys/fs/cgroup/cri-containerd-${id}.scope/cpu.max`, '/sys/fs/cgroup/cri-containerd-{id}.scope/cpu.max'],
    [`/sys/fs/cgroup/kubepods/pod${uuid}/cpu.max`, '/sys/fs/cgroup/kubepods/pod{uuid}/cpu.max'],
    [`/x/kubepods-pod${uuid.replaceAll('-', '_')}.slice`, '/x/kubepods-pod{uuid}.slice'],
    ['/var/cache/d41d8cd98f00b204e9800998ecf8427e.bin', '/var/cache/{hex}.bin'],
    ['/var/log/app-2026-11-21.log', '/var/log/app-{date}.log'],
    ['/var/log/app-20261121T063511Z.log', '/var/log/app-{date}.log'],
    [
      '/run/secrets/kubernetes.io/serviceaccount/..2026_11_21_06_35_11.1234567/token',
      '/run/secrets/kubernetes.io/serviceaccount/..{time}/token',
    ],
    [`/usr/local/tomcat/logs/catalina.2026-11-21.log`, '/usr/local/tomcat/logs/catalina.{date}.log'],
    ['/repo/.git/objects/4b/825dc642cb6eb9a060e54bf8d69288fbee4904', '/repo/.git/objects/{hex}/{hex}'],
    ['/var/cache/nginx/c/29/b7f54b2df7773722d382f4809d65029c', '/var/cache/nginx/{hex}/{hex}/{hex}'],
    ['/srv/ab/cd/0123456789abcdef.bin', '/srv/{hex}/{hex}/{hex}.bin'],
    ['/srv/7/0123456789abcdef', '/srv/7/{hex}'],
    ['/srv/a/7/0123456789abcdef', '/srv/a/7/{hex}'],
    ['/srv/0/1/2/3/4/0123456789abcdef.body', '/srv/{hex}/{hex}/{hex}/{hex}/{hex}/{hex}.body'],
    [
      '/usr/lib/python3.11/__pycache__/os.cpython-311.pyc.139974708842704',
      '/usr/lib/python3.11/__pycache__/{module}.pyc.{address}',
    ],
    ['/srv/__pycache__/a.cpython-311.opt-1.pyc.42', '/srv/__pycache__/{module}.pyc.{address}'],
    ['/srv/__pycache__/a.cpython-311.pyc.{address}', '/srv/__pycache__/{module}.pyc.{address}'],
    ['/srv/__pycache__/a.pyc.{address}', '/srv/__pycache__/{module}.pyc.{address}'],
    ['/usr/lib/os.cpython-311.pyc.1399', '/usr/lib/os.cpython-311.pyc.1399'],
    ['/usr/lib/__pycache__/os.cpython-311.pyc', '/usr/lib/__pycache__/os.cpython-311.pyc'],
    ['/usr/lib/__pycache__/evil.so.1399', '/usr/lib/__pycache__/evil.so.1399'],
    ['/usr/lib/__pycache__/.pyc.1399', '/usr/lib/__pycache__/.pyc.1399'],
    ['/tmp/hsperfdata_app/17', '/tmp/hsperfdata_app/{pid}'],
    ['/var/lib/postgresql/data/pg_xact/0001', '/var/lib/postgresql/data/pg_xact/{n}'],
    ['/data/pg_multixact/offsets/00FF', '/data/pg_multixact/offsets/{n}'],
    ['/data/pg_multixact/offsets/evil', '/data/pg_multixact/offsets/evil'],
    ['/usr/share/pg_xact/0001', '/usr/share/pg_xact/0001'],
    ['/srv/hsperfdata_app/17', '/srv/hsperfdata_app/17'],
    ['/etc/nginx/conf.d/sedQ3xZ1a', '/etc/nginx/conf.d/sed{random}'],
    ['/etc/sedplDgxW', '/etc/sed{random}'],
    ['/etc/sedconfig', '/etc/sedconfig'],
    ['/etc/sedUnits1', '/etc/sedUnits1'],
    ['/etc/cron.d/sedQ3xZ1a.sh', '/etc/cron.d/sedQ3xZ1a.sh'],
    ['/etc/cron.d/xsedQ3xZ1a', '/etc/cron.d/xsedQ3xZ1a'],
    ['/etc/{random}/x', '/etc/{random}/x'],
    ['/usr/lib/sedQ3xZ1a', '/usr/lib/sedQ3xZ1a'],
    ['/memfd:\\x01-1234', '/memfd:\\x01-{n}'],
    ['/srv/{0123456789abcdef}/{pid}', '/srv/\\x7b{hex}}/{pid}'],
    ['/var/lib/postgresql/data/base/5/1259', '/var/lib/postgresql/data/base/5/1259'],
    ['/app/v1.27.3/index.html', '/app/v1.27.3/index.html'],
  ])('%s', (path, reduced) => expect(reducePath(path)).toBe(reduced));

  it('does not take an escaped byte for a part of a number', () => {
    expect(reducePath(`/tmp/\\xe2${id.slice(2)}`)).toContain('\\xe2');
  });

  const element = fc.oneof(
    fc.constantFrom(
      'proc',
      'self',
      'task',
      'fd',
      'dev',
      'sys',
      'loop7',
      'map_files',
      'memfd:a1',
      '#12',
      '12',
      '__pycache__',
      'etc',
      'sedQ3xZ1a',
      'x.pyc.12',
      'x.pyc.1.2',
      '..',
      '…',
    ),
    fc.constantFrom(
      id,
      uuid,
      uuid.replaceAll('-', '_'),
      '2026-11-21',
      '..2026_11_21_06_35_11.1',
      '{pid}',
      `pod${uuid}`,
    ),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef-_.{}x'.split('')), minLength: 1, maxLength: 90 }),
    fc.string({ minLength: 1, maxLength: 12 }).map((text) => text.replaceAll('/', '')),
    fc
      .array(fc.constantFrom(id, uuid, '20261121', 'abcdef0123456789', '-', 'z', 'f', '7', 'pod', '..', '#'), {
        minLength: 2,
        maxLength: 4,
      })
      .map((parts) => parts.join('')),
  );
  const path = fc.array(element, { minLength: 1, maxLength: 7 }).map((elements) => `/${elements.join('/')}`);

  it('is idempotent', () => {
    fc.assert(
      fc.property(path, (text) => {
        const once = reducePath(text);
        expect(reducePath(once)).toBe(once);
        const executable = reduceExecutable(text);
        expect(reduceExecutable(executable)).toBe(executable);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps the number of elements', () => {
    fc.assert(
      fc.property(path, (text) => {
        expect(reducePath(text).split('/').length).toBe(text.split('/').length);
      }),
    );
  });

  it('never changes a path of the image itself, but for its braces and files that are being written by Python and sed', () => {
    const folder = fc.constantFrom('etc', 'usr', 'bin', 'sbin', 'lib', 'lib64', 'boot');
    fc.assert(
      fc.property(folder, path, (first, rest) => {
        const unfinished = /(?<=\/__pycache__\/)x\.pyc\.\d+$/;
        const edited = first === 'etc' ? /\/sedQ3xZ1a$/ : /$^/;
        expect(reducePath(`/${first}${rest}`)).toBe(
          quoteBraces(`/${first}${rest}`.replace(unfinished, '{module}.pyc.{address}').replace(edited, '/sed{random}')),
        );
        expect(reduceExecutable(`/${first}${rest}`)).toBe(`/${first}${rest}`);
      }),
    );
  });

  it('forgets which process it was', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), path, (one, other, rest) => {
        expect(reducePath(`/proc/${one}${rest}`)).toBe(reducePath(`/proc/${other}${rest}`));
      }),
    );
  });
});

describe('reduceExecutable', () => {
  it.each([
    ['/usr/bin/python3.11', '/usr/bin/python3.11'],
    [`/opt/${uuid}/tool`, `/opt/${uuid}/tool`],
    ['/opt/app-2026-11-21/tool', '/opt/app-2026-11-21/tool'],
    [`/var/lib/x/${id}/tool`, '/var/lib/x/{id}/tool'],
    ['/proc/17/fd/3', '/proc/{pid}/fd/{fd}'],
    ['/usr/lib/__pycache__/os.cpython-311.pyc.1399', '/usr/lib/__pycache__/os.cpython-311.pyc.1399'],
    ['/memfd:payload77', '/memfd:payload{n}'],
  ])('%s', (path, reduced) => expect(reduceExecutable(path)).toBe(reduced));
});
