import * as fc from 'fast-check';
import { encode, streamEncode } from 'dns-packet';
import { describe, expect, test } from 'vitest';
import type { KernelEvent } from '../../../core/event/event.ts';
import { PathFlag } from '../record-layout.ts';
import {
  cgroupRecord,
  components,
  dnsRecord,
  execRecord,
  header,
  openRecord,
  record,
  socketRecord,
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
  cgroupId: header.cgroup,
  mountNamespace: header.mount_namespace,
  process: { pid: 4711, startedAt: 123_456_789_012, execId: 6 },
  uid: 1000,
};
const whole = { truncated: false, deleted: false };
const query = { type: 'query' as const, id: 1, questions: [{ type: 'A' as const, name: 'Example.com' }] };

describe('decodeRecord', () => {
  test('exec', () => {
    const argv = Buffer.from('sh\0-c\0\0echo \\ \u00e4\0');
    expect(
      decode(execRecord(argv, './run.sh', components('/usr/bin/dash'), { argv_truncated: 1, namespace_init: 1 })),
    ).toEqual({
      ...base,
      type: 'exec',
      file: { path: '/usr/bin/dash', ...whole, inode: 5 },
      filename: './run.sh',
      argv: ['sh', '-c', '', String.raw`echo \\ ä`],
      argsTruncated: true,
      namespaceInit: true,
      ppid: 1,
    });
  });

  test('fork and exit', () => {
    const fork = record('record_fork', 'fork', Buffer.alloc(0), (target) => target.writeUInt32LE(4712, 48));
    expect(decode(fork)).toEqual({ ...base, type: 'fork', child: { pid: 4712 } });
    const exit = record('record_exit', 'exit', Buffer.alloc(0), (target) => target.writeInt32LE(3 << 8, 48));
    expect(decode(exit)).toEqual({ ...base, type: 'exit', status: 768 });
  });

  test('open', () => {
    expect(decode(openRecord(components('/tmp/new'), { created: 1 }, 0o101))).toEqual({
      ...base,
      type: 'open',
      file: { path: '/tmp/new', ...whole, inode: 5, mode: 0o100644 },
      flags: 0o101,
      created: true,
      retval: 0,
    });
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

  test('a refused open has the path as the program wrote it', () => {
    const asked = openRecord(Buffer.from('../etc/shadow\0'), { flags: PathFlag.fromUser, retval: -13, inode: 0 });
    expect(decode(asked)).toMatchObject({ file: { path: '../etc/shadow' }, retval: -13 });
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

  test('DNS over UDP, also when the rest of a long answer is cut off', () => {
    const server = { family: 'ipv4', ip: '10.96.0.10', port: 53 };
    const questions = [{ name: 'Example.com', type: 'A' }];
    expect(decode(dnsRecord(encode(query)))).toEqual({ ...base, type: 'dns', direction: 'query', server, questions });
    const answers = [{ type: 'A' as const, name: 'Example.com', data: '192.0.2.1' }];
    const answer = encode({ ...query, type: 'response', answers });
    expect(decode(dnsRecord(answer.subarray(0, answer.length - 3)))).toMatchObject({ questions });
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

  test('control characters in a name are escaped', () => {
    const name = 'a\u001b[2J.example';
    expect(decode(dnsRecord(encode({ ...query, questions: [{ type: 'A', name }] })))).toMatchObject({
      questions: [{ name: String.raw`a\x1b[2J.example` }],
    });
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

describe('hostile bytes', () => {
  const samples = [
    execRecord(Buffer.from('a\0b\0'), 'a', components('/bin/a')),
    openRecord(components('/a/b/c')),
    openRecord(Buffer.from('user'), { flags: PathFlag.fromUser }),
    socketRecord('connect', 6, { family: 2, port: 1, ip: [1] }, { family: 10, port: 2, ip: [1] }),
    dnsRecord(encode(query)),
    dnsRecord(streamEncode(query), 6),
    cgroupRecord('/a/b'),
  ];
  const change = fc.record({ at: fc.nat(200), value: fc.nat(255) });
  const mutated = fc
    .tuple(fc.constantFrom(...samples), fc.array(change, { minLength: 1, maxLength: 12 }), fc.nat(200))
    .map(([sample, changes, cut]) => {
      const bytes = Buffer.from(sample.subarray(0, Math.max(sample.length - (cut % 7 === 0 ? cut : 0), 0)));
      for (const { at, value } of changes) if (at < bytes.length && at >= 4) bytes[at] = value;
      return bytes;
    });
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

  test('are decoded without an exception, from the record alone', () => {
    fc.assert(
      fc.property(fc.oneof(mutated, noise), (bytes) => {
        expect(decode(bytes, 0x41)).toEqual(decode(bytes, 0x5c));
      }),
      { numRuns: 3000 },
    );
  });
});
