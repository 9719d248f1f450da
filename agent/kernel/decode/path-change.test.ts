import { describe, expect, test } from 'vitest';
import type { KernelEvent } from '../../../core/event/event.ts';
import { PathFlag } from '../record-layout.ts';
import { components, pathChangeRecord } from '../testing/record-writer.ts';
import { decodeRecord } from './decode-record.ts';
import { recordMemory } from './record-view.ts';

const clock = { toEpochMs: (nanoseconds: number) => nanoseconds / 1e6, refresh: () => undefined };
const whole = { truncated: false, deleted: false };
const srv = components('/srv');

function decode(bytes: Buffer): KernelEvent | undefined {
  const memory = recordMemory(new ArrayBuffer(bytes.length));
  memory.bytes.set(bytes);
  return decodeRecord(memory, 0, bytes.length, clock);
}

describe('decodePathChange', () => {
  test('unlink', () => {
    expect(decode(pathChangeRecord('unlink', { path: srv, name: 'x' }, { directory: 3, callFlags: 1 }))).toMatchObject({
      type: 'unlink',
      retval: 0,
      file: { path: '/srv/x', ...whole, resolved: true },
      flags: 1,
      syscall: { path: 'x', dirfd: 3 },
    });
  });

  test('rename: both names, each from where it begins', () => {
    const parts = { path: srv, name: 'a', secondName: '../etc/b', secondPath: components('/var') };
    const event = decode(pathChangeRecord('rename', parts, { callFlags: 2 }));
    expect(event).toMatchObject({
      type: 'rename',
      file: { path: '/srv/a', resolved: true, destination: { path: '/etc/b', resolved: false } },
      flags: 2,
      syscall: { path: 'a', destination: { path: '../etc/b' } },
    });
    expect(event).not.toHaveProperty('file.facts');
  });

  test('a descriptor: the file itself, with its facts', () => {
    const event = decode(pathChangeRecord('chmod', { path: components('/srv/x') }, { flags: 0, mode: 0o104755 }));
    expect(event).toMatchObject({
      type: 'chmod',
      file: { path: '/srv/x', resolved: true, facts: { inode: 5 }, destination: { mode: 0o4755 } },
      syscall: { path: '', mode: 0o104755 },
    });
  });

  test('mkdir: the mode less the umask; mknod keeps the type', () => {
    const fields = { mode: 0o777, umask: 0o27 };
    expect(decode(pathChangeRecord('mkdir', { path: srv, name: 'd' }, fields))).toMatchObject({
      file: { destination: { mode: 0o750 } },
      syscall: { mode: 0o777 },
    });
    expect(decode(pathChangeRecord('mknod', { path: srv, name: 'p' }, { mode: 0o010666, umask: 0o22 }))).toMatchObject({
      file: { destination: { mode: 0o010644 } },
    });
  });

  test('chown: an owner that stays is undefined', () => {
    expect(decode(pathChangeRecord('chown', { path: srv, name: 'x' }, { uid: 5, gid: -1 }))).toMatchObject({
      file: { destination: { uid: 5, gid: undefined } },
    });
  });

  test('extended attributes and symbolic links', () => {
    const xattr = { path: srv, name: 'x', secondName: 'security.capability' };
    expect(decode(pathChangeRecord('setxattr', xattr))).toMatchObject({
      file: { destination: { name: 'security.capability', namespace: 'security' } },
    });
    expect(decode(pathChangeRecord('symlink', { path: srv, name: 'x', secondName: '../a' }))).toMatchObject({
      file: { path: '/srv/x' },
      target: '../a',
    });
  });

  test.each([
    ['a link at the end may have been followed', { path: srv, name: 'x' }, { follows: 1 }, '/srv/x'],
    ['a directory on the way may be a link', { path: srv, name: 'a/x' }, {}, '/srv/a/x'],
    ['the string is cut off', { path: srv, name: 'x' }, { truncated: 1 }, '/srv/x…'],
    [
      'it began at no directory',
      { path: srv, name: 'x' },
      { flags: PathFlag.beginning | PathFlag.truncated },
      '…/srv/x',
    ],
  ])('unresolved, as %s', (_, parts, fields, path) => {
    expect(decode(pathChangeRecord('truncate', parts, fields))).toMatchObject({ file: { path, resolved: false } });
  });

  test('bytes that are not text', () => {
    expect(decode(pathChangeRecord('rmdir', { path: srv, name: 'a\xff\x1b' }))).toMatchObject({
      file: { path: String.raw`/srv/a\xff\x1b` },
      syscall: { path: String.raw`a\xff\x1b` },
    });
  });
});
