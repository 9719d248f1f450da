import type { ContainerProbes, DesiredState } from '../../core/wire/agent.ts';
import type { Grant, SchedulingSettings } from './grant.ts';

/** As in {@link DesiredState}: an agent reports at most 1,000 containers, so no more can be refused. */
const refusedLimit = 1_000;

/** What a node should be doing; lists in a stable order, so that equal states are equal texts. */
export function desiredState(
  version: number,
  settings: SchedulingSettings,
  wishes: {
    readonly grants: readonly Grant[];
    readonly refused: readonly string[];
    readonly probes: readonly ContainerProbes[];
    /** Digests, sorted. */
    readonly profiles: readonly string[];
  },
): DesiredState {
  const { grants, refused, probes, profiles } = wishes;
  return {
    type: 'desired',
    version,
    profiling: settings.enabled,
    startPhaseSeconds: settings.startPhaseSeconds,
    maxSlots: settings.maxContainersPerNode,
    slots: grants
      .map(({ slotId, containerId, periodSeconds }) => ({ slotId, containerId, periodSeconds }))
      .toSorted((a, b) => (a.slotId < b.slotId ? -1 : 1)),
    refused: refused.toSorted().slice(0, refusedLimit),
    probes: [...probes],
    profiles: [...profiles],
  };
}

/** Equal but for the version. */
export function sameContent(a: DesiredState, b: DesiredState): boolean {
  return JSON.stringify({ ...a, version: 0 }) === JSON.stringify({ ...b, version: 0 });
}
