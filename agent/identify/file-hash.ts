/**
 * SHA-256 of files that events named, on request. The file is found through /proc, in the mount namespace of its process, and
 * is hashed only if it is the very file of the event and has not changed since. One at a time and in small pieces, so that
 * events go on meanwhile; nothing that a container can prepare makes it wait, read a device, or read without end.
 */
import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { FileFacts } from '../../core/event/event.ts';
import { unescapeBytes } from '../../core/event/escape.ts';

/** Found and typed without opening what it names: opening a device can act, opening a FIFO can wait. */
const O_PATH = 0o10_000_000;

const PIECE = 256 * 1024;

/**
 * Those of which reading a file has an end and asks nobody but the kernel. A file system of a program's own (FUSE) or of
 * another machine could let us wait forever.
 */
const localFileSystems: ReadonlySet<string> = new Set([
  'overlay',
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'zfs',
  'f2fs',
  'tmpfs',
  'ramfs',
  'squashfs',
  'erofs',
]);

export interface HashedFile {
  /** A process in whose mount namespace the path is. */
  readonly pid: number;
  /** Undefined: what the process executes. */
  readonly path?: string;
  readonly facts: FileFacts;
}

export type HashRefusal = 'gone' | 'changed' | 'too-large' | 'busy' | 'no-local-file';

export class FileHashError extends Error {
  readonly reason: HashRefusal;

  constructor(reason: HashRefusal, what: string, options?: ErrorOptions) {
    super(`no hash: ${what}`, options);
    this.name = 'FileHashError';
    this.reason = reason;
  }
}

export interface FileHasherOptions {
  readonly hostProc?: string;
  /** Larger files get no hash. Default 64 MiB: nearly every program; the few beyond would each take seconds. */
  readonly maxBytes?: number;
  /** Default 32 MiB/s: with SHA extensions 2 % of one CPU, without them 10 %. */
  readonly bytesPerSecond?: number;
  /** Files that may wait. Default 64, at most 4 GiB, two minutes of reading. */
  readonly queueLength?: number;
  /** Hashes that are kept. Default 4096 of 200 bytes: under 1 MiB. */
  readonly cached?: number;
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

export interface FileHasher {
  /** Hexadecimal. @throws FileHashError */
  hash(file: HashedFile): Promise<string>;
  /** How often there was no hash, by reason. */
  readonly refusals: Readonly<Record<HashRefusal, number>>;
}

export function createFileHasher(options: FileHasherOptions = {}): FileHasher {
  const { hostProc = '/proc', maxBytes = 64 << 20, bytesPerSecond = 32 << 20, queueLength = 64 } = options;
  const { cached = 4096, sleep = setTimeout } = options;
  const cache = new LRUCache<string, string>({ max: cached });
  const refusals: Record<HashRefusal, number> = { gone: 0, changed: 0, 'too-large': 0, busy: 0, 'no-local-file': 0 };
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const compute = async (file: HashedFile): Promise<string> => {
    const known = cache.get(keyOf(file.facts));
    if (known !== undefined) return known;
    const found = await openSame(hostProc, file);
    try {
      if (found.stats.size > maxBytes) throw new FileHashError('too-large', `larger than ${maxBytes} bytes`);
      const hash = await read(found, (bytes) => sleep((bytes * 1_000) / bytesPerSecond));
      cache.set(keyOf(file.facts), hash);
      return hash;
    } finally {
      await found.handle.close();
    }
  };

  const hash: FileHasher['hash'] = async (file) => {
    try {
      if (!localFileSystems.has(file.facts.filesystem)) {
        throw new FileHashError('no-local-file', `"${file.facts.filesystem}" is no local file system`);
      }
      if (waiting >= queueLength) throw new FileHashError('busy', `${queueLength} files are waiting already`);
      waiting++;
      const turn = last.then(() => compute(file)).finally(() => waiting--);
      // Whoever asked hears of a failure; the next one only waits for the end.
      last = Promise.allSettled([turn]);
      return await turn;
    } catch (error) {
      const refusal =
        error instanceof FileHashError ? error : new FileHashError('gone', reasonOf(error), { cause: error });
      refusals[refusal.reason]++;
      throw refusal;
    }
  };
  return { hash, refusals };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function keyOf({ device, inode, modifiedAt, changedAt }: FileFacts): string {
  return `${device} ${inode} ${modifiedAt} ${changedAt}`;
}

interface OpenedFile {
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
}

function pathOf(hostProc: string, { pid, path }: HashedFile): Buffer {
  if (path === undefined) return Buffer.from(`${hostProc}/${pid}/exe`);
  return Buffer.concat([Buffer.from(`${hostProc}/${pid}/root`), unescapeBytes(path)]);
}

/** Opens the file of the event for reading, or throws: what has its path by now may be another one, of any type. */
async function openSame(hostProc: string, file: HashedFile): Promise<OpenedFile> {
  const noLink = file.path === undefined ? 0 : constants.O_NOFOLLOW;
  const found = await open(pathOf(hostProc, file), O_PATH | noLink);
  try {
    const stats = await found.stat({ bigint: true });
    if (!stats.isFile()) throw new FileHashError('no-local-file', 'it is no regular file');
    if (!isSame(stats, file.facts) || (await mountOf(found)) !== file.facts.mountId) {
      throw new FileHashError('changed', 'it is not the file of the event any more');
    }
    return { handle: await open(`/proc/self/fd/${found.fd}`, 'r'), stats };
  } finally {
    await found.close();
  }
}

/** Times of events are in milliseconds, to a few hundred nanoseconds. */
const sameTime = (nanoseconds: bigint, milliseconds: number): boolean =>
  Math.abs(Number(nanoseconds) / 1e6 - milliseconds) < 0.001;

/** Not by device: an overlay shows other numbers than it has inside. The mount stands for it. */
function isSame({ ino, mtimeNs, ctimeNs }: BigIntStats, { inode, modifiedAt, changedAt }: FileFacts): boolean {
  return Number(ino) === inode && sameTime(mtimeNs, modifiedAt) && sameTime(ctimeNs, changedAt);
}

async function mountOf({ fd }: FileHandle): Promise<number> {
  const [, id] = /^mnt_id:\s*(\d+)$/m.exec(await readFile(`/proc/self/fdinfo/${fd}`, 'latin1')) ?? [];
  return Number(id);
}

/** @param rest called after each piece with its bytes, to keep to the rate */
async function read({ handle, stats }: OpenedFile, rest: (bytes: number) => Promise<unknown>): Promise<string> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PIECE);
  for (let left = Number(stats.size); left > 0;) {
    const { bytesRead } = await handle.read(piece, 0, Math.min(left, PIECE), null);
    if (bytesRead === 0) break;
    hash.update(piece.subarray(0, bytesRead));
    left -= bytesRead;
    await rest(bytesRead);
  }
  const after = await handle.stat({ bigint: true });
  if (after.size !== stats.size || after.mtimeNs !== stats.mtimeNs || after.ctimeNs !== stats.ctimeNs) {
    throw new FileHashError('changed', 'it was written to meanwhile');
  }
  return hash.digest('hex');
}
