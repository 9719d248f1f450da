import { Counter, Gauge, type Registry } from 'prom-client';
import type { Compiling } from '../learning/compiled-profiles.ts';
import type { Checked } from '../learning/unknown.ts';

export type CheckMetrics = ReturnType<typeof createCheckMetrics>;

/** Questions about what a profile does not know. */
export function createCheckMetrics(registry: Registry) {
  const registers = [registry];
  const compiled = new Counter({
    name: 'profile_checks_total',
    help: 'Times that snapshots were compared with a profile, by whether its compiled form was there: cached, compiled.',
    labelNames: ['profile'],
    registers,
  });
  for (const profile of ['cached', 'compiled']) compiled.inc({ profile }, 0);
  const snapshots = new Counter({
    name: 'profile_checks_snapshots_total',
    help: 'Snapshots that were compared with profiles.',
    registers,
  });
  const unreadable = new Counter({
    name: 'profile_checks_unreadable_total',
    help: 'Stored snapshots that could not be compared with profiles, since they are damaged or without what was known of them.',
    registers,
  });
  const omitted = new Counter({
    name: 'profile_checks_omitted_total',
    help: 'Behaviours that were not known and found no room in an answer.',
    registers,
  });
  const kept = new Gauge({
    name: 'compiled_profiles',
    help: 'Compiled profiles that are kept for the next question; at most 32 of 400 KB.',
    registers,
  });
  return {
    onProfile: (profile: Compiling) => compiled.inc({ profile }),
    onChecked: (facts: Checked) => {
      unreadable.inc(facts.unreadable);
      snapshots.inc(facts.snapshots);
      omitted.inc(facts.omitted);
      kept.set(facts.kept);
    },
    /** None is kept any more. */
    onForgotten: () => kept.set(0),
  };
}
