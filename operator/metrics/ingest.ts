import { Counter, type Registry } from 'prom-client';
import { unwatched } from '../../core/activity/gaps.ts';
import { blindSpots, noLosses, type Snapshot } from '../../core/activity/snapshot.ts';
import { outcomes, type Outcome } from '../learning/outcome.ts';

export interface IngestMetrics {
  readonly onOutcome: (outcome: Outcome) => void;
  readonly onLearned: (snapshot: Snapshot) => void;
}

/** What became of snapshots, and what those that were accepted say of their own completeness. */
export function createIngestMetrics(registry: Registry): IngestMetrics {
  const snapshots = new Counter({
    name: 'snapshots_total',
    help: `Snapshots by what became of them: ${outcomes.join(', ')}.`,
    labelNames: ['result'],
    registers: [registry],
  });
  // A rate from nothing to one is no rate: every series begins at zero.
  for (const result of outcomes) snapshots.inc({ result }, 0);
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers: [registry] });
  const events = counter('snapshot_events_total', 'Records of containers that accepted snapshots were made from.');
  const gapSeconds = counter(
    'snapshot_gap_seconds_total',
    'Seconds that agents were down before or within accepted snapshots.',
  );
  const late = counter(
    'snapshots_without_start_total',
    'Accepted snapshots that did not see the start of their container.',
  );
  const blind = new Counter({
    name: 'snapshots_with_blind_spot_total',
    help: 'Accepted snapshots of containers that went a way past the agent, by the way.',
    labelNames: ['blind_spot'],
    registers: [registry],
  });
  for (const name of blindSpots) blind.inc({ blind_spot: name }, 0);
  const words = counter(
    'snapshot_words_unknown_total',
    'Words in accepted snapshots that only newer agents know, such as a new way to use a file; what they stood for is left out.',
  );
  const losses = new Counter({
    name: 'snapshot_losses_total',
    help: `Records missing from accepted snapshots: ${Object.keys(noLosses()).join(', ')}.`,
    labelNames: ['loss'],
    registers: [registry],
  });
  for (const loss of Object.keys(noLosses())) losses.inc({ loss }, 0);
  return {
    onOutcome: (result) => snapshots.inc({ result }),
    onLearned: (snapshot) => {
      events.inc(snapshot.events);
      gapSeconds.inc(unwatched(snapshot.gaps, 0, snapshot.to) / 1_000);
      if (!snapshot.startSeen) late.inc();
      words.inc(snapshot.notUnderstood ?? 0);
      for (const name of snapshot.blindSpots) blind.inc({ blind_spot: name });
      for (const [loss, count] of Object.entries(snapshot.losses)) losses.inc({ loss }, count);
    },
  };
}
