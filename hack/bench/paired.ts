/**
 * Measures configurations against each other: each round runs all of them, one after another, and each round begins with
 * another one. What the machine does meanwhile then disturbs all alike, and a ratio is taken within a round only.
 */
import { type Summary, summarize } from './statistics.ts';

/** Figures by their name; those of one series have the same names. */
export type Sample = Readonly<Record<string, number>>;

export interface Configuration {
  readonly name: string;
  readonly measure: () => Promise<Sample>;
}

/** Samples of each configuration by its name, in the order of the rounds. */
export type Series = ReadonlyMap<string, readonly Sample[]>;

export async function alternate(
  configurations: readonly Configuration[],
  rounds: number,
  progress: (text: string) => void,
): Promise<Series> {
  const series = new Map(configurations.map(({ name }) => [name, new Array<Sample>()]));
  for (let round = 0; round < rounds; round++) {
    const first = round % configurations.length;
    for (const { name, measure } of [...configurations.slice(first), ...configurations.slice(0, first)]) {
      progress(`round ${round + 1} of ${rounds}: ${name}`);
      series.get(name)?.push(await measure());
    }
  }
  return series;
}

/** Figures of one configuration. @throws Error if it or the figure is not there. */
export function figures(series: Series, configuration: string, figure: string): number[] {
  return (series.get(configuration) ?? []).map((sample) => {
    const value = sample[figure];
    if (value === undefined) throw new Error(`no figure "${figure}" of "${configuration}"`);
    return value;
  });
}

/** Round by round, the figure of one configuration by that of another. */
export function ratio(series: Series, figure: string, of: string, to: string): Summary {
  const baseline = figures(series, to, figure);
  return summarize(figures(series, of, figure).map((value, round) => value / (baseline[round] ?? Number.NaN)));
}
