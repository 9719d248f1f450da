import { encode } from 'dns-packet';
import { expect, test } from 'vitest';
import { catalogue } from '../../../core/event/catalogue.ts';
import type { KernelEvent } from '../../../core/event/event.ts';
import { BpfObject } from '../record-layout.ts';
import { bpfRecord, callRecord, credentialsCallRecord, fileCallRecord } from '../testing/call-writer.ts';
import {
  capabilityRecord,
  cgroupRecord,
  components,
  dnsRecord,
  execRecord,
  socketRecord,
} from '../testing/record-writer.ts';
import { decodeRecord } from './decode-record.ts';
import { recordMemory } from './record-view.ts';

const clock = { toEpochMs: (nanoseconds: number) => nanoseconds / 1e6, refresh: () => undefined };
const address = { family: 2, port: 1, ip: [1] } as const;
const target = { pid: 1, started_at: 2, exec_id: 3 };
const path = components('/sys/fs/cgroup/cgroup.procs');

const records = [
  execRecord(Buffer.from('a\0'), 'a', { path, environment: Buffer.from('A=b\0') }, { purpose: 2 }),
  socketRecord('connect', 6, address, address),
  socketRecord('bind', 6, address, address),
  socketRecord('accept', 6, address, address),
  dnsRecord(encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'example.com' }] })),
  cgroupRecord('/a'),
  capabilityRecord(21, true),
  fileCallRecord('mount', 'mount', {}, path, ''),
  callRecord('umount', 'umount'),
  callRecord('pivotRoot', 'pivotRoot'),
  callRecord('unshare', 'unshare'),
  fileCallRecord('setns', 'setns', {}, path, ''),
  callRecord('ptrace', 'ptrace', {}, [], target),
  callRecord('processVm', 'processVmReadv', {}, [], target),
  callRecord('signal', 'kill', {}, [], target),
  callRecord('setrlimit', 'prlimit64', {}, [], target),
  callRecord('prctl', 'prctl', { arguments: [15] }, ['name']),
  callRecord('memfdCreate', 'memfdCreate'),
  fileCallRecord('mmap', 'mmap', {}, path, ''),
  fileCallRecord('mprotect', 'mprotect', {}, path, ''),
  fileCallRecord('splice', 'splice', { details: [1] }, path, ''),
  bpfRecord({}, BpfObject.map, 'a'),
  bpfRecord({}, BpfObject.program, 'a'),
  callRecord('perfEventOpen', 'perfEventOpen'),
  fileCallRecord('loadModule', 'finitModule', {}, path, ''),
  callRecord('unloadModule', 'deleteModule'),
  credentialsCallRecord('setuid', 'setuid', {}),
  credentialsCallRecord('setgid', 'setgid', {}),
  credentialsCallRecord('capset', 'capset', {}),
  fileCallRecord('cgroupWrite', 'write', {}, path, '1'),
  fileCallRecord('sysctl', 'write', {}, path, '1'),
  callRecord('systemCall', 'keyctl'),
  callRecord('compatCall', 'compat'),
];

function decoded(record: Buffer): KernelEvent {
  const memory = recordMemory(new ArrayBuffer(record.length));
  memory.bytes.set(record);
  const event = decodeRecord(memory, 0, record.length, clock);
  if (!event) throw new Error('the record was not decoded');
  return event;
}

function has(value: unknown, [first, ...others]: readonly string[]): boolean {
  if (first === undefined) return true;
  return typeof value === 'object' && value !== null && first in value && has(Reflect.get(value, first), others);
}

const byType = Map.groupBy(records.map(decoded), ({ type }) => type);

/** Not from the record: put together of several events (agent/observe/host-names.ts). */
const addedLater: ReadonlySet<string> = new Set(['hostnames']);

test.each([...byType])('fields of %s are in what is decoded', (type, events) => {
  const absent = Object.values<string>(catalogue[type].fields).filter(
    (member) => !addedLater.has(member) && !events.some((event) => has(event, member.split('.'))),
  );
  expect(absent).toEqual([]);
});
