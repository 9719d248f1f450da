/**
 * Writes docs/reference/metrics.md from the metrics themselves; with `--check` changes nothing and fails if it is stale.
 *
 *     node operator/metrics/docs.ts [--check]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '../clock.ts';
import { createProfileMetrics } from '../controllers/security-profile/metrics.ts';
import { createKubeMetrics } from '../kube/metrics.ts';
import { createServerMetrics } from '../server/metrics.ts';
import { createAgentMetrics } from './agents.ts';
import { createBlobMetrics } from './blobs.ts';
import { createCheckMetrics } from './checks.ts';
import { createClockMetrics } from './clock.ts';
import { createIngestMetrics } from './ingest.ts';
import { createInventoryMetrics } from './inventory.ts';
import { nameOf, OperatorRegistry } from './registry.ts';
import { createSchedulingMetrics } from './scheduling.ts';
import { createStoreMetrics } from './store.ts';

/** Described, never read. */
const notRead = (): never => {
  throw new Error('this metric has no source here');
};

/** Every part of the operator that counts, in the order of the page. */
const sections: readonly { readonly title: string; readonly register: (registry: OperatorRegistry) => void }[] = [
  { title: 'Agents', register: (registry) => void createAgentMetrics(registry, systemClock) },
  {
    title: 'Scheduling',
    register: (registry) =>
      createSchedulingMetrics(registry, { counts: notRead, nodeCounts: notRead, reasons: notRead }, systemClock),
  },
  {
    title: 'Inventory',
    register: (registry) =>
      createInventoryMetrics(registry, {
        get counts() {
          return notRead();
        },
      }),
  },
  { title: 'Snapshots', register: (registry) => void createIngestMetrics(registry) },
  { title: 'Profiles', register: (registry) => void createProfileMetrics(registry) },
  { title: 'What profiles do not know', register: (registry) => void createCheckMetrics(registry) },
  { title: 'Compiled profiles', register: (registry) => void createBlobMetrics(registry) },
  { title: 'Store', register: (registry) => createStoreMetrics(registry, { usage: notRead, pending: notRead }) },
  { title: 'Server', register: (registry) => void createServerMetrics(registry) },
  { title: 'Kubernetes client', register: (registry) => void createKubeMetrics(registry) },
  { title: 'Clock', register: (registry) => createClockMetrics(registry, { now: notRead, settled: notRead }) },
];

function section(title: string, register: (registry: OperatorRegistry) => void): string {
  const registry = new OperatorRegistry();
  register(registry);
  const lines = registry.getMetricsAsArray().map((metric) => {
    const { name, labels } = nameOf(metric);
    const kinds = [metric.type, ...labels.map((label) => `\`${label}\``)].join(', ');
    return `- \`${name}\` (${kinds}): ${metric.help}`;
  });
  return `## ${title}\n\n${lines.join('\n')}\n`;
}

/** The page. Throws if two parts use one name. */
export function metricsPage(): string {
  const together = new OperatorRegistry();
  for (const { register } of sections) register(together);
  const head = [
    '<!-- Generated from the metrics of operator/ by "make generate". Change them there. -->',
    '# Metrics',
    'The operator serves its metrics, and those of all agents, at `/metrics` in the text format of Prometheus. In brackets: type and labels. Beside these stand the metrics of the process, `process_*` and `nodejs_*`.',
  ];
  return `${head.join('\n\n')}\n\n${sections.map(({ title, register }) => section(title, register)).join('\n')}`;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const file = fileURLToPath(new URL('../../docs/reference/metrics.md', import.meta.url));
  const page = metricsPage();
  const isFresh = existsSync(file) && readFileSync(file, 'utf8') === page;
  if (!isFresh && values.check) {
    process.stderr.write(`${file} is stale: run "make generate" and commit the result\n`);
    process.exitCode = 1;
  } else if (!isFresh) writeFileSync(file, page);
}
