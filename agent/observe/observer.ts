/** Follows the containers of this node: events go into trees, cgroups come and go, the operator's wishes are met. */
import { ActivityTree, provisionalBytes } from '../../core/activity/tree.ts';
import type { BehaviourEvent, CgroupEvent, KernelEvent } from '../../core/event/event.ts';
import type { DesiredState } from '../../core/wire/agent.ts';
import type { Cgroup } from '../identify/cgroup-tree.ts';
import { placeOf } from '../identify/cgroup-path.ts';
import { Containers } from './containers.ts';
import { type Observed, watchOf } from './observed.ts';
import { type ObservationParts, Profiling, renewMs, waitForSlotMs } from './profiling.ts';
import { lossesOf, watchFromBirth } from './watch.ts';

/** Trees without a slot; each has at most 256 KiB, so these two bounds are 16 and 8 MiB. */
const maxProvisional = 64;
const maxFinished = 32;
/** The operator forgets containers of deleted pods after an hour: no slot comes for them any more. */
const finishedMs = 3_600_000;
/** Looks for cgroups whose creation or end was not reported (records can be lost). */
const surveyMs = 60_000;
/** The bundle is there before the container's first program; more tries are for a supervisor that was busy or restarted. */
const lookUps = 5;

export class Observer {
  readonly #parts: ObservationParts;
  readonly #containers = new Containers();
  readonly #profiling: Profiling;
  #nextSurvey = 0;
  /** Containers that the last survey met for the first time. */
  #unexplained: ReadonlySet<string> = new Set();

  constructor(parts: ObservationParts, desired: DesiredState) {
    this.#parts = parts;
    this.#profiling = new Profiling(parts, this.#containers, desired);
  }

  get containers(): Containers {
    return this.#containers;
  }

  get desired(): DesiredState {
    return this.#profiling.desired;
  }

  /** Begins to watch for new containers, then takes stock of those that run: what starts in between is seen twice. */
  start(now: number): void {
    const cgroups = this.#parts.view.cgroups();
    this.#watchLevels(cgroups);
    for (const cgroup of this.#parts.view.cgroups()) {
      if (cgroup.place.level === 'container') this.#found(cgroup, cgroup.place.containerId, cgroup.place.podUid);
    }
    this.#nextSurvey = now + surveyMs;
    this.#parts.counters.add('containers_found_running_total', [...this.#containers].length);
  }

  handle(event: KernelEvent): void {
    switch (event.type) {
      case 'cgroup_mkdir':
        this.#made(event);
        break;
      case 'cgroup_rmdir':
        this.#gone(this.#containers.byCgroup(event.cgroupId), event.timestamp);
        break;
      case 'exec':
      case 'fork':
      case 'exit':
      case 'open':
      case 'connect':
      case 'bind':
      case 'listen':
      case 'accept':
      case 'dns':
        this.#behaved(event);
        break;
    }
  }

