import type {
  CapsetEvent,
  MemfdCreateEvent,
  MmapEvent,
  MprotectEvent,
  PrctlEvent,
  ProcessVmEvent,
  PtraceEvent,
  SetCredentialsEvent,
  SetrlimitEvent,
  SignalEvent,
} from '../../../core/event/process-events.ts';
import { layouts } from '../record-layout.ts';
import type { Call } from './call.ts';
import { decodeCall, fileOfCall, stringsOfCall, targetOfCall } from './call.ts';
import { decodeCredentials } from './credentials.ts';
import type { EventHeader } from './header.ts';
import { textOf } from './record-view.ts';
import type { RecordView } from './record-view.ts';

const credentialsAt = layouts.record_credentials_call.members.credentials;
const PR_SET_NAME = 15;
/** TASK_COMM_LEN without its NUL. */
const NAME_KEPT = 15;

export function decodePtrace(record: RecordView, header: EventHeader): PtraceEvent {
  const call = decodeCall(record);
  return {
    type: 'ptrace',
    ...header,
    ...call.base,
    request: call.uint(0),
    pid: call.int(1),
    ...targetOfCall(record),
  };
}

export function decodeProcessVm(record: RecordView, header: EventHeader): ProcessVmEvent {
  const call = decodeCall(record);
  return { type: 'process_vm', ...header, ...call.base, pid: call.int(0), ...targetOfCall(record) };
}

/** The two calls that name a thread beside its process have the signal one place further. */
function signalOf(call: Call): number {
  return call.kind === 'tgkill' || call.kind === 'rtTgsigqueueinfo' ? call.int(2) : call.int(1);
}

export function decodeSignal(record: RecordView, header: EventHeader): SignalEvent {
  const call = decodeCall(record);
  const aim = targetOfCall(record);
  // A pidfd is no number of a process.
  const pid = call.kind === 'pidfdSendSignal' ? (aim.target?.pid ?? 0) : call.int(0);
  return { type: 'signal', ...header, ...call.base, signal: signalOf(call), pid, ...aim };
}

export function decodeSetrlimit(record: RecordView, header: EventHeader): SetrlimitEvent {
  const call = decodeCall(record);
  const names =
    call.kind === 'prlimit64' ? { pid: call.int(0), resource: call.uint(1) } : { pid: 0, resource: call.uint(0) };
  const limits = { rlimCur: call.detail(0), rlimMax: call.detail(1) };
  return { type: 'setrlimit', ...header, ...call.base, ...names, ...limits, ...targetOfCall(record) };
}

/** Cut as the kernel does, before bytes that are no text become longer. */
function newName({ bytes, start, end }: RecordView, call: Call): Pick<PrctlEvent, 'newName' | 'isNameTruncated'> {
  const from = start + layouts.record_call.members.data;
  const length = Math.max(0, Math.min(call.textSize - 1, end - from));
  const kept = Math.min(length, NAME_KEPT);
  return { newName: textOf(bytes, from, from + kept), isNameTruncated: length > NAME_KEPT };
}

export function decodePrctl(record: RecordView, header: EventHeader): PrctlEvent {
  const call = decodeCall(record);
  const option = call.uint(0);
  return {
    type: 'prctl',
    ...header,
    ...call.base,
    option,
    arguments: call.arguments().slice(1, 5),
    ...(option === PR_SET_NAME ? newName(record, call) : { isNameTruncated: false }),
  };
}

export function decodeMemfdCreate(record: RecordView, header: EventHeader): MemfdCreateEvent {
  const call = decodeCall(record);
  const [name = ''] = stringsOfCall(record, call);
  return { type: 'memfd_create', ...header, ...call.base, name, flags: call.uint(1) };
}

export function decodeMmap(record: RecordView, header: EventHeader): MmapEvent {
  const call = decodeCall(record);
  const file = fileOfCall(record);
  const bits = { protection: call.uint(2), flags: call.uint(3) };
  return { type: 'mmap', ...header, ...call.base, ...bits, ...(file && { file }) };
}

export function decodeMprotect(record: RecordView, header: EventHeader): MprotectEvent {
  const call = decodeCall(record);
  const file = fileOfCall(record);
  return { type: 'mprotect', ...header, ...call.base, reqProtection: call.uint(2), ...(file && { file }) };
}

/** How many ids each call takes. */
function idsOf(kind: Call['kind']): number {
  if (kind === 'setresuid' || kind === 'setresgid') return 3;
  return kind === 'setreuid' || kind === 'setregid' ? 2 : 1;
}

export function decodeSetCredentials(
  record: RecordView,
  header: EventHeader,
  type: SetCredentialsEvent['type'],
): SetCredentialsEvent {
  const call = decodeCall(record);
  return {
    type,
    ...header,
    ...call.base,
    requested: Array.from({ length: idsOf(call.kind) }, (_, index) => call.uint(index)),
    credentials: decodeCredentials(record, record.start + credentialsAt),
  };
}

export function decodeCapset(record: RecordView, header: EventHeader): CapsetEvent {
  const { base } = decodeCall(record);
  return { type: 'capset', ...header, ...base, credentials: decodeCredentials(record, record.start + credentialsAt) };
}
