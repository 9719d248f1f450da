import { Registry, type Metric } from 'prom-client';

export const metricPrefix = 'workload_security_';

/** Metrics of the process itself have names of their own, which dashboards know. */
const common = /^(process|nodejs)_/;

/**
 * The registry of the operator. Who counts names its metrics by what they are; the product's prefix is put before them here,
 * where they come together.
 */
export class OperatorRegistry extends Registry {
  override registerMetric<T extends string>(metric: Metric<T>): void {
    const { name } = nameOf(metric);
    if (!common.test(name)) Object.assign(metric, { name: `${metricPrefix}${name}` });
    super.registerMetric(metric);
  }
}

/** Name and labels of a metric, which the library's types leave out. */
export function nameOf(metric: object): { readonly name: string; readonly labels: readonly string[] } {
  if (!('name' in metric) || typeof metric.name !== 'string') throw new TypeError('a metric without a name');
  const labels: readonly unknown[] =
    'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : [];
  return { name: metric.name, labels: labels.map(String) };
}
