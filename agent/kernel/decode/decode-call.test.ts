import { describe, expect, test } from 'vitest';
import type { KernelEvent } from '../../../core/event/event.ts';
import { BpfObject } from '../record-layout.ts';
import { bpfRecord, callRecord, credentialsCallRecord, fileCallRecord } from '../testing/call-writer.ts';
import { components } from '../testing/record-writer.ts';
import { decodeRecord } from './decode-record.ts';
import { recordMemory } from './record-view.ts';

const clock = { toEpochMs: (nanoseconds: number) => nanoseconds / 1e6, refresh: () => undefined };
const MARGIN = 64;

/** Decodes from the middle of a memory that is full of letters. */
function decode(bytes: Buffer): KernelEvent | undefined {
  const memory = recordMemory(new ArrayBuffer(bytes.length + 2 * MARGIN));
  memory.bytes.fill(0x41).set(bytes, MARGIN);
  return decodeRecord(memory, MARGIN, bytes.length, clock);
}

const file = (path: string) => components(path);

describe('mounts', () => {
  const mount =
    (kind: 'mount' | 'openTree' | 'moveMount' | 'fsopen' | 'fsconfig' | 'fsmount' | 'mountSetattr') =>
    (words: number[], path: string | undefined, ...strings: string[]) =>
      decode(
        fileCallRecord(
          'mount',
          kind,
          { arguments: words },
          path === undefined ? undefined : file(path),
          strings.map((each) => `${each}\0`).join(''),
        ),
      );

  test('in one call', () => {
    const event = mount('mount')([0, 0, 0, 0x1000, 0], undefined, '/srv', 'data', '');
    expect(event).toMatchObject({ type: 'mount', call: 'mount', source: '/srv', mountpoint: 'data', fsType: '' });
    expect(event).toMatchObject({ flags: 0x1000, detached: false });
    expect(event).not.toHaveProperty('file');
  });

  test('in steps', () => {
    const steps = [
      mount('fsopen')([0, 1], undefined, 'tmpfs'),
      mount('fsconfig')([3, 1], undefined, 'size', '1m'),
      mount('fsmount')([3, 0, 2], '/'),
      mount('openTree')([0, 0, 1], '/srv/a', '/srv/a'),
      mount('moveMount')([4, 0, 5, 0, 6], '/', '', '/mnt'),
      mount('mountSetattr')([0, 0, 0x8000], undefined, '/mnt'),
    ];
    expect(steps).toMatchObject([
      { call: 'fsopen', fsType: 'tmpfs', flags: 1 },
      { call: 'fsconfig', option: { key: 'size', value: '1m' } },
      { call: 'fsmount', fsType: 'overlay', flags: 2, detached: true, file: { path: '/' } },
      { call: 'open_tree', source: '/srv/a', flags: 1, detached: true, file: { path: '/srv/a' } },
      { call: 'move_mount', source: '', mountpoint: '/mnt', fsType: 'overlay', flags: 6 },
      { call: 'mount_setattr', mountpoint: '/mnt', flags: 0x8000 },
    ]);
  });

  test('the other calls of namespaces', () => {
    expect(decode(callRecord('umount', 'umount', { arguments: [0, 2] }, ['/mnt']))).toMatchObject({
      type: 'umount',
      call: 'umount2',
      mountpoint: '/mnt',
      flags: 2,
    });
    expect(decode(callRecord('pivotRoot', 'pivotRoot', { retval: -16 }, ['.', 'old']))).toMatchObject({
      type: 'pivot_root',
      newRoot: '.',
      putOld: 'old',
      retval: -16,
    });
    expect(decode(callRecord('unshare', 'unshare', { arguments: [0x10000000] }))).toMatchObject({ flags: 0x10000000 });
    expect(decode(fileCallRecord('setns', 'setns', { arguments: [3, 0x20000] }, undefined, ''))).not.toHaveProperty(
      'file',
    );
  });
});

