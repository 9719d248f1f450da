import type { OpenEvent } from '../../../core/event/event.ts';
import { layouts } from '../record-layout.ts';
import type { EventHeader } from './header.ts';
import { decodeFacts } from './file.ts';
import { decodeUserPath, namedFile } from './named-file.ts';
import { decodeComponents } from './path.ts';
import type { RecordView } from './record-view.ts';

const { members } = layouts.record_open;
const pathSize = layouts.record_path.members.size;

/** O_CREAT, and what O_TMPFILE has beside O_DIRECTORY: the mode means something. */
const MAKES = 0o100 | 0o20000000;
const PERMISSIONS = 0o7777;

export function decodeOpen(record: RecordView, header: EventHeader): OpenEvent {
  const { data, start, end } = record;
  const after = (at: number, sizeAt: number): number => Math.min(at + data.getUint16(start + sizeAt, true), end);
  const named = after(start + members.data, members.name + layouts.record_user_path.members.size);
  const facts = decodeFacts(record, start + members.file);
  const name = decodeUserPath(record, start + members.name, start + members.data);
  const root = decodeComponents(record, start + members.root, named);
  const path = decodeComponents(
    record,
    start + members.file + layouts.record_file.members.path,
    after(named, members.root + pathSize),
  );
  const flags = data.getUint32(start + members.flags, true);
  const mode = data.getUint32(start + members.mode, true);
  const created = data.getUint8(start + members.created) !== 0;
  const file = namedFile(path, root, name, facts);
  const destination = { mode: (created ? facts.mode : mode) & PERMISSIONS };
  return {
    type: 'open',
    ...header,
    file: { ...file, ...((flags & MAKES) !== 0 && { destination }) },
    flags,
    created,
    retval: data.getInt32(start + members.retval, true),
    ...(name.text !== '' && { syscall: { path: name.text, mode } }),
  };
}
