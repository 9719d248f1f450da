/** Reads the cgroup file system: which cgroups kubelet has made, and which of them holds a process. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { type CgroupPlace, isKubepods, placeOf } from './cgroup-path.ts';

export interface Cgroup {
  /** Below the mount point of the hierarchy, beginning with `/`. */
  readonly path: string;
  /** Its inode, by which the kernel side knows it. */
  readonly id: bigint;
  readonly place: CgroupPlace;
}

/**
 * `kubepods` lies at the top, below one `cgroupRoot` or a few slices of it, or below the container of a node that is a
 * container; four levels have room for all of these, and keep the search out of the cgroups of users and services.
 */
const maxSearchDepth = 4;
/** 500 pods of three containers and their levels are 2,500; a tree larger than this is none of kubelet's. */
const maxCgroups = 10_000;

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => code === error.code);
}

/** Cgroups come and go while they are listed: one that is gone has no children. */
function children(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENODEV')) return [];
    throw error;
  }
}

/** Undefined if the cgroup is gone. */
export function cgroupId(mountPoint: string, path: string): bigint | undefined {
  return statSync(`${mountPoint}${path}`, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** Pids in this cgroup itself, in the numbers of our pid namespace; 0 stands for a process that is not visible there. */
export function processesIn(mountPoint: string, path: string): number[] {
  try {
    const lines = readFileSync(`${mountPoint}${path}/cgroup.procs`, 'utf8').split('\n');
    return lines.map(Number).filter((pid) => pid > 0);
  } catch (error) {
    // EOPNOTSUPP: a threaded cgroup of v2 does not say which processes it holds.
    if (hasCode(error, 'ENOENT', 'ENODEV', 'EOPNOTSUPP')) return [];
    throw error;
  }
}

/** All cgroups named like kubelet's top one. */
export function findKubepods(mountPoint: string): string[] {
  const found: string[] = [];
  let level = [''];
  for (let depth = 0; depth < maxSearchDepth && level.length > 0; depth += 1) {
    const next: string[] = [];
    for (const parent of level) {
      for (const name of children(`${mountPoint}${parent}`)) {
        (isKubepods(name) ? found : next).push(`${parent}/${name}`);
      }
    }
    level = next.slice(0, maxCgroups);
  }
  return found;
}

/** `kubepods` itself and what lies below it down to the containers, parents first. */
export function listCgroups(mountPoint: string, kubepods: string): Cgroup[] {
  const found: Cgroup[] = [];
  const pending = [kubepods];
  for (let path = pending.shift(); path !== undefined && found.length < maxCgroups; path = pending.shift()) {
    const id = cgroupId(mountPoint, path);
    if (id === undefined) continue;
    const place = placeOf(path);
    found.push({ path, id, place });
    if (place.level === 'container' || place.level === 'other') continue;
    for (const name of children(`${mountPoint}${path}`)) pending.push(`${path}/${name}`);
  }
  return found;
}

/** Ids of the cgroups that a container has made below its own, at most `limit`, parents first. */
export function nestedCgroups(mountPoint: string, path: string, limit: number): bigint[] {
  const found: bigint[] = [];
  const pending = [path];
  for (let at = pending.shift(); at !== undefined && found.length < limit; at = pending.shift()) {
    const id = at === path ? undefined : cgroupId(mountPoint, at);
    if (id !== undefined) found.push(id);
    for (const name of children(`${mountPoint}${at}`)) pending.push(`${at}/${name}`);
  }
  return found;
}

/** A container's processes, also those in cgroups that it made below its own. */
export function processesBelow(mountPoint: string, path: string): number[] {
  const pids: number[] = [];
  const pending = [path];
  let seen = 0;
  for (let at = pending.shift(); at !== undefined && seen < maxCgroups; at = pending.shift(), seen += 1) {
    pids.push(...processesIn(mountPoint, at));
    for (const name of children(`${mountPoint}${at}`)) pending.push(`${at}/${name}`);
  }
  return pids;
}
