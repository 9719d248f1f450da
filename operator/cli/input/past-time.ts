/** Times of the past, as people name them. */
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../../../core/duration.ts';

const written = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/**
 * @param text `2026-01-31` (midnight UTC), RFC 3339, or how long ago: `24h`, `1h30m`
 * @param now milliseconds since the epoch
 * @returns RFC 3339 in UTC
 * @throws InvalidArgumentError
 */
export function pastTime(text: string, now: number): string {
  const ago = parseDuration(text);
  const time = ago === undefined ? parseWritten(text) : now - ago;
  if (time === undefined) {
    throw new InvalidArgumentError(
      'It is a time such as 2026-01-31 or 2026-01-31T12:00:00Z, or how long ago, such as 24h or 1h30m.',
    );
  }
  if (time > now) throw new InvalidArgumentError(`That is in the future: here it is ${new Date(now).toISOString()}.`);
  return new Date(time).toISOString();
}

/** Days that no month has, such as 2026-02-30, would be of the next one. */
function parseWritten(text: string): number | undefined {
  const day = written.exec(text)?.[1];
  const [midnight, time] = [Date.parse(day ?? ''), Date.parse(text)];
  if (day === undefined || Number.isNaN(midnight) || Number.isNaN(time)) return undefined;
  return new Date(midnight).toISOString().startsWith(day) ? time : undefined;
}
