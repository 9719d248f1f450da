/** A clock that stands still until a test moves it. */
import { setImmediate } from 'node:timers/promises';
import { StandingClock } from './standing-clock.ts';

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

export class FakeClock extends StandingClock {
  readonly #timers = new Set<Timer>();

  constructor(start = 1_700_000_000_000) {
    super(start);
  }

  after(ms: number, run: () => void): () => void {
    const timer = { due: this.time + Math.max(0, ms), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that are waiting; 0 after a clean stop. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets everything run that can run without time passing. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
  }

  /** Moves time on, firing timers in their order and letting what they start run before the next one. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await this.settle();
    for (let next = this.#earliest(end); next !== undefined; next = this.#earliest(end)) {
      this.#timers.delete(next);
      this.time = Math.max(this.time, next.due);
      next.run();
      await this.settle();
    }
    this.time = end;
  }

  #earliest(end: number): Timer | undefined {
    return [...this.#timers].filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0];
  }
}
