/**
 * Which files exist, replayed from the calls that make and remove names: strace does not say whether an open created its file.
 */
import { lstatSync } from 'node:fs';
import { join, posix } from 'node:path';
import { noteOf, stringOf, unescape } from './parse-line.ts';
import { resolveParent } from './resolve.ts';
import type { TracedCall } from './read-trace.ts';

/** Positions of directory descriptor (-1: none) and name of what a call removes and makes. */
const EFFECTS: Readonly<
  Record<string, { readonly removes?: readonly [number, number]; readonly makes?: readonly [number, number] }>
> = {
  unlink: { removes: [-1, 0] },
  unlinkat: { removes: [0, 1] },
  rmdir: { removes: [-1, 0] },
  mkdir: { makes: [-1, 0] },
  mkdirat: { makes: [0, 1] },
  rename: { removes: [-1, 0], makes: [-1, 1] },
  renameat: { removes: [0, 1], makes: [2, 3] },
  renameat2: { removes: [0, 1], makes: [2, 3] },
  link: { makes: [-1, 1] },
  linkat: { makes: [2, 3] },
};

export class Existence {
  readonly #lower: string;
  readonly #root: string;
  /** What differs from the lower layer, by path; a folder's removal or move counts for all below it. */
  readonly #changes = new Map<string, boolean>();

  /**
   * @param lower the root file system before anything ran
   * @param root the same, mounted, with all changes
   */
  constructor(lower: string, root: string) {
    this.#lower = lower;
    this.#root = root;
  }

  has(path: string): boolean {
    for (let at = path; at !== '/'; at = posix.dirname(at)) {
      const change = this.#changes.get(at);
      if (change === false) return false;
      if (change === true && at === path) return true;
    }
    // Mounts of the container: what the runtime put there exists, all else showed itself when it was made.
    if (/^\/(proc|sys|dev\/(?!shm\/))/.test(path)) return true;
    return lstatSync(join(this.#lower, path), { throwIfNoEntry: false }) !== undefined;
  }

  /** Whether it did not exist before. */
  make(path: string): boolean {
    const isNew = !this.has(path);
    this.#changes.set(path, true);
    return isNew;
  }

  apply(call: TracedCall): void {
    const effect = EFFECTS[call.name];
    if (effect === undefined || call.result !== 0) return;
    const from = effect.removes && this.#path(call, effect.removes);
    const to = effect.makes && this.#path(call, effect.makes);
    const inside = from === undefined ? [] : this.#remove(from);
    if (to === undefined) return;
    for (const rest of ['', ...inside]) this.#changes.set(to + rest, true);
  }

  /** Gives what went with it: the ends of the paths below. */
  #remove(path: string): string[] {
    const below = this.#below(path);
    for (const each of below) this.#changes.delete(each);
    this.#changes.set(path, false);
    return below.map((each) => each.slice(path.length));
  }

  /** Made, and below this path. */
  #below(folder: string): string[] {
    return [...this.#changes].flatMap(([path, exists]) => (exists && path.startsWith(`${folder}/`) ? [path] : []));
  }

  #path({ args, cwd }: TracedCall, [directory, name]: readonly [number, number]): string {
    const base = directory === -1 ? cwd : unescape(noteOf(args[directory])).toString('latin1');
    const given = stringOf(args[name])?.toString('latin1') ?? '';
    return resolveParent(this.#root, posix.resolve(base, given));
  }
}