  desire(desired: DesiredState, now: number): void {
    for (const id of desired.refused) this.#refuse(this.#containers.byId(id));
    this.#profiling.desire(desired, now);
    if (!desired.profiling) for (const container of this.#containers) this.#refuse(container);
  }

  /** Does what is due; cheap enough for several times a second. */
  tick(now: number): void {
    this.#profiling.grant(now);
    for (const container of this.#containers) this.#age(container, now);
    if (now < this.#nextSurvey) return;
    this.#nextSurvey = now + surveyMs;
    this.#survey(now);
  }

  /** The agent ends: periods are cut short, but what they have seen is kept. */
  stop(now: number): void {
    for (const container of this.#containers.ofKind('profiling')) this.#profiling.finish(container, now);
  }

  #age(container: Observed, now: number): void {
    const { activity } = container;
    if (activity.kind === 'profiling' && now >= activity.until) this.#profiling.finish(container, now);
    else if ((activity.kind === 'provisional' || activity.kind === 'lingering') && now >= activity.until)
      this.#idle(container);
    else if (activity.kind === 'finished' && now >= (container.endedAt ?? 0) + finishedMs) this.#drop(container, 'age');
    if (watchOf(container) !== undefined && now >= container.renewAt) {
      this.#parts.capture.newEpoch(container.cgroup.id);
      container.renewAt = now + renewMs;
    }
  }

  #watchLevels(cgroups: readonly Cgroup[]): void {
    const { capture } = this.#parts;
    for (const { id, place } of cgroups) {
      // Pods lie one level below kubepods itself or its classes, containers one level below pods.
      if (place.level === 'kubepods' || place.level === 'qos') capture.watchChildren(id, 2);
      else if (place.level === 'pod') capture.watchChildren(id, 1);
    }
  }

  #made({ cgroupId, path, timestamp }: CgroupEvent): void {
    const { capture } = this.#parts;
    const place = placeOf(path);
    if (place.level === 'qos' || place.level === 'pod') {
      this.#watchLevels([{ id: cgroupId, path, place }]);
      // No process lives on these levels: the kernel side need not keep a slot for them.
      capture.ignore(cgroupId);
    } else if (place.level === 'container' && !this.#isProfiled(place.containerId)) {
      const wanted = place.podUid !== this.#parts.ownPodUid && this.desired.profiling;
      const container = this.#add({ id: cgroupId, path }, place, wanted ? timestamp : undefined);
      if (container === undefined || !wanted) return capture.ignore(cgroupId);
      this.#beProvisional(container, timestamp);
    } else if (place.level === 'other') {
      // Beside the containers of a pod, such as CRI-O's conmon.
      capture.ignore(cgroupId);
    }
  }

  /** Met by the first survey and granted a slot before the event of its creation was read. */
  #isProfiled(containerId: string): boolean {
    return this.#containers.byId(containerId)?.activity.kind === 'profiling';
  }

