import type { FilePath } from '../../../core/event/event.ts';
import { layouts, PathFlag } from '../record-layout.ts';
import { endOfString, splitStrings, textOf } from './record-view.ts';
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

interface RecordedPath {
  readonly components: readonly string[];
  readonly flags: number;
}

/**
 * @param header offset of the struct record_path
 * @param start offset of its bytes
 */
export function decodeComponents({ bytes, data, end }: RecordView, header: number, start: number): RecordedPath {
  const stop = Math.min(start + data.getUint16(header + members.size, true), end);
  return {
    components: splitStrings(bytes, start, stop).toReversed(),
    flags: data.getUint16(header + members.flags, true),
  };
}

/** A path that the kernel walked. */
export function describePath({ components, flags }: RecordedPath, file: Nameless): FilePath {
  const truncated = (flags & PathFlag.truncated) !== 0;
  const deleted = (flags & PathFlag.deleted) !== 0;
  if (flags & PathFlag.internal) return { path: internalPath(components, file), truncated, deleted };
  return { path: `${truncated ? '…' : ''}/${components.join('/')}`, truncated, deleted };
}

/**
 * @param header offset of the struct record_path
 * @param start offset of its bytes
 */
export function decodePath(record: RecordView, header: number, start: number, file: Nameless): FilePath {
  const { bytes, data } = record;
  const flags = data.getUint16(header + members.flags, true);
  if (flags & PathFlag.fromUser) {
    const end = Math.min(start + data.getUint16(header + members.size, true), record.end);
    const path = textOf(bytes, start, endOfString(bytes, start, end));
    return { path, truncated: (flags & PathFlag.truncated) !== 0, deleted: false };
  }
  return describePath(decodeComponents(record, header, start), file);
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
