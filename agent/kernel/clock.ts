/** From the kernel's boot clock, which stamps records, to the time of day. */
import { CLOCK_BOOTTIME, CLOCK_REALTIME, clockNanoseconds } from './bpf/libc.ts';

export interface BootClock {
  /** Milliseconds since the epoch, fractional. */
  toEpochMs(bootNanoseconds: number): number;
  /** Measures the distance of the two clocks again if the last time is long ago: the time of day can be set. */
  refresh(): void;
}

/** Nanoseconds of both clocks at one moment, or as near to one as it could be had. */
export interface ClockReading {
  readonly boot: number;
  readonly epoch: number;
  /** A microsecond, as a rule. On a busy machine others may have their turn in between, for milliseconds. */
  readonly took: number;
}

const REFRESH_NANOSECONDS = 10e9;

function readClocks(): ClockReading {
  const boot = clockNanoseconds(CLOCK_BOOTTIME);
  const epoch = clockNanoseconds(CLOCK_REALTIME);
  return { boot, epoch, took: clockNanoseconds(CLOCK_BOOTTIME) - boot };
}

export function createBootClock(read: () => ClockReading = readClocks): BootClock {
  /** Off by far less than the millisecond that anybody compares. */
  const quickestOfThree = (): ClockReading =>
    [read(), read(), read()].reduce((best, next) => (next.took < best.took ? next : best));
  let reading = quickestOfThree();
  return {
    toEpochMs: (bootNanoseconds) => (bootNanoseconds - reading.boot) / 1e6 + reading.epoch / 1e6,
    refresh: () => {
      const now = quickestOfThree();
      if (now.boot - reading.boot >= REFRESH_NANOSECONDS) reading = now;
    },
  };
}
