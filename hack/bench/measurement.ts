/** The benchmark table. Times are ratios to a baseline of the same run, memory is absolute. */
import type { Summary } from './statistics.ts';

export interface Measurement {
  readonly what: string;
  readonly value: number;
  readonly unit:
    'MiB' | 'KiB' | 'ratio' | '% of a core' | 'events' | 'containers' | 'behaviours' | 'ns' | 'ms' | 's' | 'KiB/h';
  /** How far single rounds, or samples, lie around the value. */
  readonly spread?: Pick<Summary, 'low' | 'high' | 'count'>;
  /** In the same unit; absent where the design sets none. */
  readonly budget?: { readonly atMost: number } | { readonly atLeast: number };
  /** What a reader has to know to judge the value. */
  readonly note?: string;
}

type Verdict = 'pass' | 'FAIL' | '';

export function verdict({ value, budget }: Measurement): Verdict {
  if (budget === undefined) return '';
  const kept = 'atMost' in budget ? value <= budget.atMost : value >= budget.atLeast;
  return kept ? 'pass' : 'FAIL';
}

/** Three digits that count; no decimals for what is counted. */
function figure(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.max(0, Math.min(3, 2 - magnitude)));
}

function budgetText({ budget }: Measurement): string {
  if (budget === undefined) return '';
  return 'atMost' in budget ? `<= ${budget.atMost}` : `>= ${budget.atLeast}`;
}

function spreadText({ spread }: Measurement): string {
  return spread === undefined ? '' : `${figure(spread.low)}–${figure(spread.high)} (${spread.count})`;
}

/** Columns of text, as wide as they have to be; the last one as it is. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

const headings = ['what', 'value', 'unit', 'spread (n)', 'budget', '', ''];

/** JSON lines for machines, then a table for people. */
export function render(rows: readonly Measurement[]): string {
  const json = rows.map((row) => JSON.stringify({ ...row, verdict: verdict(row) || undefined }));
  const table = rows.map((row) => [
    row.what,
    figure(row.value),
    row.unit,
    spreadText(row),
    budgetText(row),
    verdict(row),
    row.note ?? '',
  ]);
  return [...json, '', ...align([headings, ...table])].join('\n');
}
