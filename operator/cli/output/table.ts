/** Columns as kubectl prints them: three spaces apart, no lines. */
import { shortDuration } from './duration.ts';
import { safe } from './safe.ts';

const gap = '   ';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows.map((row) => row.map(safe))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = (line: readonly string[]): string =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(gap)
      .trimEnd();
  return lines.map((line) => `${text(line)}\n`).join('');
}

/** Age in the shortest words that say enough: `45s`, `12m`, `7h`, `3d`. Empty for what is no time. */
export function age(time: string | undefined, now: number): string {
  const at = Date.parse(time ?? '');
  if (Number.isNaN(at)) return '';
  return shortDuration(Math.max(0, Math.floor((now - at) / 1_000)));
}
