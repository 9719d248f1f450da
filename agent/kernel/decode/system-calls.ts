import type {
  BpfEvent,
  CgroupWriteEvent,
  CompatCallEvent,
  LoadModuleEvent,
  PerfEventOpenEvent,
  SpliceEvent,
  SysctlEvent,
  SystemCallEvent,
  UnloadModuleEvent,
} from '../../../core/event/system-events.ts';
import { BpfObject, layouts } from '../record-layout.ts';
import { decodeCall, fileOfCall, stringsOfCall, stringsOfFileCall, writtenText } from './call.ts';
import type { EventHeader } from './header.ts';
import { splitStrings } from './record-view.ts';
import type { RecordView } from './record-view.ts';

const bpf = layouts.record_bpf.members;
const TAG_BYTES = 8;

export function decodeSplice(record: RecordView, header: EventHeader): SpliceEvent {
  const call = decodeCall(record);
  const file = fileOfCall(record);
  // One more than the flags, so that none of them differs from no pipe.
  const flags = Number(call.detail(0));
  const pipe = flags > 0 && { pipeExitFlag: flags - 1 };
  return { type: 'splice', ...header, ...call.base, ...(file && { file }), ...pipe };
}

function bpfObject({ bytes, data, start }: RecordView): Pick<BpfEvent, 'map' | 'prog'> {
  const type = data.getUint32(start + bpf.type, true);
  const attachType = data.getUint32(start + bpf.attach_type, true);
  const name = splitStrings(bytes, start + bpf.name, start + bpf.object)[0] ?? '';
  const tag = bytes.toString('hex', start + bpf.tag, start + bpf.tag + TAG_BYTES);
  switch (data.getUint8(start + bpf.object)) {
    case BpfObject.map:
      return { map: { type, name } };
    case BpfObject.program:
      return { prog: { type, attachType, name, tag } };
    default:
      return {};
  }
}

export function decodeBpf(record: RecordView, header: EventHeader): BpfEvent {
  const call = decodeCall(record);
  return { type: 'bpf', ...header, ...call.base, cmd: call.uint(0), ...bpfObject(record) };
}

export function decodePerfEventOpen(record: RecordView, header: EventHeader): PerfEventOpenEvent {
  const call = decodeCall(record);
  // The first word of struct perf_event_attr holds its type and its size.
  const eventType = Number(BigInt.asUintN(32, call.detail(0)));
  const aim = { pid: call.int(1), cpu: call.int(2) };
  return { type: 'perf_event_open', ...header, ...call.base, eventType, config: call.detail(1), ...aim };
}

export function decodeLoadModule(record: RecordView, header: EventHeader): LoadModuleEvent {
  const call = decodeCall(record);
  const file = fileOfCall(record);
  return {
    type: 'load_module',
    ...header,
    ...call.base,
    loadedFromMemory: call.kind === 'initModule',
    args: stringsOfFileCall(record, call)[0] ?? '',
    argsTruncated: call.truncated,
    ...(file && { file }),
  };
}

export function decodeUnloadModule(record: RecordView, header: EventHeader): UnloadModuleEvent {
  const call = decodeCall(record);
  const [name = ''] = stringsOfCall(record, call);
  return { type: 'unload_module', ...header, ...call.base, name, flags: call.uint(1) };
}

/** Files by which processes are moved. */
const moving = /\/(?:cgroup\.procs|cgroup\.threads|tasks)$/;

/** Undefined for bytes that are no such record: a write has a file. */
export function decodeCgroupWrite(record: RecordView, header: EventHeader): CgroupWriteEvent | undefined {
  const call = decodeCall(record);
  const file = fileOfCall(record);
  if (!file) return undefined;
  const value = writtenText(record, call);
  const number = moving.test(file.path) ? /^\s*(\d{1,10})/.exec(value)?.[1] : undefined;
  return {
    type: 'cgroup_write',
    ...header,
    ...call.base,
    file,
    value,
    valueTruncated: call.truncated,
    ...(number !== undefined && { pid: Number(number) }),
  };
}

/** Undefined for bytes that are no such record. */
export function decodeSysctl(record: RecordView, header: EventHeader): SysctlEvent | undefined {
  const call = decodeCall(record);
  const file = fileOfCall(record);
  if (!file) return undefined;
  // Wherever procfs is mounted; no setting has a "sys" in its name.
  const name = file.path.slice(file.path.lastIndexOf('/sys/') + '/sys/'.length);
  const value = writtenText(record, call);
  return {
    type: 'sysctl',
    ...header,
    ...call.base,
    action: 'write',
    name,
    value,
    valueTruncated: call.truncated,
  };
}

export function decodeSystemCall(record: RecordView, header: EventHeader): SystemCallEvent {
  const call = decodeCall(record);
  return { type: 'syscall', ...header, ...call.base, arguments: call.arguments() };
}

export function decodeCompatCall(record: RecordView, header: EventHeader): CompatCallEvent {
  const call = decodeCall(record);
  const base = { ...call.base, call: 'int80' };
  return { type: 'compat_call', ...header, ...base, number: call.number, arguments: call.arguments() };
}
