/** Writes records of calls as the C side does, for tests of the decoder. */
import { layouts } from '../record-layout.ts';
import type { RecordTypeName } from '../record-sources.ts';
import { SyscallKind } from '../syscall-table.ts';
import type { SyscallKindName } from '../syscall-table.ts';
import { put, putFile, record } from './record-writer.ts';

interface CallFields {
  readonly arguments?: readonly (number | bigint)[];
  readonly details?: readonly (number | bigint)[];
  readonly retval?: number;
  readonly number?: number;
  readonly truncated?: 0 | 1;
}

type CallStruct = 'record_call' | 'record_file_call' | 'record_credentials_call' | 'record_bpf';

/** The parts that all records of calls have, for the `fill` of {@link record}. */
export function putCall(
  target: Buffer,
  struct: CallStruct,
  kind: SyscallKindName,
  fields: CallFields,
  textSize = 0,
): void {
  const at = layouts[struct].members.call;
  const { arguments: words = [], details = [], retval = 0, number = 0, truncated = 0 } = fields;
  put(target, 'record_call_facts', at, { retval, number, kind: SyscallKind[kind], truncated, text_size: textSize });
  const { arguments: argumentsAt, details: detailsAt } = layouts.record_call_facts.members;
  words.forEach((word, index) => target.writeBigInt64LE(BigInt.asIntN(64, BigInt(word)), at + argumentsAt + 8 * index));
  details.forEach((word, index) => target.writeBigInt64LE(BigInt.asIntN(64, BigInt(word)), at + detailsAt + 8 * index));
}

export function callRecord(
  type: RecordTypeName,
  kind: SyscallKindName,
  fields: CallFields = {},
  strings: readonly string[] = [],
  target = { pid: 0, started_at: 0, exec_id: 0 },
): Buffer {
  const text = Buffer.from(strings.map((each) => `${each}\0`).join(''));
  return record('record_call', type, text, (bytes) => {
    putCall(bytes, 'record_call', kind, fields, text.length);
    put(bytes, 'record_target', layouts.record_call.members.target, target);
  });
}

/** Without `path` the call concerned no file. */
export function fileCallRecord(
  type: RecordTypeName,
  kind: SyscallKindName,
  fields: CallFields,
  path: Buffer | undefined,
  text: string,
): Buffer {
  const bytes = Buffer.from(text);
  return record('record_file_call', type, Buffer.concat([path ?? Buffer.alloc(0), bytes]), (target) => {
    putCall(target, 'record_file_call', kind, fields, bytes.length);
    if (path) putFile(target, layouts.record_file_call.members.file, path.length, {});
  });
}

export function credentialsCallRecord(type: RecordTypeName, kind: SyscallKindName, fields: CallFields): Buffer {
  return record('record_credentials_call', type, Buffer.alloc(0), (target) => {
    putCall(target, 'record_credentials_call', kind, fields);
    put(target, 'record_credentials', layouts.record_credentials_call.members.credentials, { uid: 7, euid: 8 });
  });
}

export function bpfRecord(fields: CallFields, object: number, name: string): Buffer {
  return record('record_bpf', 'bpf', Buffer.alloc(0), (target) => {
    putCall(target, 'record_bpf', 'bpf', fields);
    put(target, 'record_bpf', 0, { object, type: 5, attach_type: 9, tag: 0x0807_0605_0403_0201n });
    target.write(name, layouts.record_bpf.members.name);
  });
}
