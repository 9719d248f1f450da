import { Purpose } from '../../../core/event/event.ts';
import type { ExecEvent, ExitEvent, ForkEvent } from '../../../core/event/event.ts';
import { layouts } from '../record-layout.ts';
import { decodeCredentials } from './credentials.ts';
import type { EventHeader } from './header.ts';
import { decodeFacts, decodeFilePath } from './file.ts';
import { decodePath } from './path.ts';
import { readU64, splitStrings } from './record-view.ts';
import type { RecordView } from './record-view.ts';

const exec = layouts.record_exec.members;
const fork = layouts.record_fork.members;
const exit = layouts.record_exit.members;

const S_IFDIR = 0o040000;
const path = layouts.record_path.members;

/** Offsets at which the parts of an exec's data begin, none beyond the record's end. */
function partsOf({ data, start, end }: RecordView) {
  const after = (at: number, sizeAt: number): number => Math.min(at + data.getUint16(start + sizeAt, true), end);
  const argv = start + exec.data;
  const filename = after(argv, exec.argv_size);
  const file = after(filename, exec.filename_size);
  const cwd = after(file, exec.file + layouts.record_file.members.path + path.size);
  const environment = after(cwd, exec.cwd + path.size);
  return { argv, filename, file, cwd, environment, end: after(environment, exec.environment_size) };
}

export function decodeExec(record: RecordView, header: EventHeader): ExecEvent {
  const { bytes, data, start } = record;
  const parts = partsOf(record);
  const facts = decodeFacts(record, start + exec.file);
  const directory = { inode: 0, mode: S_IFDIR };
  return {
    type: 'exec',
    ...header,
    file: { ...decodeFilePath(record, start + exec.file, parts.file, facts), ...facts },
    filename: splitStrings(bytes, parts.filename, parts.file)[0] ?? '',
    filenameTruncated: data.getUint8(start + exec.filename_truncated) !== 0,
    argv: splitStrings(bytes, parts.argv, parts.filename),
    argsTruncated: data.getUint8(start + exec.argv_truncated) !== 0,
    ...((header.purpose & Purpose.rules) !== 0 && { envp: splitStrings(bytes, parts.environment, parts.end) }),
    envsTruncated: data.getUint8(start + exec.environment_truncated) !== 0,
    cwd: decodePath(record, start + exec.cwd, parts.cwd, directory),
    tty: splitStrings(bytes, start + exec.tty, start + exec.data)[0] ?? '',
    credentials: decodeCredentials(record, start + exec.credentials),
    ppid: data.getUint32(start + exec.ppid, true),
    namespaceInit: data.getUint8(start + exec.namespace_init) !== 0,
  };
}

export function decodeFork({ data, start }: RecordView, header: EventHeader): ForkEvent {
  const child = { pid: data.getUint32(start + fork.child_pid, true) };
  return { type: 'fork', ...header, child, flags: readU64(data, start + fork.flags) };
}

export function decodeExit({ data, start }: RecordView, header: EventHeader): ExitEvent {
  return { type: 'exit', ...header, status: data.getInt32(start + exit.status, true) };
}
