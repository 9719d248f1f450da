/** Files that a call named: known to the kernel when it ended, or by the program's string alone. */
import type { FileFacts, NamedFile } from '../../../core/event/event.ts';
import { layouts, PathFlag } from '../record-layout.ts';
import { joinPath } from './join-path.ts';
import { describePath } from './path.ts';
import type { decodeComponents } from './path.ts';
import { endOfString, textOf } from './record-view.ts';
import type { RecordView } from './record-view.ts';

const { members } = layouts.record_user_path;

/** A string that a program passed. */
export interface UserPath {
  readonly text: string;
  readonly truncated: boolean;
  /** The call follows a symbolic link at its end. */
  readonly follows: boolean;
}

/**
 * @param header offset of the struct record_user_path
 * @param start offset of its bytes
 */
export function decodeUserPath({ bytes, data, end }: RecordView, header: number, start: number): UserPath {
  const stop = Math.min(start + data.getUint16(header + members.size, true), end);
  return {
    text: textOf(bytes, start, endOfString(bytes, start, stop)),
    truncated: data.getUint8(header + members.truncated) !== 0,
    follows: data.getUint8(header + members.follows) !== 0,
  };
}

type RecordedPath = ReturnType<typeof decodeComponents>;

export function namedFile(start: RecordedPath, root: RecordedPath, name: UserPath, facts: FileFacts): NamedFile {
  if (!(start.flags & PathFlag.beginning)) return { ...describePath(start, facts), resolved: true, facts };
  const joined = joinPath(start.components, root.components, name.text);
  const cut = (start.flags & PathFlag.truncated) !== 0;
  const truncated = cut || name.truncated;
  return {
    path: `${cut ? '…' : ''}/${joined.components.join('/')}${name.truncated ? '…' : ''}`,
    truncated,
    deleted: (start.flags & PathFlag.deleted) !== 0,
    resolved: joined.straight && !name.follows && joined.endsInName && !truncated,
  };
}