describe('processes', () => {
  const target = { pid: 99, started_at: 5, exec_id: 2 };

  test.each([
    ['kill', [7, 15], 7],
    ['tkill', [7, 15], 7],
    ['tgkill', [7, 8, 15], 7],
    ['rtSigqueueinfo', [7, 15], 7],
    ['rtTgsigqueueinfo', [7, 8, 15], 7],
    ['pidfdSendSignal', [3, 15], 99],
  ] as const)('a signal by %s', (kind, words, pid) => {
    expect(decode(callRecord('signal', kind, { arguments: words }, [], target))).toMatchObject({
      type: 'signal',
      signal: 15,
      pid,
      target: { pid: 99, startedAt: 5, execId: 2 },
    });
  });

  test('negative numbers of processes, and no target', () => {
    const event = decode(callRecord('signal', 'kill', { arguments: [-1, 9] }));
    expect(event).toMatchObject({ pid: -1 });
    expect(event).not.toHaveProperty('target');
  });

  test('limits', () => {
    const limits = { details: [1n, -1n] };
    expect(decode(callRecord('setrlimit', 'prlimit64', { arguments: [7, 4], ...limits }))).toMatchObject({
      pid: 7,
      resource: 4,
      rlimCur: 1n,
      rlimMax: 2n ** 64n - 1n,
    });
    expect(decode(callRecord('setrlimit', 'setrlimit', { arguments: [4], ...limits }))).toMatchObject({
      pid: 0,
      resource: 4,
    });
  });

  test('a name of bytes that are no text is cut before it is escaped', () => {
    const event = decode(callRecord('prctl', 'prctl', { arguments: [15] }, [`${'\u001b'.repeat(14)}abc`]));
    expect(event).toMatchObject({ newName: `${String.raw`\x1b`.repeat(14)}a`, isNameTruncated: true });
  });

  test('memory and credentials', () => {
    const anonymous = decode(fileCallRecord('mmap', 'mmap', { arguments: [0, 1, 7, 0x22], retval: 1 }, undefined, ''));
    expect(anonymous).toMatchObject({ type: 'mmap', protection: 7, flags: 0x22 });
    expect(anonymous).not.toHaveProperty('file');
    expect(
      decode(fileCallRecord('mprotect', 'pkeyMprotect', { arguments: [0, 1, 5] }, file('/lib/x'), '')),
    ).toMatchObject({
      call: 'pkey_mprotect',
      reqProtection: 5,
      file: { path: '/lib/x' },
    });
    expect(decode(callRecord('memfdCreate', 'memfdCreate', { arguments: [0, 3] }, ['a']))).toMatchObject({
      name: 'a',
      flags: 3,
    });
    expect(decode(credentialsCallRecord('setgid', 'setresgid', { arguments: [1, 2, 3] }))).toMatchObject({
      type: 'setgid',
      requested: [1, 2, 3],
      credentials: { uid: 7, euid: 8 },
    });
  });
});

describe('the kernel itself', () => {
  test('bpf', () => {
    expect(decode(bpfRecord({ arguments: [5], retval: 3 }, BpfObject.program, 'probe'))).toMatchObject({
      cmd: 5,
      prog: { type: 5, attachType: 9, name: 'probe', tag: '0102030405060708' },
    });
    expect(decode(bpfRecord({ arguments: [0] }, BpfObject.map, 'x'))).toMatchObject({ map: { type: 5, name: 'x' } });
    const neither = decode(bpfRecord({ arguments: [11] }, BpfObject.none, ''));
    expect(neither).not.toHaveProperty('map');
    expect(neither).not.toHaveProperty('prog');
  });

  test('splice: a buffer without flags is not the same as no pipe', () => {
    const splice = (detail: number) =>
      decode(fileCallRecord('splice', 'splice', { details: [detail] }, file('/a'), ''));
    expect(splice(0)).not.toHaveProperty('pipeExitFlag');
    expect(splice(1)).toMatchObject({ pipeExitFlag: 0 });
    expect(splice(0x11)).toMatchObject({ pipeExitFlag: 0x10 });
  });

  test('writes to cgroups: the number of a process only where processes are moved', () => {
    const write = (path: string, text: string) => decode(fileCallRecord('cgroupWrite', 'write', {}, file(path), text));
    expect(write('/sys/fs/cgroup/a/cgroup.procs', '42\n')).toMatchObject({ value: '42', pid: 42 });
    expect(write('/sys/fs/cgroup/a/memory.max', '42\n')).not.toHaveProperty('pid');
    expect(write('/sys/fs/cgroup/release_agent', '/x\u001b')).toMatchObject({ value: String.raw`/x\x1b` });
  });

  test('settings, wherever procfs is mounted', () => {
    const write = (path: string) => decode(fileCallRecord('sysctl', 'pwrite64', {}, file(path), '1\n'));
    expect(write('/proc/sys/kernel/core_pattern')).toMatchObject({ name: 'kernel/core_pattern', value: '1' });
    expect(write('/x/sys/proc/sys/vm/swappiness')).toMatchObject({ name: 'vm/swappiness' });
  });

  test('a write without a file is no record', () => {
    expect(decode(fileCallRecord('sysctl', 'write', {}, undefined, '1'))).toBeUndefined();
    expect(decode(fileCallRecord('cgroupWrite', 'write', {}, undefined, '1'))).toBeUndefined();
  });

  test('modules, counters, and the rest', () => {
    expect(decode(fileCallRecord('loadModule', 'initModule', {}, undefined, 'a=1\0'))).toMatchObject({
      loadedFromMemory: true,
      args: 'a=1',
    });
    expect(decode(callRecord('unloadModule', 'deleteModule', { arguments: [0, 0x800] }, ['nf']))).toMatchObject({
      name: 'nf',
      flags: 0x800,
    });
    expect(
      decode(callRecord('perfEventOpen', 'perfEventOpen', { arguments: [0, -1, 2], details: [0x40_0000_0001n, 3n] })),
    ).toMatchObject({ eventType: 1, config: 3n, pid: -1, cpu: 2 });
    expect(decode(callRecord('systemCall', 'openHandle', { arguments: [1] }))).toMatchObject({
      type: 'syscall',
      call: 'open_by_handle_at',
      arguments: [1n, 0n, 0n, 0n, 0n, 0n],
    });
    expect(decode(callRecord('compatCall', 'compat', { number: 20, arguments: [0xffff_ffff] }))).toMatchObject({
      call: 'int80',
      number: 20,
      arguments: [0xffff_ffffn, 0n, 0n, 0n, 0n, 0n],
    });
  });
});
