/**
 * Files that are costly to make and follow from their inputs alone, kept outside the checkout under a key of those inputs.
 * One version per name is kept: an older one is removed when its successor is finished, so the cache cannot grow with
 * every change.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { env, pid } from 'node:process';

/** `$XDG_CACHE_HOME/workload-security`, else in ~/.cache; `make clean-cache` removes it. */
export function cacheRoot(): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'workload-security');
}

interface Entry {
  readonly path: string;
  readonly executable: boolean;
  readonly bytes: Buffer | string;
}

async function* entriesUnder(path: string, name: string): AsyncGenerator<Entry> {
  const children = await readdir(path, { withFileTypes: true });
  for (const child of children.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const childPath = join(path, child.name);
    const childName = `${name}/${child.name}`;
    if (child.isDirectory()) yield* entriesUnder(childPath, childName);
    else if (child.isSymbolicLink()) yield { path: childName, executable: false, bytes: await readlink(childPath) };
    else yield await fileEntry(childPath, childName);
  }
}

async function fileEntry(path: string, name: string): Promise<Entry> {
  const { mode } = await stat(path);
  return { path: name, executable: (mode & 0o111) !== 0, bytes: await readFile(path) };
}

/**
 * 16 hex digits that change with any name, byte or executable bit of `paths` (files or whole folders) and with `values`.
 * Folders count by their base name, so that two checkouts share a cache.
 */
export async function contentKey(paths: readonly string[], values: readonly string[] = []): Promise<string> {
  const hash = createHash('sha256');
  // Lengths in front of the parts: no two different lists give the same bytes.
  const add = (part: Buffer | string): void => {
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  };
  for (const value of values) add(value);
  for (const path of paths) {
    const directory = (await stat(path)).isDirectory();
    const entries = directory ? entriesUnder(path, basename(path)) : [await fileEntry(path, basename(path))];
    for await (const entry of entries) {
      add(entry.path);
      add(entry.executable ? 'x' : '-');
      add(entry.bytes);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

export interface CachedFile {
  readonly path: string;
  /** Whether it had to be made now. */
  readonly made: boolean;
}

/**
 * The file (or folder) `<folder>/<name>-<key><extension>`, made by `make` if it is not there. `make` writes to a path beside it, which
 * is renamed when it is complete: a run that was cut short leaves nothing that looks finished.
 */
export async function cachedFile(
  target: { readonly folder: string; readonly name: string; readonly key: string; readonly extension: string },
  make: (path: string) => Promise<void>,
): Promise<CachedFile> {
  const { folder, name, key, extension } = target;
  const path = join(cacheRoot(), folder, `${name}-${key}${extension}`);
  const there = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (there !== undefined) return { path, made: false };
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${pid}.partial`;
  try {
    await make(partial);
    await rename(partial, path);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  await removeOthers(dirname(path), basename(path), { name, extension });
  return { path, made: true };
}

async function removeOthers(folder: string, keep: string, of: { name: string; extension: string }): Promise<void> {
  const keyLength = 16;
  for (const file of await readdir(folder)) {
    const sameName = file.startsWith(`${of.name}-`) && file.endsWith(of.extension);
    const sameShape = file.length === of.name.length + 1 + keyLength + of.extension.length;
    if (sameName && sameShape && file !== keep) await rm(join(folder, file), { recursive: true });
  }
}
