import type { Settings } from '../settings.ts';
import { compileExclusions } from './exclusion.ts';
import type { SchedulingSettings } from './grant.ts';

function schedulingSettings({ profiling, learning }: Settings): SchedulingSettings {
  return {
    enabled: profiling.enabled,
    maxContainersPerNode: profiling.maxContainersPerNode,
    periodSeconds: Math.max(1, Math.round(profiling.snapshotPeriodMs / 1_000)),
    startPhaseSeconds: Math.round(learning.startPhaseMs / 1_000),
    excluded: compileExclusions(profiling.exclude),
  };
}

/** Reads the settings that are in force; what is made of them is made once for each of their changes. */
export function settingsReader(read: () => Settings): () => SchedulingSettings {
  let source: Settings | undefined;
  let made: SchedulingSettings | undefined;
  return () => {
    const current = read();
    if (made === undefined || current !== source) made = schedulingSettings(current);
    source = current;
    return made;
  };
}
