/** How containers come, wait for a slot, and go; what happens under a slot is in `Profiling`. */
import type { Gap } from '../../core/activity/snapshot.ts';
import { provisionalShare } from '../../core/activity/tree.ts';
import type { Containers } from './containers.ts';
import { lookUp, lookUps } from './identification.ts';
import { type Observed, watchOf } from './observed.ts';
import { type ObservationParts, type Profiling, renewMs, waitForSlotMs } from './profiling.ts';
import { shortfallOf, usesOf, watchFromBirth } from './watch.ts';

/** Trees without a slot; what they may hold together is told at `provisionalBytes`. */
const maxProvisional = 64;
const maxFinished = 32;
/** The operator forgets containers of deleted pods after an hour: no slot comes for them any more. */
const finishedMs = 3_600_000;

export interface ContainerPlace {
  readonly containerId: string;
  readonly podUid: string;
}

export class Lifecycle {
  readonly #parts: ObservationParts;
  readonly #containers: Containers;
  readonly #profiling: Profiling;

  constructor(parts: ObservationParts, containers: Containers, profiling: Profiling) {
    this.#parts = parts;
    this.#containers = containers;
    this.#profiling = profiling;
  }

  /** The cgroup of a container was made. */
  born(cgroup: Observed['cgroup'], place: ContainerPlace, at: number): void {
    // Met by the first survey and granted a slot before the event of its creation was read.
    if (this.#containers.byId(place.containerId)?.activity.kind === 'profiling') return;
    const wanted = place.podUid !== this.#parts.ownPodUid && this.#profiling.desired.profiling;
    const container = this.#add(cgroup, place, wanted ? at : undefined);
    if (container === undefined || !wanted) this.#parts.capture.ignore(cgroup.id);
    else this.#beProvisional(container, at);
  }

  /** A container that runs already, or whose creation was not reported. */
  found(cgroup: Observed['cgroup'], place: ContainerPlace, gap?: Gap): void {
    const container = this.#add(cgroup, place, undefined);
    if (container?.activity.kind !== 'idle') return;
    if (gap !== undefined) container.gaps = [gap];
    this.identify(container, this.#parts.view.supervisor(cgroup.path));
  }

  identify(container: Observed, supervisor: number | undefined): void {
    if (!lookUp(this.#parts, container, supervisor)) return;
    if (watchOf(container) !== undefined) this.#parts.capture.ignore(container.cgroup.id);
    container.activity = { kind: 'excluded' };
  }

  /** `startedAt` is undefined if the start was not, or not to be, watched. Undefined, and counted, if there is no room. */
  #add(
    cgroup: Observed['cgroup'],
    { containerId, podUid }: ContainerPlace,
    startedAt: number | undefined,
  ): Observed | undefined {
    if (this.#containers.full) {
      this.#parts.counters.add('containers_dropped_total');
      return undefined;
    }
    const container: Observed = {
      cgroup,
      identity: { id: containerId, name: '', podUid, podName: '', podNamespace: '' },
      lookUpsLeft: lookUps,
      startSeen: startedAt !== undefined,
      startedAt,
      endedAt: undefined,
      gaps: [],
      renewAt: Number.POSITIVE_INFINITY,
      activity: { kind: podUid === this.#parts.ownPodUid ? 'excluded' : 'idle' },
    };
    this.#containers.add(container);
    return container;
  }

  #beProvisional(container: Observed, at: number): void {
    const { capture, counters } = this.#parts;
    const tree = this.#profiling.tree(container, true, provisionalShare(1));
    container.activity = {
      kind: 'provisional',
      watch: watchFromBirth(capture, tree, at),
      until: at + waitForSlotMs,
    };
    this.#shareBytes();
    const [oldest, ...others] = this.#containers.ofKind('provisional');
    if (oldest === undefined || others.length < maxProvisional) return;
    this.#idle(oldest);
    counters.add('trees_dropped_total{state="provisional",reason="limit"}');
  }

  /** Finished trees grow no more, but what they hold counts. */
  #shareBytes(): void {
    const waiting = [...this.#containers.ofKind('provisional')];
    const share = provisionalShare(waiting.length + [...this.#containers.ofKind('finished')].length);
    for (const { activity } of waiting) {
      if (activity.kind === 'provisional') activity.watch.tree.setMaxBytes(share);
    }
  }

  /** Does what is due for this container. */
  age(container: Observed, now: number): void {
    const { activity } = container;
    if (activity.kind === 'profiling' && now >= activity.until) this.#profiling.finish(container, now);
    else if (isWaiting(activity) && now >= activity.until) this.#idle(container);
    else if (activity.kind === 'finished' && now >= (container.endedAt ?? 0) + finishedMs) this.#drop(container, 'age');
    if (watchOf(container) === undefined || now < container.renewAt) return;
    this.#parts.capture.newEpoch(container.cgroup.id);
    container.renewAt = now + renewMs;
  }

  /** No slot will come. A period that has begun is not concerned. */
  refuse(container: Observed): void {
    if (container.activity.kind === 'finished') this.#containers.remove(container);
    else if (isWaiting(container.activity)) this.#idle(container);
  }

  /** Nobody waits for this tree any longer. */
  #idle(container: Observed): void {
    const { activity } = container;
    if (activity.kind === 'provisional' && activity.watch.tree.entrypointAt === undefined) {
      // CRI-O makes a cgroup like a container's for a pod that needs no pause container: nothing ever runs in it.
      const runs = this.#parts.view.supervisor(container.cgroup.path) !== undefined;
      this.#parts.counters.add(runs ? 'container_starts_total{seen="false"}' : 'containers_never_started_total');
    }
    this.#parts.capture.ignore(container.cgroup.id);
    container.activity = { kind: 'idle' };
  }

  #drop(container: Observed, reason: 'age' | 'limit'): void {
    this.#containers.remove(container);
    this.#parts.counters.add(`trees_dropped_total{state="finished",reason="${reason}"}`);
  }

  /** Its cgroup is gone. */
  ended(container: Observed, at: number): void {
    const { activity } = container;
    container.endedAt = at;
    if (activity.kind === 'profiling') this.#profiling.finish(container, at);
    else if (activity.kind === 'provisional' && activity.watch.tree.entrypointAt !== undefined) {
      this.#beFinished(container, activity.watch);
    } else {
      // One that never began: the runtime failed to start it, for instance because its program does not exist.
      if (activity.kind === 'provisional') this.#parts.counters.add('containers_never_started_total');
      this.#containers.remove(container);
    }
  }

  #beFinished(container: Observed, watch: Extract<Observed['activity'], { kind: 'provisional' }>['watch']): void {
    const shortfall = shortfallOf(this.#parts.capture, container.cgroup.id, watch);
    const uses = usesOf(this.#parts.capture, container.cgroup.id);
    container.activity = { kind: 'finished', watch, shortfall, uses };
    this.#containers.forgetCgroup(container);
    const [oldest, ...others] = this.#containers.ofKind('finished');
    if (oldest !== undefined && others.length >= maxFinished) this.#drop(oldest, 'limit');
  }
}

function isWaiting(
  activity: Observed['activity'],
): activity is Extract<Observed['activity'], { kind: 'provisional' | 'lingering' }> {
  return activity.kind === 'provisional' || activity.kind === 'lingering';
}
