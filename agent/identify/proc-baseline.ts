/**
 * What /proc shows of a container that runs already: its processes, what they have open, where they listen. Read once when
 * a container is met late. Processes may end while they are read; these are left out.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { BaselineFile, BaselineProcess } from '../../core/activity/baseline.ts';
import { escapeBytes } from '../../core/event/escape.ts';
import { linkCount } from '../kernel/link-count.ts';
import { parseStat, statText } from './proc-stat.ts';
import { parseSockets, type ProcSocket } from './proc-net.ts';
import { readFront } from './read-front.ts';

/**
 * Beyond these a container is described well enough; what is left out is counted. Reading 16,384 descriptors takes some
 * tenths of a second; without the limit of characters their names could have 4 KB each, four times that when escaped.
 */
const maxProcesses = 1_024;
const maxDescriptors = { process: 1_024, container: 16_384 } as const;
const maxCharacters = 8 * 1024 * 1024;
/** As much of a command line as an event of the kernel holds. */
const maxArgumentBytes = 4_096;
/** Of one table of sockets: 28,000 rows; those that listen come first. */
const maxTableBytes = 4 * 1024 * 1024;

export interface Baseline {
  readonly processes: readonly BaselineProcess[];
  /** Processes and descriptors beyond the limits. */
  readonly omitted: number;
}

/** ENOENT, ESRCH: the process has ended. EACCES, EPERM: it may not be traced (not dumpable). */
const unreadable: ReadonlySet<string> = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && unreadable.has(String(error.code))) return undefined;
    throw error;
  }
}

function linkTarget(path: string): string | undefined {
  return attempt(() => escapeBytes(readlinkSync(path, 'buffer')));
}

/** Fields of /proc/PID/status by name. */
function status(directory: string): ReadonlyMap<string, string> | undefined {
  const text = attempt(() => readFileSync(`${directory}/status`, 'utf8'));
  if (text === undefined) return undefined;
  return new Map(text.split('\n').map((line) => [line.split(':', 1)[0] ?? '', line.replace(/^[^:]*:\s*/, '')]));
}

function argumentsOf(directory: string): string[] {
  const bytes = attempt(() => readFront(`${directory}/cmdline`, maxArgumentBytes));
  if (bytes === undefined || bytes.length === 0) return [];
  const text = bytes.toString('latin1').replace(/\0$/, '');
  return text.split('\0').map((argument) => escapeBytes(Buffer.from(argument, 'latin1')));
}

interface Descriptor {
  readonly link: string;
  readonly target: string;
  readonly flags: number;
}

/** What may still be read of a container. */
interface Room {
  descriptors: number;
  characters: number;
}

