/** The projections that an informer holds, with indexes that answer without a scan. */

export interface CacheEntry<T> {
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly value: T;
}

/** The values under which an object is found; few per object. */
export type Index<T> = (value: T) => readonly string[];

export class ObjectCache<T> {
  readonly #entries = new Map<string, CacheEntry<T>>();
  readonly #indexes: ReadonlyMap<string, Index<T>>;
  /** Index name -> value -> keys. */
  readonly #postings = new Map<string, Map<string, Set<string>>>();

  constructor(indexes: Readonly<Record<string, Index<T>>>) {
    this.#indexes = new Map(Object.entries(indexes));
    for (const name of this.#indexes.keys()) this.#postings.set(name, new Map());
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): CacheEntry<T> | undefined {
    return this.#entries.get(key);
  }

  entries(): IterableIterator<CacheEntry<T>> {
    return this.#entries.values();
  }

  /** @throws Error if there is no such index: a mistake of the program, not of its input */
  byIndex(name: string, value: string): T[] {
    const postings = this.#postings.get(name);
    if (postings === undefined)
      throw new Error(`no index ${name}; there are: ${[...this.#postings.keys()].join(', ')}`);
    const found: T[] = [];
    for (const key of postings.get(value) ?? []) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) found.push(entry.value);
    }
    return found;
  }

  set(entry: CacheEntry<T>): CacheEntry<T> | undefined {
    const old = this.delete(entry.key);
    this.#entries.set(entry.key, entry);
    this.#eachPosting(entry, (postings, value) => {
      const keys = postings.get(value);
      if (keys === undefined) postings.set(value, new Set([entry.key]));
      else keys.add(entry.key);
    });
    return old;
  }

  delete(key: string): CacheEntry<T> | undefined {
    const old = this.#entries.get(key);
    if (old === undefined) return undefined;
    this.#entries.delete(key);
    this.#eachPosting(old, (postings, value) => {
      const keys = postings.get(value);
      keys?.delete(key);
      if (keys?.size === 0) postings.delete(value);
    });
    return old;
  }

  #eachPosting(entry: CacheEntry<T>, visit: (postings: Map<string, Set<string>>, value: string) => void): void {
    for (const [name, index] of this.#indexes) {
      const postings = this.#postings.get(name);
      if (postings === undefined) continue;
      for (const value of index(entry.value)) visit(postings, value);
    }
  }
}
