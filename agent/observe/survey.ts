/** Compares what is known with the cgroup file system: at the start, and later for what records were lost of. */
import type { Cgroup } from '../identify/cgroup-tree.ts';
import type { Capture } from '../kernel/capture.ts';
import { type Absence, gapOf } from './absence.ts';
import type { Containers } from './containers.ts';
import type { ContainerPlace, Lifecycle } from './lifecycle.ts';
import type { ObservationParts } from './profiling.ts';

const surveyMs = 60_000;

/** Pods lie one level below kubepods itself or its classes, containers one level below pods. */
export function watchLevel(capture: Capture, { id, place }: Pick<Cgroup, 'id' | 'place'>): void {
  if (place.level === 'kubepods' || place.level === 'qos') capture.watchChildren(id, 2);
  else if (place.level === 'pod') capture.watchChildren(id, 1);
}

export class Survey {
  readonly #parts: ObservationParts;
  readonly #containers: Containers;
  readonly #lifecycle: Lifecycle;
  #next = 0;
  /** Containers that the last survey met for the first time. */
  #unexplained: ReadonlySet<string> = new Set();

  constructor(parts: ObservationParts, containers: Containers, lifecycle: Lifecycle) {
    this.#parts = parts;
    this.#containers = containers;
    this.#lifecycle = lifecycle;
  }

  /**
   * Watches first, then looks again: what starts in between is found here or heard of, or both.
   * @param absent when nobody watched before `now`
   */
  first(now: number, absent: Absence | undefined): void {
    const { view, capture, counters } = this.#parts;
    for (const cgroup of view.cgroups()) watchLevel(capture, cgroup);
    const running = containersOf(view.cgroups());
    for (const { cgroup, place } of running) {
      const gap = absent && gapOf(absent, view.runningSince(cgroup.path));
      this.#lifecycle.found(cgroup, place, gap);
    }
    counters.add('containers_found_running_total', running.length);
    this.#next = now + surveyMs;
  }

  tick(now: number): void {
    if (now < this.#next) return;
    this.#next = now + surveyMs;
    const { view, capture } = this.#parts;
    const cgroups = view.cgroups();
    for (const cgroup of cgroups) watchLevel(capture, cgroup);
    this.#findEnded(cgroups, now);
    this.#findMissed(cgroups);
    for (const container of this.#containers) {
      const { kind } = container.activity;
      const open = container.lookUpsLeft > 0 && kind !== 'finished' && kind !== 'excluded';
      if (open) this.#lifecycle.identify(container, view.supervisor(container.cgroup.path));
    }
  }

  #findEnded(cgroups: readonly Cgroup[], now: number): void {
    const present = new Set(cgroups.map(({ id }) => id));
    for (const container of this.#containers) {
      const gone = container.activity.kind !== 'finished' && !present.has(container.cgroup.id);
      if (gone) this.#lifecycle.ended(container, now);
    }
  }

  /**
   * A container may be met here before its event is read, so only one that is still unknown at the next survey has been
   * missed.
   */
  #findMissed(cgroups: readonly Cgroup[]): void {
    const unknown = containersOf(cgroups).filter(({ cgroup }) => this.#containers.byCgroup(cgroup.id) === undefined);
    const missed = unknown.filter(({ place }) => this.#unexplained.has(place.containerId));
    for (const { cgroup, place } of missed) {
      this.#lifecycle.found(cgroup, place);
      this.#parts.counters.add('container_starts_total{seen="false"}');
    }
    this.#unexplained = new Set(unknown.map(({ place }) => place.containerId));
  }
}

function containersOf(cgroups: readonly Cgroup[]): { readonly cgroup: Cgroup; readonly place: ContainerPlace }[] {
  return cgroups.flatMap((cgroup) => (cgroup.place.level === 'container' ? [{ cgroup, place: cgroup.place }] : []));
}