  /** `startedAt` is undefined if the start was not, or not to be, watched. Undefined, and counted, if there is no room. */
  #add(
    cgroup: Observed['cgroup'],
    { containerId, podUid }: { readonly containerId: string; readonly podUid: string },
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
      renewAt: Number.POSITIVE_INFINITY,
      activity: { kind: podUid === this.#parts.ownPodUid ? 'excluded' : 'idle' },
    };
    this.#containers.add(container);
    return container;
  }

  #beProvisional(container: Observed, at: number): void {
    const { capture, hostMountNamespace } = this.#parts;
    const { startPhaseSeconds } = this.desired;
    const tree = new ActivityTree({
      hostMountNamespace,
      startSeen: true,
      startPhaseSeconds,
      maxBytes: provisionalBytes,
    });
    const watch = watchFromBirth(capture, tree, at);
    container.activity = { kind: 'provisional', watch, until: at + waitForSlotMs };
    const [oldest, ...others] = this.#containers.ofKind('provisional');
    if (oldest === undefined || others.length < maxProvisional) return;
    this.#idle(oldest);
    this.#parts.counters.add('trees_dropped_total{state="provisional"}');
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
    this.#lookUp(container, event.ppid);
    // The parent was the runtime itself, which has ended since, and left the container to its supervisor.
    this.#lookUp(container, this.#parts.view.supervisor(container.cgroup.path));
    if (container.activity.kind !== 'provisional' && container.activity.kind !== 'profiling') return;
    if (before === undefined) this.#parts.counters.add('container_starts_total{seen="true"}');
    // What goes on after the start shall be seen to do so.
    container.renewAt = at + this.desired.startPhaseSeconds * 1_000;
  }

  #lookUp(container: Observed, supervisor: number | undefined): void {
    if (container.lookUpsLeft === 0 || supervisor === undefined) return;
    container.lookUpsLeft -= 1;
    const { view, log, counters } = this.#parts;
    const { id, podUid } = container.identity;
    const answer = view.lookUp(id, supervisor);
    if (!answer.found) {
      counters.add('identity_failures_total');
      log.debug({ container: id, reason: answer.reason }, 'bundle not found');
      return;
    }
    const { kind, ...names } = answer.identity;
    container.lookUpsLeft = 0;
    // The cgroup is kubelet's word on the pod; the bundle of a runtime that writes no annotations has none.
    container.identity = { id, ...names, podUid };
    if (kind === 'sandbox') this.#exclude(container);
  }

  #exclude(container: Observed): void {
    if (watchOf(container) !== undefined) this.#parts.capture.ignore(container.cgroup.id);
    container.activity = { kind: 'excluded' };
  }

  /** Nobody waits for this tree any longer. */
  #idle(container: Observed): void {
    const { activity } = container;
    if (activity.kind === 'provisional' && activity.watch.tree.entrypointAt === undefined) {
      this.#parts.counters.add('container_starts_total{seen="false"}');
    }
    this.#parts.capture.ignore(container.cgroup.id);
    container.activity = { kind: 'idle' };
  }

  /** No slot will come. A period that has begun is not concerned. */
  #refuse(container: Observed | undefined): void {
    if (container === undefined) return;
    if (container.activity.kind === 'finished') this.#containers.remove(container);
    else if (container.activity.kind === 'provisional' || container.activity.kind === 'lingering')
      this.#idle(container);
  }

  #drop(container: Observed, reason: 'age' | 'limit'): void {
    this.#containers.remove(container);
    this.#parts.counters.add(`trees_dropped_total{state="finished",reason="${reason}"}`);
  }

  #gone(container: Observed | undefined, at: number): void {
    if (container === undefined) return;
    const { activity, cgroup } = container;
    container.endedAt = at;
    if (activity.kind === 'profiling') return this.#profiling.finish(container, at);
    if (activity.kind !== 'provisional') return this.#containers.remove(container);
    if (activity.watch.tree.entrypointAt === undefined) {
      // The runtime failed to start it, for instance because its program does not exist.
      this.#parts.counters.add('containers_never_started_total');
      return this.#containers.remove(container);
    }
    const losses = lossesOf(this.#parts.capture, cgroup.id, activity.watch);
    container.activity = { kind: 'finished', watch: activity.watch, losses };
    this.#containers.forgetCgroup(container);
    const [oldest, ...others] = this.#containers.ofKind('finished');
    if (oldest !== undefined && others.length >= maxFinished) this.#drop(oldest, 'limit');
  }

  /** A container that runs already, or whose creation was not reported. */
  #found(cgroup: Cgroup, containerId: string, podUid: string): void {
    const container = this.#add(cgroup, { containerId, podUid }, undefined);
    if (container?.activity.kind === 'idle') this.#lookUp(container, this.#parts.view.supervisor(cgroup.path));
  }

  /**
   * Compares with the cgroup file system. A container may be met here before its event is read, so only one that is still
   * unknown at the next survey has been missed.
   */
  #survey(now: number): void {
    const cgroups = this.#parts.view.cgroups();
    this.#watchLevels(cgroups);
    const present = new Set(cgroups.map(({ id }) => id));
    for (const container of this.#containers) {
      if (container.activity.kind !== 'finished' && !present.has(container.cgroup.id)) this.#gone(container, now);
    }
    const unexplained = new Set<string>();
    for (const cgroup of cgroups) {
      if (cgroup.place.level !== 'container' || this.#containers.byCgroup(cgroup.id) !== undefined) continue;
      const { containerId, podUid } = cgroup.place;
      if (!this.#unexplained.has(containerId)) unexplained.add(containerId);
      else {
        this.#found(cgroup, containerId, podUid);
        this.#parts.counters.add('container_starts_total{seen="false"}');
      }
    }
    this.#unexplained = unexplained;
    this.#retryLookUps();
  }

  #retryLookUps(): void {
    for (const container of this.#containers) {
      const { activity, lookUpsLeft, cgroup } = container;
      if (lookUpsLeft === 0 || activity.kind === 'finished' || activity.kind === 'excluded') continue;
      this.#lookUp(container, this.#parts.view.supervisor(cgroup.path));
    }
  }
}
