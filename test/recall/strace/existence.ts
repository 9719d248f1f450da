/**
 * Which files exist, replayed from the calls that make and remove names: strace does not say whether an open created its file.
 */
import { lstatSync } from 'node:fs';
import { join, posix } from 'node:path';
import { changes, nameAt, type NamePlace } from './changes.ts';
import { resolveParent } from './resolve.ts';
import type { TracedCall } from './read-trace.ts';

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
    const effect = changes[call.name];
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

  #path(call: TracedCall, place: NamePlace): string {
    return resolveParent(this.#root, nameAt(call, place));
  }
}
