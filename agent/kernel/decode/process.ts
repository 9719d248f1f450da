import type { ExecEvent, ExitEvent, ForkEvent, OpenEvent } from '../../../core/event/event.ts';
import { layouts } from '../record-layout.ts';
import type { EventHeader } from './header.ts';
import { decodePath } from './path.ts';
import { readU64, splitStrings } from './record-view.ts';
import type { RecordView } from './record-view.ts';

const exec = layouts.record_exec.members;
const fork = layouts.record_fork.members;
const exit = layouts.record_exit.members;
const open = layouts.record_open.members;

const S_IFREG = 0o100000;

export function decodeExec(record: RecordView, header: EventHeader): ExecEvent {
  const { bytes, data, start, end } = record;
  const argvAt = start + exec.data;
  const filenameAt = Math.min(argvAt + data.getUint16(start + exec.argv_size, true), end);
  const pathAt = Math.min(filenameAt + data.getUint16(start + exec.filename_size, true), end);
  const inode = readU64(data, start + exec.inode);
  return {
    type: 'exec',
    ...header,
    file: { ...decodePath(record, start + exec.path, pathAt, { inode, mode: S_IFREG }), inode },
    filename: splitStrings(bytes, filenameAt, pathAt)[0] ?? '',
    argv: splitStrings(bytes, argvAt, filenameAt),
    argsTruncated: data.getUint8(start + exec.argv_truncated) !== 0,
    ppid: data.getUint32(start + exec.ppid, true),
    namespaceInit: data.getUint8(start + exec.namespace_init) !== 0,
  };
}

export function decodeFork({ data, start }: RecordView, header: EventHeader): ForkEvent {
  return { type: 'fork', ...header, child: { pid: data.getUint32(start + fork.child_pid, true) } };
}

export function decodeExit({ data, start }: RecordView, header: EventHeader): ExitEvent {
  return { type: 'exit', ...header, status: data.getInt32(start + exit.status, true) };
}

export function decodeOpen(record: RecordView, header: EventHeader): OpenEvent {
  const { data, start } = record;
  const file = {
    inode: readU64(data, start + open.inode),
    mode: data.getUint32(start + open.mode, true),
  };
  return {
    type: 'open',
    ...header,
    file: { ...decodePath(record, start + open.path, start + open.data, file), ...file },
    flags: data.getUint32(start + open.flags, true),
    created: data.getUint8(start + open.created) !== 0,
    retval: data.getInt32(start + open.retval, true),
  };
}
