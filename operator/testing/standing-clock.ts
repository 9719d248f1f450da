/** What clocks of tests have in common: a time that only they move. */
import { sleepWith, type Clock } from '../clock.ts';

export abstract class StandingClock implements Clock {
  protected time: number;

  constructor(start: number) {
    this.time = start;
  }

  now(): number {
    return this.time;
  }

  settled(): number {
    return this.now();
  }

  monotonic(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepWith((delay, run) => this.after(delay, run), ms, signal);
  }

  abstract after(ms: number, run: () => void): () => void;
}
