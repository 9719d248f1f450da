import type { UnixSocketEvent } from '../../../core/event/network-events.ts';
import { layouts, PathFlag } from '../record-layout.ts';
import { decodeFacts, decodeFilePath } from './file.ts';
import type { EventHeader } from './header.ts';
import { textOf } from './record-view.ts';
import type { RecordView } from './record-view.ts';

const { members } = layouts.record_unix;
const pathAt = members.file + layouts.record_file.members.path;

export function decodeUnixSocket(
  record: RecordView,
  header: EventHeader,
  type: UnixSocketEvent['type'],
): UnixSocketEvent {
  const { bytes, data, start, end } = record;
  const retval = data.getInt32(start + members.retval, true);
  const from = start + members.data;
  if (data.getUint8(start + members.abstract) !== 0) {
    const size = data.getUint16(start + pathAt + layouts.record_path.members.size, true);
    // Behind the NUL that marks it; the name may hold more of them.
    return {
      type,
      ...header,
      abstractName: textOf(bytes, Math.min(from + 1, end), Math.min(from + size, end)),
      retval,
    };
  }
  const facts = decodeFacts(record, start + members.file);
  const found = (data.getUint16(start + pathAt + layouts.record_path.members.flags, true) & PathFlag.fromUser) === 0;
  const path = decodeFilePath(record, start + members.file, from, facts);
  return { type, ...header, file: { ...path, ...(found && { facts }) }, retval };
}
