import { imageText, type Image } from '../../core/image.ts';
import type { AgentReport, DesiredState } from '../../core/wire/agent.ts';
import type { Clock } from '../clock.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Settings } from '../settings.ts';
import type { Store } from '../store/store.ts';
import { desiredState, sameContent } from './desired-state.ts';
import { grantLedger, type FoundGrant } from './grant-ledger.ts';
import { times, type Grant, type PlanContext, type ProfileFacts } from './grant.ts';
import { type EarlierSlot, EarlierSlots } from './earlier-slots.ts';
import { imageWaiting } from './image-waiting.ts';
import { lostPeriodRecorder, type LostPeriodResult } from './lost-periods.ts';
import {
  hear,
  nodeState,
  noteDone,
  noteGrant,
  noteWatched,
  watchedTime,
  setReasons,
  situationOf,
  type NodeState,
} from './node-state.ts';
import { plan, type NodePlan } from './plan.ts';
import { type HeldProfiles, heldProfiles, nodeProfiles } from './node-profiles.ts';
import { isOwnPod } from './own-pod.ts';
import type { EndCode } from './reason.ts';
import { replanTimer } from './replan-timer.ts';
import { settingsReader } from './scheduling-settings.ts';
import { slotIds } from './slot-id.ts';
import { clusterReasons, type ClusterReasons } from './cluster-reasons.ts';
import { imageView, type ImageView } from './image-view.ts';
import { agentView, nodeView, type NodeView, type WallTime, type Wanted } from './view.ts';

/** Kubernetes is made for 5,000 nodes; each costs at most 1,000 containers × 400 bytes here, some 20 KB in practice. */
const nodeLimit = 5_000;
/**
 * Reasons of the whole cluster are so old at most, as old as what agents report: they cost a look at every container, 100 ms
 * for 20,000 and more where the processor is shared. Every two seconds that was 15 % of the main thread's time.
 */
const reasonsFreshMs = 15_000;
/** A node without a report for an hour is gone; its grants have expired by then. */
const forgetNodeMs = 3_600_000;

export interface SchedulerOptions {
  readonly clock: Clock;
  readonly settings: () => Settings;
  /** Synced before the first report is given to the scheduler: it decides at once which slots of before go on. */
  readonly inventory: Pick<Inventory, 'container' | 'running' | 'runningOn' | 'nodes' | 'probes'>;
  /** What is learned of an image so far; undefined for a new one. */
  readonly profile: (image: Image) => ProfileFacts | undefined;
  /** What containers of this namespace teach the image is refused. */
  readonly hasTaughtShare: PlanContext['hasTaughtShare'];
  readonly store: Pick<Store, 'recordLostPeriod'>;
  /** The operator's own namespace. */
  readonly namespace: string;
  /** Cryptographically random bytes of that number. */
  readonly random: (bytes: number) => Uint8Array;
  /** Something failed that nobody waits for; worth a line in the log. */
  readonly onError: (error: unknown, doing: string) => void;
}

/**
 * `active`, `ended`: a grant of this operator. `earlier`: given by an operator before this one, see {@link EarlierSlots}; the
 * inventory alone speaks for the container. `completed`: either, but it can only bring duplicates.
 */
export type SlotLookup = FoundGrant | EarlierSlot;

export interface SchedulerCounts {
  readonly granted: number;
  readonly adopted: number;
  readonly completed: number;
  /** Time that containers were profiled, in periods whose snapshots have arrived. */
  readonly watchedMs: number;
  /** Grants that ended before their snapshots arrived; those of containers that are gone are completed all the same. */
  readonly ended: ReadonlyMap<EndCode, number>;
  readonly lostPeriods: ReadonlyMap<LostPeriodResult, number>;
  /** Reports of nodes beyond the limit. */
  readonly nodesRefused: number;
  /** Ended grants forgotten before their upload grace was over. */
  readonly grantsForgotten: number;
}

