/** Mounts and namespaces. Paths are as the program wrote them: relative ones and symbolic links are not resolved. */
import type { CallBase, FileFacts, FilePath } from './event.ts';

/**
 * One step of a mount. `mount` does all in one; the newer calls are steps of their own: `fsopen` names the file system,
 * `fsconfig` its source and options, `fsmount` and `open_tree` give a mount that is attached nowhere, `move_mount` attaches.
 */
export interface MountEvent extends CallBase {
  readonly type: 'mount';
  /** Empty where the call has none, as are the next two. */
  readonly source: string;
  readonly mountpoint: string;
  readonly fsType: string;
  readonly flags: number;
  /** What fsconfig sets. */
  readonly option?: { readonly key: string; readonly value: string };
  /** Root of the mount that `open_tree` and `fsmount` gave, or that `move_mount` took. */
  readonly file?: FilePath & FileFacts;
  /** The mount is in no namespace's tree yet. */
  readonly detached: boolean;
}

export interface UmountEvent extends CallBase {
  readonly type: 'umount';
  readonly mountpoint: string;
  readonly flags: number;
}

export interface PivotRootEvent extends CallBase {
  readonly type: 'pivot_root';
  readonly newRoot: string;
  readonly putOld: string;
}

export interface UnshareEvent extends CallBase {
  readonly type: 'unshare';
  /** `CLONE_NEW…` of the namespaces that are made, and what else is no longer shared. */
  readonly flags: number;
}

export interface SetnsEvent extends CallBase {
  readonly type: 'setns';
  /** The namespace's file, or the pidfd of a process; absent if the descriptor was none. */
  readonly file?: FilePath & FileFacts;
  readonly flags: number;
}

export type NamespaceEvent = MountEvent | UmountEvent | PivotRootEvent | UnshareEvent | SetnsEvent;
