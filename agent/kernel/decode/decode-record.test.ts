import { encode, streamEncode } from 'dns-packet';
import { describe, expect, test } from 'vitest';
import type { KernelEvent } from '../../../core/event/event.ts';
import { layouts, PathFlag } from '../record-layout.ts';
import {
  capabilityRecord,
  cgroupRecord,
  components,
  dnsRecord,
  execRecord,
  header,
  openRecord,
  put,
  record,
  socketRecord,
  unixRecord,
} from '../testing/record-writer.ts';
import { decodeRecord } from './decode-record.ts';
import { recordMemory } from './record-view.ts';

const clock = { toEpochMs: (nanoseconds: number) => nanoseconds / 1e6, refresh: () => undefined };
const MARGIN = 64;

/** Decodes from the middle of a memory whose other bytes are all `surroundings`. */
function decode(bytes: Buffer, surroundings = 0x41): KernelEvent | undefined {
  const memory = recordMemory(new ArrayBuffer(bytes.length + 2 * MARGIN));
  memory.bytes.fill(surroundings).set(bytes, MARGIN);
  return decodeRecord(memory, MARGIN, bytes.length, clock);
}

const base = {
  timestamp: 2,
  purpose: 1,
  approver: 0,
  cgroupId: header.cgroup,
  mountNamespace: header.mount_namespace,
  process: { pid: 4711, startedAt: 123_456_789_012, execId: 6 },
  tid: 4712,
  uid: 1000,
};
const whole = { truncated: false, deleted: false };
const facts = {
  inode: 5,
  device: 0x800001,
  mode: 0o100644,
  uid: 1,
  gid: 2,
  mountId: 30,
  filesystem: 'overlay',
  modifiedAt: 3,
  changedAt: 4,
  inUpperLayer: false,
};
const query = { type: 'query' as const, id: 1, questions: [{ type: 'A' as const, name: 'Example.com' }] };

