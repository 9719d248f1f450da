/** A clock for simulations of days: what is due next runs next, at once, and nothing waits for promises. */
import { sleepWith, type Clock } from '../../clock.ts';

interface Due {
  readonly at: number;
  /** Of two that are due together the earlier made runs first. */
  readonly number: number;
  run: (() => void) | undefined;
}

const before = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.number < b.number);

export class EventClock implements Clock {
  /** A binary heap: the parent of entry n is entry (n - 1) / 2. */
  readonly #heap: Due[] = [];
  #time: number;
  #number = 0;

  constructor(start: number) {
    this.#time = start;
  }

  now(): number {
    return this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepWith((delay, run) => this.after(delay, run), ms, signal);
  }

  after(ms: number, run: () => void): () => void {
    const due: Due = { at: this.#time + Math.max(0, ms), number: (this.#number += 1), run };
    this.#rise(due);
    return () => (due.run = undefined);
  }

  /** Runs all that is due until then. */
  runUntil(end: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#sink();
      this.#time = next.at;
      next.run?.();
    }
    this.#time = end;
  }

  #rise(due: Due): void {
    let place = this.#heap.push(due) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || !before(due, parent)) break;
      this.#heap[place] = parent;
      place = above;
    }
    this.#heap[place] = due;
  }

  /** Takes the first one away. */
  #sink(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    let place = 0;
    for (;;) {
      const [left, right] = [this.#heap[2 * place + 1], this.#heap[2 * place + 2]];
      const isRight = left !== undefined && right !== undefined && before(right, left);
      const child = isRight ? right : left;
      if (child === undefined || !before(child, last)) break;
      this.#heap[place] = child;
      place = 2 * place + (isRight ? 2 : 1);
    }
    this.#heap[place] = last;
  }
}
