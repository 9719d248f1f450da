/** Periods under a slot: how they begin, end and become snapshots. */
import type { Actor, Kind, Snapshot } from '../../core/activity/snapshot.ts';
import { ActivityTree, type Injected, profilingBytes } from '../../core/activity/tree.ts';
import type { DesiredState, Slot } from '../../core/wire/agent.ts';
import type { Counters } from '../counters.ts';
import type { Capture } from '../kernel/capture.ts';
import type { Log } from '../log.ts';
import type { Containers } from './containers.ts';
import { Probes } from './injection.ts';
import { includeNested } from './nested.ts';
import type { NodeView } from './node-view.ts';
import type { Observed } from './observed.ts';
import { beginWatch, shortfallOf, usesOf } from './watch.ts';

/** Where periods are remembered and snapshots go; both survive the end of this process. */
export interface Outbox {
  periodBegan(period: { readonly containerId: string; readonly slotId: string; readonly from: number }): void;
  /** Keeps the snapshot and ends its period. Returns false, after it has been logged and counted, if that failed. */
  store(snapshot: Snapshot): boolean;
  /** This slot has had its period. */
  isDone(slotId: string): boolean;
}

export interface ObservationParts {
  readonly capture: Capture;
  readonly view: NodeView;
  readonly outbox: Outbox;
  readonly counters: Counters;
  readonly log: Log;
  /** Inode of the mount namespace in which the container runtime works. */
  readonly hostMountNamespace: number;
  /** The agent's own pod, which is never observed. */
  readonly ownPodUid?: string;
}

/** How long a container without a slot keeps its tree: after its start, and after the end of a period. */
export const waitForSlotMs = 60_000;
/**
 * The kernel side reports each behaviour once. Asking again now and then shows what goes on and what has ended, and makes
 * up for a renamed directory, which the kernel side cannot tell from the former one.
 */
export const renewMs = 300_000;

const kindsCollected: readonly Kind[] = ['process', 'file', 'dns', 'network', 'syscall'];

export class Profiling {
  readonly #parts: ObservationParts;
  readonly #containers: Containers;
  #desired: DesiredState;
  #probes: Probes;

  constructor(parts: ObservationParts, containers: Containers, desired: DesiredState) {
    this.#parts = parts;
    this.#containers = containers;
    this.#desired = desired;
    this.#probes = new Probes(desired.probes);
  }

  get desired(): DesiredState {
    return this.#desired;
  }

  /** A tree for this container, which has room for `maxBytes`. */
  tree(container: Observed, startSeen: boolean, maxBytes: number): ActivityTree {
    const { hostMountNamespace } = this.#parts;
    const { startPhaseSeconds } = this.#desired;
    const injectedBy = (program: Injected): Actor => this.#probes.actorOf(program, container.identity);
    return new ActivityTree({ hostMountNamespace, startSeen, startPhaseSeconds, maxBytes, injectedBy });
  }