/** How it stands now, by node. */
export interface NodeCounts {
  readonly node: string;
  readonly ready: boolean;
  readonly slots: number;
  /** Containers whose probes its agent is not told. */
  readonly probesLeftOut: number;
  /** Compiled profiles that its agent is not told to hold, being too many or too large together. */
  readonly profilesLeftOut: number;
}

export interface AgentOverview extends Pick<NodeView, 'node' | 'agent' | 'maxSlots'> {
  readonly slots: number;
  /** Containers that ended before they got a slot, and whose trees it keeps. */
  readonly finishedKept: number;
  /** Compiled ones. */
  readonly profiles: HeldProfiles;
  /** As the agent counts since it started; empty without one. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface Scheduler {
  /** Takes a report in; `node` is the one that the agent's token proves. */
  report(node: string, report: AgentReport): void;
  /** Undefined until the agent has reported and was planned for: an empty state would cost it the slots that it fills. */
  current(node: string): DesiredState | undefined;
  /** Calls `listener` with every change from now on; returns how to stop that. */
  subscribe(node: string, listener: (state: DesiredState) => void): () => void;
  /** Whether a snapshot may come under this slot; undefined if not. */
  lookup(slotId: string, containerId: string, node: string): SlotLookup | undefined;
  /** The snapshot of a slot was answered with something final: accepted, duplicate or refused. */
  completed(slotId: string, containerId: string): void;
  /** Settings or containers changed, on one node or (without a name) anywhere. */
  changed(node?: string): void;
  /** A profile became stable, or is learned anew: concerns the nodes that run the image. */
  profileChanged(image: Image): void;
  /** Names of all nodes that have containers or agents, in order. */
  nodes(): string[];
  /** Grants of a node, and the reasons of its containers, or of those that are wanted; costs what these are. */
  view(node: string, wanted?: Wanted): NodeView;
  /** Why the containers of an image are watched or not; up to 15 s old, as is {@link Scheduler.reasons}. */
  image(image: Image): ImageView;
  /** All nodes that have containers or agents, by name. */
  agents(): AgentOverview[];
  /** Every container that runs or is reported, once, by why it is profiled or not. */
  reasons(): ClusterReasons;
  counts(): SchedulerCounts;
  nodeCounts(): NodeCounts[];
  stop(): void;
}

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { clock, inventory } = options;
  const ids = slotIds(clock.now(), options.random);
  const startedAt = clock.monotonic();
  const nodes = new Map<string, NodeState>();
  const listeners = new Map<string, Set<(state: DesiredState) => void>>();
  const ledger = grantLedger();
  const earlier = new EarlierSlots();
  const waiting = imageWaiting();
  const settings = settingsReader(options.settings);
  const totals = { granted: 0, adopted: 0, completed: 0, watchedMs: 0, nodesRefused: 0 };
  const ended = new Map<EndCode, number>();
  const lost = new Map<LostPeriodResult, number>();
  const timer = replanTimer(clock, { some: planNodes, all: planAll });
  const recorder = lostPeriodRecorder(inventory, options.store, (result, error) => {
    count(lost, result);
    if (error !== undefined) options.onError(error, 'recording a lost period');
  });

  function context(now: number): PlanContext {
    return {
      now,
      settings: settings(),
      container: (id) => inventory.container(id),
      profile: options.profile,
      hasTaughtShare: options.hasTaughtShare,
      activity: (image) => ({ running: ledger.running(image), waitingSince: waiting.since(image) ?? now }),
      isOwnPod: (record) => isOwnPod(record, options.namespace),
      isEarlierSlot: (slotId) => ids.isEarlier(slotId) && ledger.find(slotId) === undefined,
    };
  }

  function planNodes(names: Iterable<string>): void {
    const now = clock.monotonic();
    const states = [...names].flatMap((name) => nodes.get(name) ?? []);
    for (const image of imagesOf(states)) waiting.see(image, now);
    const situations = states.map((state) => situationOf(state, ledger.ofNode(state.node), now));
    for (const one of plan(situations, context(now))) {
      const state = nodes.get(one.node);
      if (state !== undefined) apply(one, state, now);
    }
  }

  function planAll(): void {
    const now = clock.monotonic();
    for (const [name, { heardAt }] of nodes) if (now - heardAt > forgetNodeMs) forgetNode(name);
    waiting.keep(imagesOf(nodes.values()));
    ledger.expire(now);
    planNodes(nodes.keys());
  }

  function* imagesOf(states: Iterable<NodeState>): Generator<Image> {
    for (const { containers } of states) {
      for (const { id } of containers) {
        const record = inventory.container(id);
        if (record !== undefined) yield record.image;
      }
    }
  }

  function forgetNode(name: string): void {
    for (const { slotId } of ledger.ofNode(name)) ledger.end(slotId, clock.monotonic());
    nodes.delete(name);
    recorder.forgetNode(name);
  }

  function apply(planned: NodePlan, state: NodeState, now: number): void {
    // Versions grow, also over a restart, without being kept anywhere: they begin at the time of day.
    const version = Math.max(clock.now(), (state.desired?.version ?? 0) + 1);
    const given = { node: state.node, instance: state.report.instance, version, grantedAt: now };
    const { periodSeconds } = settings();
    for (const { grant, code } of planned.end) {
      ledger.end(grant.slotId, now);
      count(ended, code);
    }
    for (const { slotId, containerId, image } of planned.adopt) {
      // Two nodes may claim one slot in the same round; an ID of ours stands for one grant.
      if (ledger.find(slotId) !== undefined) continue;
      give({ ...given, slotId, containerId, image, periodSeconds, finished: false, confirmedAt: now }, state);
      totals.adopted += 1;
    }
    for (const { containerId, image, finished } of planned.add) {
      give({ ...given, slotId: ids.next(), containerId, image, periodSeconds, finished }, state);
      totals.granted += 1;
    }
    setReasons(state, planned.reasons, now);
    const grants = ledger.ofNode(state.node);
    const probes = inventory.probes(state.node).told;
    const { told: profiles, leftOut } = nodeProfiles(inventory.runningOn(state.node), options.profile);
    state.profilesLeftOut = leftOut;
    publish(state, desiredState(version, settings(), { grants, refused: planned.refuse, probes, profiles }));
  }

  function give(grant: Grant, state: NodeState): void {
    ledger.add(grant);
    noteGrant(state, grant.containerId, grant.grantedAt);
    waiting.granted(grant.image, grant.grantedAt);
  }

  function publish(state: NodeState, desired: DesiredState): void {
    if (state.desired !== undefined && sameContent(state.desired, desired)) return;
    state.desired = desired;
    for (const listener of listeners.get(state.node) ?? []) {
      try {
        listener(desired);
      } catch (error) {
        // One stream that fails must not keep the others from hearing.
        options.onError(error, `telling node ${state.node} its desired state`);
      }
    }
  }

  function report(node: string, received: AgentReport): void {
    const now = clock.monotonic();
    const known = nodes.get(node);
    if (known === undefined && nodes.size >= nodeLimit) {
      totals.nodesRefused += 1;
      return;
    }
    if (known === undefined) nodes.set(node, nodeState(node, received, now));
    else hear(known, received, now);
    for (const { id, state, slotId } of received.containers) {
      const found = slotId === undefined ? undefined : ledger.find(slotId)?.grant;
      const fills = state === 'profiling' && found?.containerId === id && found.node === node;
      if (fills) ledger.confirm(found.slotId, received.instance, now);
    }
    recorder.record(node, received).catch((error: unknown) => options.onError(error, 'recording lost periods'));
    timer.soon(node);
  }

  function completed(slotId: string, containerId: string): void {
    const now = clock.monotonic();
    const grant = ledger.complete(slotId, now);
    if (grant === undefined) {
      if (ids.isEarlier(slotId) && inventory.container(containerId) !== undefined)
        earlier.complete(slotId, containerId);
      return;
    }
    totals.completed += 1;
    const state = nodes.get(grant.node);
    const watchedMs = watchedTime(grant, now);
    totals.watchedMs += watchedMs;
    if (state !== undefined) noteWatched(state, grant.containerId, watchedMs);
    if (grant.finished && state !== undefined) noteDone(state, grant.containerId);
    timer.soon(grant.node);
  }

  function lookup(slotId: string, containerId: string, node: string): SlotLookup | undefined {
    const found = ledger.find(slotId);
    if (found !== undefined) {
      return found.grant.containerId === containerId && found.grant.node === node ? found : undefined;
    }
    const inTime = clock.monotonic() - startedAt < times.uploadGrace;
    return inTime && ids.isEarlier(slotId) ? earlier.look(slotId, containerId) : undefined;
  }

  function profileChanged({ name, tag }: Image): void {
    for (const { image, node } of inventory.running()) {
      if (image.name === name && image.tag === tag) timer.soon(node);
    }
  }

  function wallTime(now: number): WallTime {
    const offset = clock.now() - now;
    return (at) => Math.round(at + offset);
  }

  function names(): string[] {
    return [...new Set([...nodes.keys(), ...inventory.nodes()])].toSorted();
  }

  function view(name: string, wanted?: Wanted): NodeView {
    const now = clock.monotonic();
    return nodeView(name, nodes.get(name), {
      planning: context(now),
      wall: wallTime(now),
      grants: ledger.ofNode(name),
      running: inventory.runningOn(name),
      wanted,
    });
  }

  let seen: { readonly at: number; readonly reasons: ClusterReasons } | undefined;

  function reasons(): ClusterReasons {
    const now = clock.monotonic();
    if (seen === undefined || now - seen.at >= reasonsFreshMs) {
      seen = { at: now, reasons: clusterReasons(nodes, inventory.running(), context(now)) };
    }
    return seen.reasons;
  }

  function image(wanted: Image): ImageView {
    const counts = reasons().byImage.get(imageText(wanted)) ?? new Map<never, never>();
    return imageView(counts, options.profile(wanted)?.state === 'stable');
  }

  function agents(): AgentOverview[] {
    const now = clock.monotonic();
    return names().map((node) => {
      const state = nodes.get(node);
      return {
        node,
        agent: agentView(state, now, wallTime(now)),
        maxSlots: settings().maxContainersPerNode,
        slots: ledger.ofNode(node).length,
        finishedKept: state?.containers.filter((one) => one.state === 'finished').length ?? 0,
        counters: state?.report.counters ?? {},
        profiles: heldProfiles(state?.desired ?? { profiles: [] }, state?.report.profiles ?? { held: [], failed: [] }),
      };
    });
  }

  return {
    report,
    current: (node) => nodes.get(node)?.desired,
    subscribe(node, listener) {
      const ofNode = listeners.get(node) ?? new Set();
      listeners.set(node, ofNode.add(listener));
      return () => {
        ofNode.delete(listener);
        if (ofNode.size === 0 && listeners.get(node) === ofNode) listeners.delete(node);
      };
    },
    lookup,
    completed,
    changed: (node) => (node === undefined ? timer.everything() : timer.soon(node)),
    profileChanged,
    nodes: names,
    view,
    image,
    agents,
    reasons,
    counts: () => ({ ...totals, ended, lostPeriods: lost, grantsForgotten: ledger.counts().dropped }),
    nodeCounts: () =>
      [...nodes.values()].map((state) => {
        const { agent } = situationOf(state, [], clock.monotonic());
        return {
          node: state.node,
          ready: agent.state === 'ready',
          slots: ledger.ofNode(state.node).length,
          probesLeftOut: inventory.probes(state.node).leftOut,
          profilesLeftOut: state.profilesLeftOut,
        };
      }),
    stop: () => timer.stop(),
  };
}

function count<Key>(counters: Map<Key, number>, key: Key): void {
  counters.set(key, (counters.get(key) ?? 0) + 1);
}
