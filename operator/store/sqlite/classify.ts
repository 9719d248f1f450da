import { StoreError, type StoreErrorKind } from '../errors.ts';

/** Primary result codes, https://sqlite.org/rescode.html; extended codes carry them in their low byte. */
const kindOfCode: ReadonlyMap<number, StoreErrorKind> = new Map([
  [3, 'cannot-open'],
  [5, 'locked'],
  [6, 'locked'],
  [8, 'read-only'],
  [10, 'io'],
  [11, 'corrupt'],
  [13, 'full'],
  [14, 'cannot-open'],
  [23, 'cannot-open'],
  [26, 'not-a-database'],
]);

const advice: Partial<Record<StoreErrorKind, string>> = {
  full: 'no space is left on its volume; enlarge the volume or lower the retention of snapshots',
  'read-only': 'it cannot be written; check the mount options, the owner and fsGroup of its volume',
  'cannot-open': 'it cannot be opened; check that its volume is mounted and writable for the user of the operator',
  corrupt: 'it is damaged; restore it from a backup, or move it away so that learning starts again',
  'not-a-database': 'it is not an SQLite database; check the path, or move the file away so that learning starts again',
  locked: 'another process has it open; only one operator may use it, wait until the other one has ended',
  io: "its volume reports input/output errors; check the node's kernel log and the volume",
};

/** Primary result code of what node:sqlite threw. */
export function resultCode(error: unknown): number | undefined {
  const isCoded = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
  return isCoded ? Number(error.errcode) & 0xff : undefined;
}

/** Turns what node:sqlite or the file system threw into a StoreError that says what, where and how to fix it. */
export function classify(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const code = resultCode(error);
  const kind = (code === undefined ? undefined : kindOfCode.get(code)) ?? kindOfErrno(error) ?? 'internal';
  const hint = advice[kind];
  return new StoreError(kind, `store ${path}: ${hint === undefined ? text : `${hint} (${text})`}`, { cause: error });
}

/** Errors of the calls around SQLite: creating the first file, looking at the directory. */
function kindOfErrno(error: unknown): StoreErrorKind | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'full';
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return 'read-only';
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EISDIR':
      return 'cannot-open';
    case 'EIO':
      return 'io';
    default:
      return undefined;
  }
}
