/** From the kernel's boot clock, which stamps records, to the time of day. */
import { CLOCK_BOOTTIME, CLOCK_REALTIME, clockNanoseconds } from './bpf/libc.ts';

export interface BootClock {
  /** Milliseconds since the epoch, fractional. */
  toEpochMs(bootNanoseconds: number): number;
  /** Measures the distance of the two clocks again if the last time is long ago: the time of day can be set. */
  refresh(): void;
}

/** Nanoseconds of both clocks at one moment. */
export interface ClockReading {
  readonly boot: number;
  readonly epoch: number;
}

const REFRESH_NANOSECONDS = 10e9;

/** The two reads are a microsecond apart, far below the millisecond that anybody compares. */
function readClocks(): ClockReading {
  return { boot: clockNanoseconds(CLOCK_BOOTTIME), epoch: clockNanoseconds(CLOCK_REALTIME) };
}

export function createBootClock(read: () => ClockReading = readClocks): BootClock {
  let reading = read();
  return {
    toEpochMs: (bootNanoseconds) => (bootNanoseconds - reading.boot) / 1e6 + reading.epoch / 1e6,
    refresh: () => {
      const now = read();
      if (now.boot - reading.boot >= REFRESH_NANOSECONDS) reading = now;
    },
  };
}