function descriptors(directory: string, room: Room): { readonly open: Descriptor[]; readonly omitted: number } {
  const numbers = attempt(() => readdirSync(`${directory}/fd`)) ?? [];
  const open: Descriptor[] = [];
  let tried = 0;
  for (const number of numbers.slice(0, maxDescriptors.process)) {
    if (room.descriptors === 0 || room.characters <= 0) break;
    tried += 1;
    const path = `${directory}/fd/${number}`;
    const target = linkTarget(path);
    const info = attempt(() => readFileSync(`${directory}/fdinfo/${number}`, 'utf8'));
    if (target === undefined || info === undefined) continue;
    room.descriptors -= 1;
    room.characters -= target.length;
    open.push({ link: path, target, flags: Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0', 8) });
  }
  return { open, omitted: numbers.length - tried };
}

const deleted = ' (deleted)';

/**
 * Where a link of /proc points to, as it was named while it had a name. The kernel says that a file is gone by adding to the
 * name what may be part of it; so the addition goes only where no name is left. Never by looking the name up: the file system
 * may be one that the container itself serves, or does not.
 */
function pathOf(link: string, target: string): string {
  return target.endsWith(deleted) && linkCount(link) === 0 ? target.slice(0, -deleted.length) : target;
}

/** `socket:[1]`, `pipe:[1]`, `anon_inode:…` are no files; a memfd looks like one of the root directory. */
function files(open: readonly Descriptor[]): BaselineFile[] {
  const paths = open.filter(({ target }) => target.startsWith('/'));
  return paths.map(({ link, target, flags }) => ({ path: pathOf(link, target), flags }));
}

/** Undefined if the process has ended. */
function sockets(directory: string): ProcSocket[] | undefined {
  const tables = [
    ['tcp', 'tcp'],
    ['tcp6', 'tcp'],
    ['udp', 'udp'],
    ['udp6', 'udp'],
  ] as const;
  const found = tables.flatMap(([table, protocol]) => {
    const bytes = attempt(() => readFront(`${directory}/net/${table}`, maxTableBytes));
    return bytes === undefined ? [] : [parseSockets(bytes.toString(), protocol)];
  });
  return found.length === 0 ? undefined : found.flat();
}

/** The containers of a pod share one network namespace: the first of its processes that lives shows all its sockets. */
function sharedSockets(hostProc: string, pids: readonly number[]): ReadonlyMap<string, ProcSocket> {
  for (const pid of pids) {
    const found = sockets(`${hostProc}/${pid}`);
    if (found !== undefined) return new Map(found.map((socket) => [socket.inode, socket]));
  }
  return new Map();
}

function readProcess(hostProc: string, pid: number, byInode: ReadonlyMap<string, ProcSocket>, room: Room) {
  const directory = `${hostProc}/${pid}`;
  const fields = status(directory);
  const executable = linkTarget(`${directory}/exe`);
  const stat = statText(hostProc, pid);
  if (fields === undefined || executable === undefined || stat === undefined) return undefined;
  const { open, omitted } = descriptors(directory, room);
  const held = open.flatMap(({ target }) => byInode.get(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '') ?? []);
  const mountNamespace = attempt(() => mountNamespaceOf(hostProc, pid));
  const process: BaselineProcess = {
    pid,
    ...(mountNamespace !== undefined && { mountNamespace }),
    ppid: Number(fields.get('PPid')),
    // One number for each pid namespace, the innermost last.
    namespacePid: Number(fields.get('NSpid')?.split(/\s+/).at(-1) ?? Number.NaN),
    executable: pathOf(`${directory}/exe`, executable),
    argv: argumentsOf(directory),
    terminal: parseStat(stat).terminal,
    files: files(open),
    sockets: held.map(({ protocol, local }) => ({ protocol, local })),
  };
  return { process, omitted };
}

/** @param pids the container's processes in the numbers of `hostProc`. */
export function readBaseline(hostProc: string, pids: readonly number[]): Baseline {
  const chosen = pids.slice(0, maxProcesses);
  const byInode = sharedSockets(hostProc, chosen);
  const room = { descriptors: maxDescriptors.container, characters: maxCharacters };
  const read = chosen.flatMap((pid) => readProcess(hostProc, pid, byInode, room) ?? []);
  return {
    processes: read.map(({ process }) => process),
    omitted: pids.length - chosen.length + read.reduce((sum, { omitted }) => sum + omitted, 0),
  };
}

/** Parent of a process; undefined if it has ended. */
export function parentOf(hostProc: string, pid: number): number | undefined {
  const parent = status(`${hostProc}/${pid}`)?.get('PPid');
  return parent === undefined ? undefined : Number(parent);
}

/** Inode of the mount namespace of a process. */
export function mountNamespaceOf(hostProc: string, pid: number): number {
  const target = readlinkSync(`${hostProc}/${pid}/ns/mnt`);
  const inode = /^mnt:\[(\d+)\]$/.exec(target)?.[1];
  if (inode === undefined)
    throw new Error(`${hostProc}/${pid}/ns/mnt points to ${target}, which is no mount namespace`);
  return Number(inode);
}
