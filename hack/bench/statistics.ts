/** What is said of a series of figures: its middle, and how far the figures of single rounds lie around it. */
export interface Summary {
  readonly median: number;
  /** The tenth and ninetieth percentile; with fewer than ten figures, the smallest and the largest. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** Interpolates between neighbours. `sorted` is not empty. */
function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const [below = Number.NaN, above = below] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place % 1);
}

/** @throws Error without figures: nothing can be said of nothing. */
export function summarize(figures: readonly number[]): Summary {
  if (figures.length === 0) throw new Error('no figures to summarise');
  const sorted = figures.toSorted((a, b) => a - b);
  const margin = sorted.length < 10 ? 0 : 0.1;
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, margin),
    high: quantile(sorted, 1 - margin),
    count: sorted.length,
  };
}

export function median(figures: readonly number[]): number {
  return summarize(figures).median;
}

/** Least squares: how much y grows when x grows by one; 0 if x does not. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return variance === 0 ? 0 : covariance / variance;
}
