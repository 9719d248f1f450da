/** A clock for simulations of days: what is due next runs next, at once, and nothing waits for promises. */
import TinyQueue from 'tinyqueue';
import { StandingClock } from '../../testing/standing-clock.ts';

interface Due {
  readonly at: number;
  /** Of two that are due together the earlier made runs first. */
  readonly number: number;
  run: (() => void) | undefined;
}

export class EventClock extends StandingClock {
  readonly #queue = new TinyQueue<Due>([], (a, b) => a.at - b.at || a.number - b.number);
  #number = 0;

  after(ms: number, run: () => void): () => void {
    const due: Due = { at: this.time + Math.max(0, ms), number: (this.#number += 1), run };
    this.#queue.push(due);
    return () => (due.run = undefined);
  }

  /** Runs all that is due until then. */
  runUntil(end: number): void {
    for (let next = this.#queue.peek(); next !== undefined && next.at <= end; next = this.#queue.peek()) {
      this.#queue.pop();
      this.time = next.at;
      next.run?.();
    }
    this.time = end;
  }
}
