import { isDeepStrictEqual } from 'node:util';
import { encode, streamEncode } from 'dns-packet';
import { expect, test } from 'vitest';
import type { KernelEvent } from '../../../core/event/event.ts';
import { BpfObject, layouts, PathFlag, RecordType } from '../record-layout.ts';
import { bpfRecord, callRecord, credentialsCallRecord, fileCallRecord } from '../testing/call-writer.ts';
import { createRandom, mutate, MUTANT_MAX } from '../testing/record-mutator.ts';
import {
  capabilityRecord,
  cgroupRecord,
  components,
  dnsRecord,
  execRecord,
  openRecord,
  pathChangeRecord,
  socketRecord,
  unixRecord,
} from '../testing/record-writer.ts';
import { decodeRecord } from './decode-record.ts';
import { recordMemory } from './record-view.ts';

const RECORDS = 1_000_000;
const SEED = 20_240_607;
const MARGIN = 512;

const clock = { toEpochMs: (nanoseconds: number) => nanoseconds / 1e6, refresh: () => undefined };
const query = { type: 'query' as const, id: 1, questions: [{ type: 'A' as const, name: 'www.example.com' }] };
const samples = [
  execRecord(Buffer.from('a\0b\0'), 'a', { path: components('/bin/a'), cwd: components('/srv'), tty: 'pts0' }),
  execRecord(
    Buffer.from('a'.repeat(300)),
    'x'.repeat(200),
    { path: components('/very/deep/path/to/a'), environment: Buffer.from('A=b\0') },
    { purpose: 3 },
  ),
  openRecord(components('/a/b/c')),
  openRecord(components('/srv'), { flags: PathFlag.beginning }, 0o100, { name: '../user', root: components('/jail') }),
  pathChangeRecord('unlink', { path: components('/srv'), name: '../../x' }),
  pathChangeRecord('chmod', { path: components('/srv/file') }, { flags: 0 }),
  pathChangeRecord('rename', {
    path: components('/srv'),
    name: 'a/./b',
    root: components('/jail'),
    secondName: '/c//d',
    secondPath: components('/jail/e'),
  }),
  pathChangeRecord('setxattr', { path: components('/srv'), name: 'x', secondName: 'user.name' }),
  openRecord(Buffer.from('\0'), { flags: PathFlag.internal, mode: 0o010600 }),
  socketRecord('connect', 6, { family: 2, port: 1, ip: [1] }, { family: 10, port: 2, ip: [1] }),
  unixRecord(components('/run/daemon.sock')),
  unixRecord(Buffer.from('\0abstract\0'), { abstract: 1 }),
  dnsRecord(encode(query)),
  dnsRecord(
    encode({
      ...query,
      type: 'response',
      answers: [
        { type: 'CNAME', name: 'www.example.com', data: 'a.example.com' },
        { type: 'AAAA', name: 'a.example.com', data: '2001:db8::1' },
      ],
    }),
  ),
  dnsRecord(Buffer.concat([streamEncode(query), streamEncode(query)]), 6),
  cgroupRecord('/a/b'),
  capabilityRecord(21, true),
  callRecord('prctl', 'prctl', { arguments: [15] }, ['name of a thread']),
  callRecord('pivotRoot', 'pivotRoot', {}, ['/a', '/b'], { pid: 1, started_at: 2, exec_id: 3 }),
  fileCallRecord('mount', 'mount', {}, components('/a/b'), 'source\0target\0type\0'),
  fileCallRecord('cgroupWrite', 'write', {}, components('/sys/fs/cgroup/a/cgroup.procs'), '17\n'),
  fileCallRecord('sysctl', 'write', {}, components('/proc/sys/kernel/core_pattern'), '|/bin/sh'),
  credentialsCallRecord('setuid', 'setresuid', { arguments: [1, 2, 3] }),
  bpfRecord({ arguments: [5] }, BpfObject.program, 'probe'),
];

/** One record between bytes that do not belong to it, as in the ring. */
function surrounded(by: number) {
  const memory = recordMemory(new ArrayBuffer(MUTANT_MAX + 2 * MARGIN));
  memory.bytes.fill(by);
  return {
    decode: (record: Buffer, size: number): KernelEvent | undefined => {
      record.copy(memory.bytes, MARGIN, 0, size);
      try {
        return decodeRecord(memory, MARGIN, size, clock);
      } catch (error) {
        throw new Error(`cannot decode ${record.toString('hex', 0, size)}`, { cause: error });
      } finally {
        memory.bytes.fill(by, MARGIN, MARGIN + size);
      }
    },
  };
}

/** Characters and elements that an event holds. */
function extent(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, each) => sum + extent(each), 1);
}

test(`${RECORDS} damaged records: no exception, nothing read beyond their end, events no larger than their bytes allow`, () => {
  const random = createRandom(SEED);
  const record = Buffer.alloc(MUTANT_MAX);
  const first = surrounded(0x41);
  const second = surrounded(0x00);
  const decoded = new Map<number, number>(Object.values(RecordType).map((type) => [type, 0]));
  let at = 0;
  const fail = (what: string, size: number): never => {
    throw new Error(`record ${at} of seed ${SEED}: ${what}: ${record.toString('hex', 0, size)}`);
  };
  for (; at < RECORDS; at++) {
    const size = mutate(random, samples, record);
    const event = first.decode(record, size);
    if (!isDeepStrictEqual(event, second.decode(record, size))) fail('other bytes than its own were read', size);
    if (event === undefined) continue;
    const type = record[layouts.record_header.members.type] ?? 0;
    decoded.set(type, (decoded.get(type) ?? 0) + 1);
    // A byte becomes four characters at most; a program's string stands there as it was passed and joined to a path, and in a
    // DNS message names stand once more where others point to them. Beside them stand the names of a few dozen numbers.
    if (extent(event) > 2 * 4 * size + 128) fail(`an event of ${extent(event)} characters`, size);
  }
  // Each type, new ones too, was reached often enough to mean something.
  const seldom = [...decoded].filter(([, times]) => times < RECORDS / 500);
  expect(seldom).toEqual([]);
}, 120_000);
