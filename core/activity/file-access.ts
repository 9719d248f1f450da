/** Which accesses to which files an event stands for, as bits by their place in {@link fileAccesses}. */
import type { OpenEvent } from '../event/event.ts';
import type { UnixSocketEvent } from '../event/network-events.ts';
import type { PathEvent, RenameEvent } from '../event/path-event.ts';
import { fileAccesses, type FileAccess } from './snapshot.ts';

/** Flags of open(2) as they are on every architecture that is supported. */
const accessMode = 0o3;
const readOnly = 0o0;
const writeOnly = 0o1;
const truncateFlag = 0o1000;

/** Of renameat2(2): both names stay, each for the other file. */
const exchangeFlag = 0x2;

/** EPERM, EACCES, EROFS */
const refusals: ReadonlySet<number> = new Set([-1, -13, -30]);

export const bit = (access: FileAccess): number => 1 << fileAccesses.indexOf(access);

/** A refused open shows only that it was tried: nothing was read or written. */
export function accessOf({ flags, created, retval }: Pick<OpenEvent, 'flags' | 'created' | 'retval'>): number {
  if (retval < 0) return bit('denied');
  const mode = flags & accessMode;
  const reads = mode !== writeOnly ? bit('read') : 0;
  const writes = mode !== readOnly || (flags & truncateFlag) !== 0 ? bit('write') : 0;
  return reads | writes | (created ? bit('create') : 0);
}

/** To connect to a socket of the file system one needs leave to write to it; to bind one is to create it. */
export function socketAccessOf({ type, retval }: Pick<UnixSocketEvent, 'type' | 'retval'>): number {
  if (retval < 0) return bit('denied');
  return bit(type === 'unix_bind' ? 'create' : 'write');
}

export interface FileUse {
  readonly path: string;
  readonly access: number;
}

const accessByType = {
  unlink: 'delete',
  rmdir: 'delete',
  mkdir: 'create',
  mknod: 'create',
  symlink: 'create',
  truncate: 'write',
  chmod: 'attributes',
  chown: 'attributes',
  utimes: 'attributes',
  setxattr: 'attributes',
  removexattr: 'attributes',
} as const satisfies Partial<Record<PathEvent['type'], FileAccess>>;

function usesOfRename({ file, flags }: RenameEvent): FileUse[] {
  const both = (flags & exchangeFlag) !== 0 ? bit('rename') | bit('create') : 0;
  return [
    { path: file.path, access: bit('rename') | both },
    { path: file.destination.path, access: bit('create') | both },
  ];
}

/** Empty for what leaves no file changed: a call that failed without being refused, and a change of directory. */
export function usesOf(event: PathEvent): FileUse[] {
  if (event.type === 'chdir' || event.type === 'chroot') return [];
  const { path } = event.file;
  if (event.retval < 0) return refusals.has(event.retval) ? [{ path, access: bit('denied') }] : [];
  if (event.type === 'link') return [{ path: event.file.destination.path, access: bit('create') }];
  if (event.type === 'rename') return usesOfRename(event);
  return [{ path, access: bit(accessByType[event.type]) }];
}
