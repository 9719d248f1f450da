/**
 * What /proc shows of a container that runs already: its processes, what they have open, where they listen. Read once when
 * a container is met late. Processes may end while they are read; these are left out.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { BaselineFile, BaselineProcess } from '../../core/activity/baseline.ts';
import { escapeBytes } from '../../core/event/escape.ts';
import { parseSockets, type ProcSocket } from './proc-net.ts';

/** Beyond these a container is described well enough; what is left out is counted. */
const maxProcesses = 1_024;
const maxDescriptors = 1_024;

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

function link(path: string): string | undefined {
  return attempt(() => escapeBytes(readlinkSync(path, 'buffer')));
}

/** Fields of /proc/PID/status by name. */
function status(directory: string): ReadonlyMap<string, string> | undefined {
  const text = attempt(() => readFileSync(`${directory}/status`, 'utf8'));
  if (text === undefined) return undefined;
  return new Map(text.split('\n').map((line) => [line.split(':', 1)[0] ?? '', line.replace(/^[^:]*:\s*/, '')]));
}

function argumentsOf(directory: string): string[] {
  const bytes = attempt(() => readFileSync(`${directory}/cmdline`));
  if (bytes === undefined || bytes.length === 0) return [];
  const text = bytes.toString('latin1').replace(/\0$/, '');
  return text.split('\0').map((argument) => escapeBytes(Buffer.from(argument, 'latin1')));
}

interface Descriptor {
  readonly target: string;
  readonly flags: number;
}

function descriptors(directory: string): { readonly open: Descriptor[]; readonly omitted: number } {
  const numbers = attempt(() => readdirSync(`${directory}/fd`)) ?? [];
  const open = numbers.slice(0, maxDescriptors).flatMap((number) => {
    const target = link(`${directory}/fd/${number}`);
    const info = attempt(() => readFileSync(`${directory}/fdinfo/${number}`, 'utf8'));
    if (target === undefined || info === undefined) return [];
    return [{ target, flags: Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0', 8) }];
  });
  return { open, omitted: Math.max(0, numbers.length - maxDescriptors) };
}

const deleted = / \(deleted\)$/;

/** `socket:[1]`, `pipe:[1]`, `anon_inode:…` are no files; a memfd looks like one of the root directory. */
function files(open: readonly Descriptor[]): BaselineFile[] {
  const paths = open.filter(({ target }) => target.startsWith('/'));
  return paths.map(({ target, flags }) => ({ path: target.replace(deleted, ''), flags }));
}

function sockets(directory: string): ProcSocket[] {
  const tables = [
    ['tcp', 'tcp'],
    ['tcp6', 'tcp'],
    ['udp', 'udp'],
    ['udp6', 'udp'],
  ] as const;
  return tables.flatMap(([table, protocol]) => {
    const text = attempt(() => readFileSync(`${directory}/net/${table}`, 'utf8'));
    return text === undefined ? [] : parseSockets(text, protocol);
  });
}

function readProcess(hostProc: string, pid: number, byInode: ReadonlyMap<string, ProcSocket>) {
  const directory = `${hostProc}/${pid}`;
  const fields = status(directory);
  const executable = link(`${directory}/exe`);
  if (fields === undefined || executable === undefined) return undefined;
  const { open, omitted } = descriptors(directory);
  const held = open.flatMap(({ target }) => byInode.get(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '') ?? []);
  const process: BaselineProcess = {
    pid,
    ppid: Number(fields.get('PPid')),
    // One number for each pid namespace, the innermost last.
    namespacePid: Number(fields.get('NSpid')?.split(/\s+/).at(-1) ?? Number.NaN),
    executable: executable.replace(deleted, ''),
    argv: argumentsOf(directory),
    files: files(open),
    sockets: held.map(({ protocol, local }) => ({ protocol, local })),
  };
  return { process, omitted };
}

/** @param pids the container's processes in the numbers of `hostProc`. */
export function readBaseline(hostProc: string, pids: readonly number[]): Baseline {
  const chosen = pids.slice(0, maxProcesses);
  // The containers of a pod share one network namespace: any of its processes shows all its sockets.
  const shown = chosen.map((pid) => sockets(`${hostProc}/${pid}`)).find((found) => found.length > 0) ?? [];
  const byInode = new Map(shown.map((socket) => [socket.inode, socket]));
  const read = chosen.flatMap((pid) => readProcess(hostProc, pid, byInode) ?? []);
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
