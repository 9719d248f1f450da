/** statx(2) in the one way that Node has not: without asking the file system's server. */
import * as koffi from 'koffi';
import type { KoffiFunc } from 'koffi';

type StatxArguments = [directory: number, path: string, flags: number, mask: number, buffer: Buffer];
const statx: KoffiFunc<(...call: StatxArguments) => number> = koffi
  .load(null)
  .func('statx', 'int', ['int', 'str', 'int', 'unsigned int', 'void *']);

const AT_FDCWD = -100;
/** What the kernel has in memory will do: a container's own FUSE server need never answer. */
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_NLINK = 4;
const STATX_SIZE = 256;
const NLINK_AT = 16;

/**
 * Names that the file behind a link of /proc still has, as far as this machine knows.
 * @param link `/proc/PID/exe`, `/proc/PID/fd/N`: leads to the open file itself, no directory of the container is walked
 * @returns undefined if the process is gone or may not be looked into
 */
export function linkCount(link: string): number | undefined {
  const buffer = Buffer.alloc(STATX_SIZE);
  if (statx(AT_FDCWD, link, AT_STATX_DONT_SYNC, STATX_NLINK, buffer) !== 0) return undefined;
  return buffer.readUInt32LE(NLINK_AT);
}
