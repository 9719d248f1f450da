/** Follows the containers of this node: events go into trees, cgroups come and go, the operator's wishes are met. */
import {
  type BehaviourEvent,
  type CgroupEvent,
  isBehaviour,
  type KernelEvent,
  Purpose,
} from '../../core/event/event.ts';
import type { DesiredState } from '../../core/wire/agent.ts';
import { placeOf } from '../identify/cgroup-path.ts';
import type { Absence } from './absence.ts';
import { Containers } from './containers.ts';
import { Lifecycle } from './lifecycle.ts';
import { watchOf } from './observed.ts';
import { type ObservationParts, Profiling } from './profiling.ts';
import { Survey, watchLevel } from './survey.ts';

export class Observer {
  readonly #parts: ObservationParts;
  readonly #containers = new Containers();
  readonly #profiling: Profiling;
  readonly #lifecycle: Lifecycle;
  readonly #survey: Survey;

  constructor(parts: ObservationParts, desired: DesiredState) {
    this.#parts = parts;
    this.#profiling = new Profiling(parts, this.#containers, desired);
    this.#lifecycle = new Lifecycle(parts, this.#containers, this.#profiling);
    this.#survey = new Survey(parts, this.#containers, this.#lifecycle);
  }

  get containers(): Containers {
    return this.#containers;
  }

  get desired(): DesiredState {
    return this.#profiling.desired;
  }

  /** Takes stock of what runs already, after it has begun to watch for what is new. */
  start(now: number, absent?: Absence): void {
    this.#survey.first(now, absent);
  }

  handle(event: KernelEvent): void {
    if ('process' in event) {
      if (isBehaviour(event) && (event.purpose & Purpose.learning) !== 0) this.#behaved(event);
    } else if (event.type === 'cgroup_mkdir') this.#made(event);
    else this.#gone(event);
  }

  desire(desired: DesiredState, now: number): void {
    for (const id of desired.refused) {
      const container = this.#containers.byId(id);
      if (container !== undefined) this.#lifecycle.refuse(container);
    }
    this.#profiling.desire(desired, now);
    if (!desired.profiling) for (const container of this.#containers) this.#lifecycle.refuse(container);
  }

  /** Does what is due; cheap enough for several times a second. */
  tick(now: number): void {
    this.#profiling.grant(now);
    for (const container of this.#containers) this.#lifecycle.age(container, now);
    this.#survey.tick(now);
  }

  /** The agent ends: periods are cut short, but what they have seen is kept. */
  stop(now: number): void {
    for (const container of this.#containers.ofKind('profiling')) this.#profiling.finish(container, now);
  }

  #made({ cgroupId: id, path: eventPath, timestamp }: CgroupEvent): void {
    const path = this.#parts.view.localPath(eventPath);
    const place = placeOf(path);
    if (place.level === 'container') return this.#lifecycle.born({ id, path }, place, timestamp);
    watchLevel(this.#parts.capture, { id, place });
    // No container's process lives here: the kernel side need not keep a slot for it.
    if (place.level !== 'nested') this.#parts.capture.ignore(id);
  }

  #gone({ cgroupId, timestamp }: CgroupEvent): void {
    const container = this.#containers.byCgroup(cgroupId);
    if (container !== undefined) this.#lifecycle.ended(container, timestamp);
  }

  #behaved(event: BehaviourEvent): void {
    const container = this.#containers.byCgroup(event.cgroupId);
    const watch = container && watchOf(container);
    if (container === undefined || watch === undefined) {
      // Records of a container that has just been ignored are still on their way.
      this.#parts.counters.add('events_unwanted_total');
      return;
    }
    const before = watch.tree.entrypointAt;
    watch.tree.apply(event);
    const at = watch.tree.entrypointAt;
    if (event.type !== 'exec' || at === before || at === undefined) return;
    this.#lifecycle.identify(container, event.ppid);
    // The parent may have been the runtime itself, which has left the container to its supervisor since.
    if (container.lookUpsLeft > 0) {
      this.#lifecycle.identify(container, this.#parts.view.supervisor(container.cgroup.path));
    }
    if (container.activity.kind === 'excluded') return;
    if (before === undefined) this.#parts.counters.add('container_starts_total{seen="true"}');
    // What goes on after the start shall be seen to do so.
    container.renewAt = at + this.desired.startPhaseSeconds * 1_000;
  }
}
