/** One row of the benchmark table. Times are ratios to a baseline of the same run, memory is absolute. */
export interface Measurement {
  readonly what: string;
  readonly value: number;
  readonly unit: 'MiB' | 'ratio' | 's' | 'count' | 'KiB';
  /** The budget, in the same unit; absent where the design sets none. */
  readonly budget?: number;
}

/** JSON lines for machines, then a table for people. */
export function render(rows: readonly Measurement[]): string {
  const width = Math.max(...rows.map(({ what }) => what.length));
  const json = rows.map((row) => JSON.stringify(row));
  const table = rows.map(({ what, value, unit, budget }) => {
    const limit = budget === undefined ? '' : `   (budget ${budget} ${unit})`;
    // One digit also where it is a zero: the points stand below each other.
    const figure = unit === 'MiB' || unit === 'KiB' ? value.toFixed(1) : String(value);
    return `${what.padEnd(width)}  ${figure.padStart(10)} ${unit}${limit}`;
  });
  return [...json, '', ...table].join('\n');
}
