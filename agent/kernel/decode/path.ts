import type { FilePath } from '../../../core/event/event.ts';
import { layouts, PathFlag } from '../record-layout.ts';
import { splitStrings, textOf } from './record-view.ts';
import type { RecordView } from './record-view.ts';

const { members } = layouts.record_path;

const S_IFMT = 0o170000;
const S_IFIFO = 0o010000;
const S_IFSOCK = 0o140000;

/** Of the file that a path without any component names: the kernel's own mounts hold files without a name. */
interface Nameless {
  readonly inode: number;
  readonly mode: number;
}

/**
 * @param header offset of the struct record_path
 * @param start offset of its bytes
 */
export function decodePath(record: RecordView, header: number, start: number, file: Nameless): FilePath {
  const { bytes, data } = record;
  const end = Math.min(start + data.getUint16(header + members.size, true), record.end);
  const flags = data.getUint16(header + members.flags, true);
  const truncated = (flags & PathFlag.truncated) !== 0;
  const deleted = (flags & PathFlag.deleted) !== 0;
  if (flags & PathFlag.fromUser) return { path: userPath(bytes, start, end), truncated, deleted };
  const components = splitStrings(bytes, start, end).toReversed();
  if (flags & PathFlag.internal) return { path: internalPath(components, file), truncated, deleted };
  return { path: `${truncated ? '…' : ''}/${components.join('/')}`, truncated, deleted };
}

function userPath(bytes: Buffer, start: number, end: number): string {
  const nul = bytes.indexOf(0, start);
  return textOf(bytes, start, nul === -1 || nul > end ? end : nul);
}

/** As the kernel writes such files in /proc: `pipe:[123]`; a memfd has a name, `memfd:payload`, a pipe an empty one. */
function internalPath(components: readonly string[], file: Nameless): string {
  const name = components.join('/');
  if (name !== '') return name;
  const type = file.mode & S_IFMT;
  if (type === S_IFIFO) return `pipe:[${file.inode}]`;
  if (type === S_IFSOCK) return `socket:[${file.inode}]`;
  return `anon_inode:[${file.inode}]`;
}
