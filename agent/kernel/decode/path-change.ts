import type { ModeEvent, PathEvent, PlainPathEvent, XattrEvent } from '../../../core/event/path-event.ts';
import { layouts } from '../record-layout.ts';
import type { EventHeader } from './header.ts';
import { decodeFacts } from './file.ts';
import { decodeUserPath, namedFile } from './named-file.ts';
import { decodeComponents } from './path.ts';
import type { RecordView } from './record-view.ts';

const { members } = layouts.record_path_change;
const fileMembers = layouts.record_file.members;
const pathSize = layouts.record_path.members.size;
const userPathSize = layouts.record_user_path.members.size;

/** The owner that a call leaves as it is. */
const SAME_OWNER = 0xffff_ffff;
const PERMISSIONS = 0o7777;

/** Offsets at which the parts of the data begin, none beyond the record's end. */
function partsOf({ data, start, end }: RecordView) {
  const after = (at: number, sizeAt: number): number => Math.min(at + data.getUint16(start + sizeAt, true), end);
  const name = start + members.data;
  const secondName = after(name, members.name + userPathSize);
  const root = after(secondName, members.second_name + userPathSize);
  const file = after(root, members.root + pathSize);
  return { name, secondName, root, file, second: after(file, members.file + fileMembers.path + pathSize) };
}

function ownerOf(id: number): number | undefined {
  return id === SAME_OWNER ? undefined : id;
}

/** What the records of all these calls hold, joined and named. */
function readCall(record: RecordView, header: EventHeader) {
  const { data, start } = record;
  const parts = partsOf(record);
  const facts = decodeFacts(record, start + members.file);
  const name = decodeUserPath(record, start + members.name, parts.name);
  const second = decodeUserPath(record, start + members.second_name, parts.secondName);
  const root = decodeComponents(record, start + members.root, parts.root);
  const path = decodeComponents(record, start + members.file + fileMembers.path, parts.file);
  return {
    base: { ...header, retval: data.getInt32(start + members.retval, true) },
    file: namedFile(path, root, name, facts),
    name: name.text,
    second: second.text,
    word: (member: keyof typeof members) => data.getUint32(start + members[member], true),
    directory: data.getInt32(start + members.directory, true),
    /** For calls with two paths. */
    destination: () =>
      namedFile(decodeComponents(record, start + members.second_path, parts.second), root, second, facts),
  };
}

type Call = ReturnType<typeof readCall>;
type Build = (call: Call) => PathEvent;

function plain(type: PlainPathEvent['type']): Build {
  return ({ base, file, name }) => ({ type, ...base, file, syscall: { path: name } });
}

function withMode(type: ModeEvent['type'], modeOf: (call: Call) => number): Build {
  return (call) => ({
    type,
    ...call.base,
    file: { ...call.file, destination: { mode: modeOf(call) } },
    syscall: { path: call.name, mode: call.word('mode') },
  });
}

function withAttribute(type: XattrEvent['type']): Build {
  return ({ base, file, name, second }) => {
    const destination = { name: second, namespace: second.split('.', 1)[0] ?? '' };
    return { type, ...base, file: { ...file, destination }, syscall: { path: name } };
  };
}

function twoPaths({ base, file, name, second, word, destination }: Call) {
  return {
    ...base,
    file: { ...file, destination: destination() },
    flags: word('flags'),
    syscall: { path: name, destination: { path: second } },
  };
}

const lessUmask = ({ word }: Call): number => word('mode') & ~word('umask');

const builders: Readonly<Record<PathEvent['type'], Build>> = {
  unlink: ({ base, file, name, word, directory }) => ({
    type: 'unlink',
    ...base,
    file,
    flags: word('flags'),
    syscall: { path: name, dirfd: directory },
  }),
  rename: (call) => ({ type: 'rename', ...twoPaths(call) }),
  link: (call) => ({ type: 'link', ...twoPaths(call) }),
  symlink: ({ base, file, name, second }) => ({
    type: 'symlink',
    ...base,
    file,
    target: second,
    syscall: { path: name },
  }),
  mkdir: withMode('mkdir', lessUmask),
  mknod: withMode('mknod', lessUmask),
  chmod: withMode('chmod', ({ word }) => word('mode') & PERMISSIONS),
  chown: ({ base, file, name, word }) => {
    const destination = { uid: ownerOf(word('uid')), gid: ownerOf(word('gid')) };
    return { type: 'chown', ...base, file: { ...file, destination }, syscall: { path: name } };
  },
  setxattr: withAttribute('setxattr'),
  removexattr: withAttribute('removexattr'),
  rmdir: plain('rmdir'),
  utimes: plain('utimes'),
  truncate: plain('truncate'),
  chdir: plain('chdir'),
  chroot: plain('chroot'),
};

export function decodePathChange(record: RecordView, header: EventHeader, type: PathEvent['type']): PathEvent {
  return builders[type](readCall(record, header));
}
