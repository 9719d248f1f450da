/** Points in time as they come over the wire: milliseconds since the epoch. */
import { z } from 'zod';

/**
 * 9999-12-31T23:59:59.999Z, the last moment that RFC 3339 can write. A later one would pass as a number and fail where it
 * becomes text: in a profile's evidence, for good.
 */
export const latestEpochMs = 253_402_300_799_999;

const advice =
  'must be milliseconds since 1970 and no later than the year 9999: other units, or a wrong clock, are not taken';

/** May have a fraction, as the kernel's clocks do. NaN and Infinity are no JSON; `null`, what writers make of them, is refused. */
export const epochMs = z.number(advice).nonnegative(advice).max(latestEpochMs, advice);

/** Without a fraction. */
export const wholeEpochMs = epochMs.int('must be whole milliseconds since 1970');
