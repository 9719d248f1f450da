/** The part that records of calls share: struct record_call_facts. */
import type { FileFacts, FilePath, ProcessKey } from '../../../core/event/event.ts';
import { layouts } from '../record-layout.ts';
import { SyscallKind } from '../syscall-table.ts';
import type { SyscallKindName } from '../syscall-table.ts';
import { decodeFacts, decodeFilePath } from './file.ts';
import { readU64, splitStrings, textOf } from './record-view.ts';
import type { RecordView } from './record-view.ts';

const callAt = layouts.record_call.members.call;
const members = layouts.record_call_facts.members;
const target = layouts.record_target.members;
const fileCall = layouts.record_file_call.members;
const ARGUMENTS = 6;

const names: ReadonlyMap<number, SyscallKindName> = new Map(
  Object.keys(SyscallKind)
    .filter((name): name is SyscallKindName => name in SyscallKind)
    .map((name) => [SyscallKind[name], name]),
);

/** Where a kind is not named as its call. */
const otherNames: Partial<Readonly<Record<SyscallKindName, string>>> = {
  umount: 'umount2',
  openHandle: 'open_by_handle_at',
};

/** `pidfdSendSignal` -> `pidfd_send_signal` */
function nameOfCall(kind: SyscallKindName | undefined): string {
  if (kind === undefined) return 'unknown';
  return otherNames[kind] ?? kind.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export interface Call {
  readonly kind: SyscallKindName | undefined;
  /** What all events of calls begin with. */
  readonly base: { readonly call: string; readonly retval: number };
  readonly number: number;
  readonly truncated: boolean;
  readonly textSize: number;
  /** Arguments, as numbers of 32 bits with and without sign, and whole. */
  int(index: number): number;
  uint(index: number): number;
  arguments(): bigint[];
  /** The word of `details`. */
  detail(index: 0 | 1): bigint;
}

export function decodeCall({ data, start }: RecordView): Call {
  const at = start + callAt;
  const kind = names.get(data.getUint8(at + members.kind));
  const argument = (index: number): number => at + members.arguments + 8 * index;
  return {
    kind,
    base: { call: nameOfCall(kind), retval: Number(data.getBigInt64(at + members.retval, true)) },
    number: data.getUint32(at + members.number, true),
    truncated: data.getUint8(at + members.truncated) !== 0,
    textSize: data.getUint16(at + members.text_size, true),
    int: (index) => data.getInt32(argument(index), true),
    uint: (index) => data.getUint32(argument(index), true),
    arguments: () => Array.from({ length: ARGUMENTS }, (_, index) => data.getBigUint64(argument(index), true)),
    detail: (index) => data.getBigUint64(at + members.details + 8 * index, true),
  };
}

/** String arguments of a struct record_call, in their order. */
export function stringsOfCall(record: RecordView, call: Call): string[] {
  const from = record.start + layouts.record_call.members.data;
  return splitStrings(record.bytes, from, Math.min(from + call.textSize, record.end));
}

/** The process that a struct record_call is aimed at. */
export function targetOfCall({ data, start }: RecordView): { readonly target?: ProcessKey } {
  const at = start + layouts.record_call.members.target;
  const pid = data.getUint32(at + target.pid, true);
  if (pid === 0) return {};
  const startedAt = readU64(data, at + target.started_at);
  return { target: { pid, startedAt, execId: data.getUint32(at + target.exec_id, true) } };
}

/** Of a struct record_file_call; undefined if the call concerned no file. */
export function fileOfCall(record: RecordView): (FilePath & FileFacts) | undefined {
  const facts = decodeFacts(record, record.start + fileCall.file);
  if (facts.inode === 0) return undefined;
  return { ...decodeFilePath(record, record.start + fileCall.file, record.start + fileCall.data, facts), ...facts };
}

/** What stands behind the path of a struct record_file_call. */
function textRange({ data, start, end }: RecordView, call: Call): readonly [from: number, to: number] {
  const pathSize = start + fileCall.file + layouts.record_file.members.path + layouts.record_path.members.size;
  const from = Math.min(start + fileCall.data + data.getUint16(pathSize, true), end);
  return [from, Math.min(from + call.textSize, end)];
}

export function stringsOfFileCall(record: RecordView, call: Call): string[] {
  return splitStrings(record.bytes, ...textRange(record, call));
}

const NEWLINE = 0x0a;

/** Bytes that were written, without the line feed that `echo` adds. */
export function writtenText(record: RecordView, call: Call): string {
  const [from, to] = textRange(record, call);
  return textOf(record.bytes, from, to > from && record.bytes[to - 1] === NEWLINE ? to - 1 : to);
}