  get #slots(): readonly Slot[] {
    return this.#desired.profiling ? this.#desired.slots.slice(0, this.#desired.maxSlots) : [];
  }

  /** A slot that was taken away ends its period early; what it has seen until then is kept. */
  desire(desired: DesiredState, now: number): void {
    this.#desired = desired;
    this.#probes = new Probes(desired.probes);
    const granted = new Set(this.#slots.map(({ slotId }) => slotId));
    for (const container of this.#containers) {
      const { activity } = container;
      if (activity.kind === 'profiling' && !granted.has(activity.slot.slotId)) this.finish(container, now);
    }
    this.grant(now);
  }

  /** Begins what was granted. A slot may come before its container is known here, so this is tried again and again. */
  grant(now: number): void {
    for (const slot of this.#slots) {
      const container = this.#containers.byId(slot.containerId);
      if (container !== undefined && !this.#parts.outbox.isDone(slot.slotId)) this.#begin(container, slot, now);
    }
  }

  #begin(container: Observed, slot: Slot, now: number): void {
    const { activity } = container;
    switch (activity.kind) {
      case 'profiling':
      case 'excluded':
        return;
      case 'finished':
        return this.#profileFinished(container, activity, slot);
      case 'idle':
        return this.#beginLate(container, slot, now);
      case 'provisional':
      case 'lingering':
        activity.watch.tree.setMaxBytes(profilingBytes);
        return this.#profile(container, activity.watch, slot);
    }
  }

  /** The time before the grant counts too: the period began with the tree. */
  #profile(
    container: Observed,
    watch: Extract<Observed['activity'], { kind: 'profiling' }>['watch'],
    slot: Slot,
  ): void {
    const { id: containerId } = container.identity;
    this.#parts.outbox.periodBegan({ containerId, slotId: slot.slotId, from: watch.from });
    container.activity = { kind: 'profiling', watch, slot, until: watch.from + slot.periodSeconds * 1_000 };
    this.#parts.log.info({ container: containerId, slot: slot.slotId }, 'period began');
  }

  #beginLate(container: Observed, slot: Slot, now: number): void {
    const { capture, view, log, counters, hostMountNamespace } = this.#parts;
    const { cgroup } = container;
    try {
      capture.observe(cgroup.id, hostMountNamespace);
    } catch (error) {
      counters.add('slots_refused_total');
      log.warn({ err: error, container: container.identity.id }, 'container cannot be observed');
      return;
    }
    const refused = includeNested(capture, view, cgroup);
    capture.newEpoch(cgroup.id);
    const tree = this.tree(container, false, profilingBytes);
    counters.add('late_attaches_total');
    // Observed first: what happens while /proc is read comes as an event as well.
    const { processes, omitted } = view.baseline(cgroup.path);
    tree.addBaseline(processes, now);
    container.renewAt = now + renewMs;
    this.#profile(container, beginWatch(capture, cgroup.id, tree, now, omitted + refused), slot);
  }

  #profileFinished(
    container: Observed,
    { watch, shortfall, uses }: Extract<Observed['activity'], { kind: 'finished' }>,
    slot: Slot,
  ): void {
    const { id: containerId } = container.identity;
    this.#parts.outbox.periodBegan({ containerId, slotId: slot.slotId, from: watch.from });
    const to = container.endedAt ?? watch.from;
    this.#store(
      container,
      watch.tree.snapshot({ ...this.#header(container, slot, watch.from, to), ended: true, ...shortfall, ...uses }),
    );
    this.#containers.remove(container);
  }

  #header(container: Observed, { slotId }: Slot, from: number, to: number) {
    const { identity, gaps } = container;
    const whole = Math.max(from, Math.round(to));
    return {
      slotId,
      container: identity,
      from,
      to: whole,
      gaps: [...gaps],
      kindsCollected: [...kindsCollected, ...(this.#parts.capture.seesCapabilities ? (['capability'] as const) : [])],
    };
  }

  #store(container: Observed, snapshot: Snapshot): void {
    const { log, outbox, counters } = this.#parts;
    if (!outbox.store(snapshot)) return;
    container.gaps = [];
    counters.add('snapshots_total');
    const { processes, files, dns, network } = snapshot;
    const behaviours = processes.length + files.length + dns.length + network.length;
    log.info({ container: container.identity.id, slot: snapshot.slotId, behaviours }, 'period ended');
  }

  /** Ends a period. The container may live on: then its tree does too, for a while. */
  finish(container: Observed, now: number): void {
    const { activity, cgroup, endedAt } = container;
    if (activity.kind !== 'profiling') return;
    const { watch, slot } = activity;
    const shortfall = shortfallOf(this.#parts.capture, cgroup.id, watch);
    const ended = endedAt !== undefined;
    const header = this.#header(container, slot, watch.from, endedAt ?? now);
    const uses = usesOf(this.#parts.capture, cgroup.id);
    this.#store(container, watch.tree.snapshot({ ...header, ended, ...shortfall, ...uses }));
    if (ended) {
      this.#containers.remove(container);
      return;
    }
    watch.tree.restart(now);
    this.#parts.capture.newEpoch(cgroup.id);
    this.#parts.capture.forgetUses(cgroup.id);
    container.renewAt = now + renewMs;
    const next = beginWatch(this.#parts.capture, cgroup.id, watch.tree, now);
    container.activity = { kind: 'lingering', watch: next, until: now + waitForSlotMs };
  }
}