describe('decodeRecord', () => {
  test('exec', () => {
    const argv = Buffer.from('sh\0-c\0\0echo \\ \u00e4\0');
    const parts = {
      path: components('/usr/bin/dash'),
      cwd: components('/srv/app'),
      environment: Buffer.from('HOME=/\0TOKEN=x\0'),
      tty: 'pts0',
      credentials: { uid: 1000, euid: 0, login_uid: 7, cap_effective: (1n << 63n) | 1n },
    };
    const fields = {
      purpose: 2,
      argv_truncated: 1,
      environment_truncated: 1,
      filename_truncated: 1,
      namespace_init: 1,
    };
    expect(decode(execRecord(argv, './run.sh', parts, fields))).toEqual({
      ...base,
      purpose: 2,
      type: 'exec',
      file: { path: '/usr/bin/dash', ...whole, ...facts },
      filename: './run.sh',
      argv: ['sh', '-c', '', String.raw`echo \\ ä`],
      argsTruncated: true,
      envp: ['HOME=/', 'TOKEN=x'],
      envsTruncated: true,
      filenameTruncated: true,
      cwd: { path: '/srv/app', ...whole },
      tty: 'pts0',
      credentials: {
        uid: 1000,
        gid: 0,
        euid: 0,
        egid: 0,
        fsuid: 0,
        fsgid: 0,
        auid: 7,
        capEffective: (1n << 63n) | 1n,
        capPermitted: 0n,
      },
      namespaceInit: true,
      ppid: 1,
    });
  });

  test('an exec for learning alone says nothing of the environment', () => {
    const event = decode(execRecord(Buffer.from('a\0'), 'a', { path: components('/a') }));
    expect(event).not.toHaveProperty('envp');
    expect(event).toMatchObject({ tty: '', cwd: { path: '/' }, credentials: { auid: undefined } });
  });

  test('fork and exit', () => {
    const fork = record('record_fork', 'fork', Buffer.alloc(0), (target) => {
      target.writeUInt32LE(4712, layouts.record_fork.members.child_pid);
      target.writeBigUInt64LE(0x2_1000_0000n, layouts.record_fork.members.flags);
    });
    expect(decode(fork)).toEqual({ ...base, type: 'fork', child: { pid: 4712 }, flags: 0x2_1000_0000 });
    const exit = record('record_exit', 'exit', Buffer.alloc(0), (target) =>
      target.writeInt32LE(3 << 8, layouts.record_exit.members.status),
    );
    expect(decode(exit)).toEqual({ ...base, type: 'exit', status: 768 });
  });

  test('open', () => {
    expect(decode(openRecord(components('/tmp/new'), { created: 1 }, 0o101))).toEqual({
      ...base,
      type: 'open',
      file: { path: '/tmp/new', ...whole, resolved: true, facts, destination: { mode: 0o644 } },
      flags: 0o101,
      created: true,
      retval: 0,
    });
  });

  test('an open for rules has the string that the program passed', () => {
    const event = decode(openRecord(components('/srv/file'), {}, 0, { name: '../srv/link' }));
    expect(event).toMatchObject({ file: { path: '/srv/file' }, syscall: { path: '../srv/link', mode: 0o640 } });
  });

  test.each([
    ['the root directory', '', 0, 0o040755, '/'],
    ['a name that is not UTF-8', '/tmp/\xff\x1b', 0, 0o100644, String.raw`/tmp/\xff\x1b`],
    ['a path too long to keep', '/deep/leaf', PathFlag.truncated, 0o100644, '…/deep/leaf'],
    ['a pipe', '', PathFlag.internal, 0o010600, 'pipe:[5]'],
    ['a socket', '', PathFlag.internal, 0o140777, 'socket:[5]'],
    ['an anonymous inode', '', PathFlag.internal, 0o600, 'anon_inode:[5]'],
    ['a memory file', 'memfd:payload', PathFlag.internal, 0o100777, 'memfd:payload'],
  ])('path of %s', (_, path, flags, mode, expected) => {
    expect(decode(openRecord(components(path), { flags, mode }))).toMatchObject({ file: { path: expected } });
  });

  test('path of a pipe whose empty name was recorded', () => {
    const pipe = openRecord(Buffer.from('\0'), { flags: PathFlag.internal, mode: 0o010600 });
    expect(decode(pipe)).toMatchObject({ file: { path: 'pipe:[5]' } });
  });

  test('a refused open has the path that the program wrote, from where it was', () => {
    const path = components('/srv/app');
    const asked = openRecord(path, { flags: PathFlag.beginning, retval: -13 }, 0o101, { name: '../secret' });
    expect(decode(asked)).toEqual({
      ...base,
      type: 'open',
      file: { path: '/srv/secret', ...whole, resolved: true, destination: { mode: 0o640 } },
      flags: 0o101,
      created: false,
      retval: -13,
      syscall: { path: '../secret', mode: 0o640 },
    });
  });

  const v4 = (port: number) => ({ family: 2, port, ip: [192, 0, 2, 1] }) as const;
  const v6 = (...ip: number[]) =>
    ({ family: 10, port: 443, ip: [...ip, ...Array<number>(16).fill(0)].slice(0, 16) }) as const;

  test('socket calls', () => {
    expect(decode(socketRecord('connect', 6, v4(40_000), v4(443)))).toEqual({
      ...base,
      type: 'connect',
      protocol: 'tcp',
      local: { family: 'ipv4', ip: '192.0.2.1', port: 40_000 },
      remote: { family: 'ipv4', ip: '192.0.2.1', port: 443 },
      retval: 0,
    });
    expect(decode(socketRecord('bind', 17, v4(53), v4(0)))).not.toHaveProperty('remote');
    expect(decode(socketRecord('bind', 17, v4(53), v4(0)))).toMatchObject({ type: 'bind', protocol: 'udp' });
    expect(decode(socketRecord('listen', 132, v4(53), v4(0)))).toMatchObject({ type: 'listen', protocol: 'other' });
  });

  test.each([
    ['::', v6()],
    ['::1', v6(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)],
    ['fe80::', v6(0xfe, 0x80)],
    ['2001:db8::1:0:0:1', v6(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1)],
    ['2001:db8:0:1:1:1:1:1', v6(0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1)],
    ['192.0.2.9', v6(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 9)],
  ])('address %s', (ip, address) => {
    const family = ip.includes(':') ? 'ipv6' : 'ipv4';
    expect(decode(socketRecord('accept', 6, v4(80), address))).toMatchObject({ remote: { family, ip, port: 443 } });
  });

  test('a Unix socket: in the file system, as it was asked for, and abstract', () => {
    expect(decode(unixRecord(components('/run/daemon.sock')))).toEqual({
      ...base,
      type: 'unix_connect',
      file: { path: '/run/daemon.sock', ...whole, facts },
      retval: 0,
    });
    const refused = decode(unixRecord(Buffer.from('run/x\0\0'), { flags: PathFlag.fromUser, retval: -13 }));
    expect(refused).toMatchObject({ file: { path: 'run/x' }, retval: -13 });
    expect(refused).not.toHaveProperty('file.facts');
    const abstract = decode(unixRecord(Buffer.from('\0a\0b\xff', 'latin1'), { abstract: 1 }));
    expect(abstract).toEqual({
      ...base,
      type: 'unix_connect',
      abstractName: String.raw`a\x00b\xff`,
      retval: 0,
    });
  });

  test('a socket that was made, and an option that was set', () => {
    const made = record('record_socket_made', 'socket', Buffer.alloc(0), (target) =>
      put(target, 'record_socket_made', 0, { domain: 17, kind: 0o2000003, protocol: 3, retval: 5 }),
    );
    expect(decode(made)).toEqual({ ...base, type: 'socket', domain: 17, socketType: 3, protocol: 3, retval: 5 });
    const option = record('record_socket_option', 'setsockopt', Buffer.alloc(0), (target) => {
      const socket = { family: 17, kind: 3, protocol: 768 };
      put(target, 'record_socket_option', 0, { level: 1, option: 26, filter_length: 4, retval: 0, ...socket });
    });
    expect(decode(option)).toEqual({
      ...base,
      type: 'setsockopt',
      socketFamily: 17,
      socketType: 3,
      socketProtocol: 768,
      level: 1,
      optname: 26,
      filterLength: 4,
      retval: 0,
    });
  });

  const server = { family: 'ipv4', ip: '10.96.0.10', port: 53 };

  test('a DNS question over UDP', () => {
    const message = encode({ ...query, id: 4711 });
    expect(decode(dnsRecord(message))).toEqual({
      ...base,
      type: 'dns',
      direction: 'query',
      protocol: 'udp',
      server,
      id: 4711,
      questions: [{ name: 'Example.com', type: 'A', class: 1 }],
      responseCode: 0,
      answers: [],
      length: message.length,
      truncated: false,
    });
  });

  const answered = encode({
    ...query,
    type: 'response',
    flags: 3,
    answers: [
      { type: 'CNAME', name: 'Example.com', data: 'a.example.com', ttl: 60 },
      { type: 'A', name: 'a.example.com', data: '192.0.2.1', ttl: 30 },
      { type: 'AAAA', name: 'a.example.com', data: '2001:db8::1', ttl: 30 },
      { type: 'TXT', name: 'a.example.com', data: 'text' },
    ],
  });

  test('DNS answers: code, names, types, addresses', () => {
    expect(decode(dnsRecord(answered))).toMatchObject({
      responseCode: 3,
      answers: [
        { name: 'Example.com', type: 'CNAME', class: 1, ttl: 60, data: 'a.example.com' },
        { name: 'a.example.com', type: 'A', ttl: 30, data: '192.0.2.1' },
        { name: 'a.example.com', type: 'AAAA', data: '2001:db8::1' },
        { name: 'a.example.com', type: 'TXT', data: '' },
      ],
      truncated: false,
    });
  });

  test('DNS answers that were cut off are marked, and those before the cut are there', () => {
    const cut = dnsRecord(answered.subarray(0, answered.length - 40), 17, { whole_size: answered.length });
    expect(decode(cut)).toMatchObject({
      questions: [{ name: 'Example.com' }],
      answers: [{ type: 'CNAME' }, { type: 'A' }],
      length: answered.length,
      truncated: true,
    });
  });

  test('a pointer in a DNS name that leads to itself or ahead ends the message', () => {
    for (const target of [12, 40]) {
      const message = Buffer.concat([encode(query).subarray(0, 12), Buffer.from([0xc0, target, 0, 1, 0, 1])]);
      expect(decode(dnsRecord(message))).toMatchObject({ questions: [] });
    }
  });

  test('answers that blow names up by pointers are cut', () => {
    const name = ['x', 'y', 'z'].map((letter) => letter.repeat(63)).join('.');
    const questions = [{ type: 'A' as const, name }];
    const answers = Array.from({ length: 17 }, () => ({ type: 'A' as const, name: 'p', data: '192.0.2.1' }));
    const head = encode({ type: 'response', id: 1, questions, answers: [] });
    head.writeUInt16BE(answers.length, 6);
    const pointers = answers.map(() => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 192, 0, 2, 1]));
    const message = Buffer.concat([head, ...pointers]);
    const event = decode(dnsRecord(message));
    expect(event).toMatchObject({ truncated: true });
    // 483 bytes give room for ten names of 191 characters, the question's included.
    expect(event).toMatchObject({ answers: Array.from({ length: 9 }, () => ({ name })) });
  });

  test('DNS over TCP: two messages in one buffer, and one whose length was sent apart', () => {
    const second = { ...query, questions: [{ type: 'AAAA' as const, name: 'Example.com' }] };
    const both = Buffer.concat([streamEncode(query), streamEncode(second)]);
    const questions = [{ name: 'Example.com', type: 'A' }];
    expect(decode(dnsRecord(both, 6))).toMatchObject({
      questions: [...questions, { name: 'Example.com', type: 'AAAA' }],
    });
    expect(decode(dnsRecord(encode(query), 6))).toMatchObject({ questions });
  });

  test('what is no message stays an event of its sender, and no error of ours', () => {
    for (const protocol of [17, 6]) {
      const event = decode(dnsRecord(Buffer.from('not a DNS message'), protocol));
      expect(event).toMatchObject({ ...base, type: 'dns', direction: 'query', questions: [] });
    }
  });

  test.each([
    ['control characters', 'a\u001b[2J', String.raw`a\x1b[2J`],
    ['bytes that are no UTF-8', '\xffab\xfe', String.raw`\xffab\xfe`],
    ['a dot within a label', 'a.b', String.raw`a\x2eb`],
  ])('%s in a DNS name are escaped', (_, label, expected) => {
    const wire = Buffer.from(label, 'latin1');
    const head = encode(query).subarray(0, 12);
    const message = Buffer.concat([head, Buffer.from([wire.length]), wire, Buffer.from('\x07example\0\0\x01\0\x01')]);
    expect(decode(dnsRecord(message))).toMatchObject({ questions: [{ name: `${expected}.example` }] });
  });

  test('cgroup', () => {
    expect(decode(cgroupRecord('/kubepods/pod1/abc'))).toEqual({
      type: 'cgroup_mkdir',
      timestamp: 2,
      cgroupId: header.cgroup,
      parentCgroupId: 12n,
      path: '/kubepods/pod1/abc',
    });
  });

  test('bytes that are no record give nothing', () => {
    expect(decode(Buffer.alloc(0))).toBeUndefined();
    expect(decode(Buffer.alloc(200))).toBeUndefined();
    const memory = recordMemory(new ArrayBuffer(64));
    expect(decodeRecord(memory, 32, 64, clock)).toBeUndefined();
  });
});

test.each([
  [13, true, 1n << 13n, 1n << 13n],
  [40, false, 1n << 40n, 0n],
])('capability %i, granted: %s', (number, granted, attempted, used) => {
  const event = { type: 'capability', ...base, attempted, used, userNamespace: 4_026_531_837 };
  expect(decode(capabilityRecord(number, granted))).toEqual(event);
});

test('a capability beyond the masks is no record', () => {
  expect(decode(capabilityRecord(64, true))).toBeUndefined();
});
