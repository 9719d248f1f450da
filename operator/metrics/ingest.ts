import { Counter, type Registry } from 'prom-client';
import { outcomes, type Outcome } from '../learning/outcome.ts';

export interface IngestMetrics {
  readonly onOutcome: (outcome: Outcome) => void;
}

/** What became of snapshots. */
export function createIngestMetrics(registry: Registry): IngestMetrics {
  const snapshots = new Counter({
    name: 'snapshots_total',
    help: `Snapshots by what became of them: ${outcomes.join(', ')}.`,
    labelNames: ['result'],
    registers: [registry],
  });
  // A rate from nothing to one is no rate: every series begins at zero.
  for (const result of outcomes) snapshots.inc({ result }, 0);
  return { onOutcome: (result) => snapshots.inc({ result }) };
}
