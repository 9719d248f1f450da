/** Finds out, once per container, what the runtime knows of it. */
import type { Observed } from './observed.ts';
import type { ObservationParts } from './profiling.ts';

/** The bundle is there before the container's first program; more tries are for a supervisor that was busy or restarted. */
export const lookUps = 5;

/** Returns true once it is clear that this is the sandbox of a pod. */
export function lookUp(
  { view, log, counters }: ObservationParts,
  container: Observed,
  supervisor: number | undefined,
): boolean {
  if (container.lookUpsLeft === 0 || supervisor === undefined) return false;
  container.lookUpsLeft -= 1;
  const { id, podUid } = container.identity;
  const answer = view.lookUp(id, supervisor);
  if (!answer.found) {
    counters.add('identity_failures_total');
    log.debug({ container: id, reason: answer.reason }, 'bundle not found');
    return false;
  }
  const { kind, ...names } = answer.identity;
  container.lookUpsLeft = 0;
  // The cgroup is kubelet's word on the pod; the bundle of a runtime that writes no annotations has none.
  container.identity = { id, ...names, podUid };
  return kind === 'sandbox';
}
