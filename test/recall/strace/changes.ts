/** Calls that change names and attributes of files, as strace prints them. */
import { posix } from 'node:path';
import type { FileAccess } from '../../../core/activity/snapshot.ts';
import { noteOf, stringOf, unescape } from './parse-line.ts';
import type { TracedCall } from './read-trace.ts';

/** Positions of directory descriptor (-1: none) and name. A name that is none (NULL, or an empty one) is the descriptor's own. */
export type NamePlace = readonly [directory: number, name: number];

/** What a call does to the names of its arguments. */
interface Change {
  readonly removes?: NamePlace;
  readonly makes?: NamePlace;
  readonly alters?: readonly [NamePlace, FileAccess];
  /** What it begins with, where that stays as it is. */
  readonly from?: NamePlace;
}

const named: NamePlace = [-1, 0];
const inDirectory: NamePlace = [0, 1];
/** An open file instead of a name. */
const open: NamePlace = [0, -1];
const attributes = (place: NamePlace): Change => ({ alters: [place, 'attributes'] });

export const changes: Readonly<Record<string, Change>> = {
  unlink: { removes: named },
  unlinkat: { removes: inDirectory },
  rmdir: { removes: named },
  mkdir: { makes: named },
  mkdirat: { makes: inDirectory },
  mknod: { makes: named },
  mknodat: { makes: inDirectory },
  symlink: { makes: [-1, 1] },
  symlinkat: { makes: [1, 2] },
  rename: { removes: named, makes: [-1, 1] },
  renameat: { removes: inDirectory, makes: [2, 3] },
  renameat2: { removes: inDirectory, makes: [2, 3] },
  link: { from: named, makes: [-1, 1] },
  linkat: { from: inDirectory, makes: [2, 3] },
  truncate: { alters: [named, 'write'] },
  ftruncate: { alters: [open, 'write'] },
  chmod: attributes(named),
  fchmod: attributes(open),
  fchmodat: attributes(inDirectory),
  chown: attributes(named),
  lchown: attributes(named),
  fchown: attributes(open),
  fchownat: attributes(inDirectory),
  utime: attributes(named),
  utimes: attributes(named),
  futimesat: attributes(inDirectory),
  utimensat: attributes(inDirectory),
  setxattr: attributes(named),
  lsetxattr: attributes(named),
  fsetxattr: attributes(open),
  removexattr: attributes(named),
  lremovexattr: attributes(named),
  fremovexattr: attributes(open),
};

/** Absolute, `.` and `..` taken out as if nothing were a symbolic link: after the call the kernel tells no more. */
export function nameAt({ args, cwd }: TracedCall, [directory, name]: NamePlace): string {
  const base = directory === -1 ? cwd : unescape(noteOf(args[directory])).toString('latin1');
  return posix.resolve(base, stringOf(args[name])?.toString('latin1') ?? '');
}

export interface FileUse {
  readonly bytes: Buffer;
  readonly accesses: readonly FileAccess[];
}

type Uses = readonly (readonly [NamePlace, readonly FileAccess[]])[];

function usesOfRename(from: NamePlace, to: NamePlace, exchanged: boolean): Uses {
  return [
    [from, exchanged ? ['rename', 'create'] : ['rename']],
    [to, exchanged ? ['rename', 'create'] : ['create']],
  ];
}

function usesOf({ name, args }: TracedCall): Uses {
  const { removes, makes, alters } = changes[name] ?? {};
  if (removes !== undefined && makes !== undefined) {
    return usesOfRename(removes, makes, (args[4] ?? '').includes('RENAME_EXCHANGE'));
  }
  if (alters !== undefined) return [[alters[0], [alters[1]]]];
  if (removes !== undefined) return [[removes, ['delete']]];
  return makes === undefined ? [] : [[makes, ['create']]];
}

/** Of a call that was refused only what it began with. */
function refusedUses({ name }: TracedCall): Uses {
  const { from, removes, makes, alters } = changes[name] ?? {};
  const first = from ?? removes ?? alters?.[0] ?? makes;
  return first === undefined ? [] : [[first, ['denied']]];
}

/** What a call did to files by their names. */
export function changedBy(call: TracedCall, refusals: ReadonlySet<string>): FileUse[] {
  const refused = refusals.has(call.note);
  if (call.result !== 0 && !refused) return [];
  return (refused ? refusedUses(call) : usesOf(call)).map(([place, accesses]) => {
    // Files in memory lie in no folder: the slash before their name is /proc's.
    const name = nameAt(call, place).replace(/^\/(?=memfd:)/, '');
    return { bytes: Buffer.from(name, 'latin1'), accesses };
  });
}
