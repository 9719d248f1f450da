const units = { h: 3_600_000, m: 60_000, s: 1_000 } as const;
const pattern = /^(?=.)(?:([0-9]{1,5})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,5})s)?$/;

/** Milliseconds of a duration such as `30m` or `1h30m`; undefined if it is none. */
export function parseDuration(text: string): number | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, hours, minutes, seconds] = match;
  return Number(hours ?? 0) * units.h + Number(minutes ?? 0) * units.m + Number(seconds ?? 0) * units.s;
}

/** A time of hours and more, also before the first is over: `45s`, `12m`, `3.4h`. Rounded down: what says an hour has had one. */
export function formatHours(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / units.m);
  if (minutes === 0) return `${Math.floor(milliseconds / units.s)}s`;
  if (minutes < 60) return `${minutes}m`;
  const tenths = Math.floor(milliseconds / (units.h / 10));
  return `${Math.floor(tenths / 10)}.${tenths % 10}h`;
}

/** The shortest text for whole seconds of `milliseconds`: `30m`, `1h30m`, `0s`. */
export function formatDuration(milliseconds: number): string {
  let rest = Math.max(0, Math.floor(milliseconds / 1_000) * 1_000);
  const parts: string[] = [];
  for (const [unit, length] of Object.entries(units)) {
    const count = Math.floor(rest / length);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * length;
  }
  return parts.length === 0 ? '0s' : parts.join('');
}
