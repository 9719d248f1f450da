/** Calls that change names and attributes of files. A failed call is reported too, to learning if it was refused. */
import type { EventBase, KernelEvent, NamedFile } from './event.ts';

interface PathEventBase extends EventBase {
  /** 0, or the negative errno. */
  readonly retval: number;
  readonly file: NamedFile;
  /** As the program passed it; empty for calls that take a descriptor. */
  readonly syscall: { readonly path: string };
}

/** `chdir` and `chroot` that succeeded: `file` is where the process is now. */
export interface PlainPathEvent extends PathEventBase {
  readonly type: 'rmdir' | 'utimes' | 'truncate' | 'chdir' | 'chroot';
}

export interface UnlinkEvent extends PathEventBase {
  readonly type: 'unlink';
  readonly flags: number;
  /** `dirfd` is AT_FDCWD (-100) for calls without one. */
  readonly syscall: { readonly path: string; readonly dirfd: number };
}

/** `file.destination` is the new name. */
interface TwoPathsEvent<Type extends string> extends PathEventBase {
  readonly type: Type;
  readonly file: NamedFile & { readonly destination: NamedFile };
  /** Of `renameat2` and `linkat`; 0 for the others. */
  readonly flags: number;
  readonly syscall: { readonly path: string; readonly destination: { readonly path: string } };
}

export type RenameEvent = TwoPathsEvent<'rename'>;
export type LinkEvent = TwoPathsEvent<'link'>;

export interface ModeEvent extends PathEventBase {
  readonly type: 'mkdir' | 'mknod' | 'chmod';
  /** `mkdir` and `mknod`: as asked for, less the umask; a default ACL of the directory may change it once more. */
  readonly file: NamedFile & { readonly destination: { readonly mode: number } };
  readonly syscall: { readonly path: string; readonly mode: number };
}

export interface ChownEvent extends PathEventBase {
  readonly type: 'chown';
  /** Undefined: stays as it is. */
  readonly file: NamedFile & {
    readonly destination: { readonly uid: number | undefined; readonly gid: number | undefined };
  };
}

export interface XattrEvent extends PathEventBase {
  readonly type: 'setxattr' | 'removexattr';
  /** `name` is the whole name, such as `security.capability`; `namespace` what stands before its first dot. */
  readonly file: NamedFile & { readonly destination: { readonly name: string; readonly namespace: string } };
}

/** `file` is the link. */
export interface SymlinkEvent extends PathEventBase {
  readonly type: 'symlink';
  /** What the link holds. */
  readonly target: string;
}

export type PathEvent =
  PlainPathEvent | UnlinkEvent | RenameEvent | LinkEvent | ModeEvent | ChownEvent | XattrEvent | SymlinkEvent;

export const pathEventTypes = [
  'unlink',
  'rmdir',
  'rename',
  'mkdir',
  'mknod',
  'link',
  'symlink',
  'chmod',
  'chown',
  'utimes',
  'setxattr',
  'removexattr',
  'truncate',
  'chdir',
  'chroot',
] as const satisfies readonly PathEvent['type'][];

export function isPathEvent(event: KernelEvent): event is PathEvent {
  return pathEventTypes.some((type) => type === event.type);
}
