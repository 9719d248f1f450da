/**
 * Runs tasks of one key one after the other, tasks of different keys side by side. What waits is bounded by the callers:
 * the server takes in only so many uploads at once.
 */
export class Serial {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Keys with a task that runs or waits. */
  get size(): number {
    return this.#last.size;
  }

  async run<Result>(key: string, task: () => Promise<Result>): Promise<Result> {
    // A task before this one that failed is its own caller's business.
    const result = (this.#last.get(key) ?? Promise.resolve()).then(task, task);
    this.#last.set(key, result);
    try {
      return await result;
    } finally {
      if (this.#last.get(key) === result) this.#last.delete(key);
    }
  }
}
