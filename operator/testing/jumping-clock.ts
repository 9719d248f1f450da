/** A clock of a host that people and time services set: its wall clock jumps, its monotonic one does not. */
import { settledTime } from '../settled-time.ts';
import { FakeClock } from './fake-clock.ts';

export class JumpingClock extends FakeClock {
  #offset = 0;
  readonly #settled = settledTime(this);

  override now(): number {
    return this.time + this.#offset;
  }

  override settled(): number {
    return this.#settled();
  }

  /** Sets the wall clock forward, or back. */
  jump(ms: number): void {
    this.#offset += ms;
  }

  /** Time passes, and no timer fires. */
  pass(ms: number): void {
    this.time += ms;
  }
}
