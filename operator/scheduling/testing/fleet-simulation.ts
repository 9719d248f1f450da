/** A cluster of any size on a real scheduler, hours in minutes: who was profiled when, and what went against the rules. */
import { imageText } from '../../../core/image.ts';
import type { DesiredState } from '../../../core/wire/agent.ts';
import type { ContainerRecord } from '../../inventory/inventory.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import type { ProfileFacts } from '../grant.ts';
import { createScheduler, type Scheduler } from '../scheduler.ts';
import { EventClock } from './event-clock.ts';
import { SimulatedNode } from './simulated-node.ts';
import { settingsWith } from './simulation.ts';
import { record } from './situations.ts';
import type { Run } from './workloads.ts';

export interface FleetSimulationOptions {
  readonly nodes: number;
  readonly runs: readonly Run[];
  readonly hours: number;
  readonly seed: number;
  readonly limit: number;
  readonly periodMs: number;
  /** Snapshots that make an image stable. */
  readonly stableAt: number;
  /** What is known at the beginning, by image. */
  readonly known?: ReadonlyMap<string, ProfileFacts>;
  /** Patterns of images that are excluded. */
  readonly exclude?: readonly string[];
}

export interface FleetOutcome {
  /** By image: when its snapshots came, in milliseconds since the beginning. */
  readonly snapshots: ReadonlyMap<string, readonly number[]>;
  /** By image: the longest time that it ran, was not stable and got no slot. */
  readonly longestWait: ReadonlyMap<string, number>;
  /** Slots taken at once on any node, the most. */
  readonly mostSlots: number;
  /** Grants that ended without a snapshot, by reason. */
  readonly ended: Readonly<Record<string, number>>;
  /** Slots given to an image although it was stable. */
  readonly wasted: number;
  /** Slot time of each node, as share of the most that there can be. */
  readonly used: readonly number[];
  readonly granted: number;
}

const hour = 3_600_000;
const start = 1_700_000_000_000;

export function simulateFleet(options: FleetSimulationOptions): FleetOutcome {
  const { runs, hours, limit, periodMs, stableAt } = options;
  const clock = new EventClock(start);
  const random = seededRandom(options.seed);
  const records = new Map<string, ContainerRecord>();
  const profiles = new Map<string, ProfileFacts>(options.known);
  const taught = new Set<string>();
  const snapshots = new Map<string, number[]>();
  const begun = new Map<string, number>();
  const waits = new ImageWaits();
  const slotTime = Array.from({ length: options.nodes }, () => 0);
  let [mostSlots, wasted] = [0, 0];
  const settings = settingsWith({
    maxContainersPerNode: limit,
    snapshotPeriodMs: periodMs,
    exclude: (options.exclude ?? []).map((image) => ({ image })),
  });
  const scheduler: Scheduler = createScheduler({
    clock,
    settings: () => settings,
    inventory: {
      container: (id) => records.get(id),
      probes: () => ({ told: [], leftOut: 0 }),
      running: () => records.values(),
      runningOn: (node) => [...records.values()].filter((one) => one.node === node),
      nodes: () => new Set([...records.values()].map(({ node }) => node)),
    },
    profile: (image) => profiles.get(imageText(image)),
    hasTaughtShare: () => false,
    store: { recordLostPeriod: () => Promise.resolve(true) },
    namespace: 'workload-security',
    random: (length) => Uint8Array.from({ length }, () => random.below(256)),
    onError: (error) => {
      throw error;
    },
  });

  const onSlot = (one: ContainerRecord, slotId: string): void => {
    const key = imageText(one.image);
    begun.set(slotId, clock.now());
    waits.granted(key, clock.now());
  };
  const onSnapshot = (one: ContainerRecord, slotId: string): void => {
    const key = imageText(one.image);
    const node = Number(one.node);
    slotTime[node] = (slotTime[node] ?? 0) + clock.now() - (begun.get(slotId) ?? clock.now());
    begun.delete(slotId);
    const before = profiles.get(key) ?? { state: 'learning' as const, snapshots: 0, containers: 0 };
    if (before.state === 'learning') {
      const containers = before.containers + (taught.has(one.id) ? 0 : 1);
      taught.add(one.id);
      const state = before.snapshots + 1 >= stableAt ? 'stable' : 'learning';
      profiles.set(key, { state, snapshots: before.snapshots + 1, containers });
      const times = snapshots.get(key) ?? [];
      snapshots.set(key, times);
      times.push(clock.now() - start);
      if (state === 'stable') waits.end(key, clock.now());
    }
    scheduler.completed(slotId, one.id);
    if (profiles.get(key)?.state !== before.state) scheduler.profileChanged(one.image);
  };

  const announced = new Set<string>();
  const listen = (desired: DesiredState): void => {
    for (const { slotId, containerId } of desired.slots) {
      const image = records.get(containerId)?.image;
      const isStable = image !== undefined && profiles.get(imageText(image))?.state === 'stable';
      if (!announced.has(slotId) && isStable) wasted += 1;
      announced.add(slotId);
    }
  };
  for (let node = 0; node < options.nodes; node += 1) scheduler.subscribe(String(node), listen);
  const nodes = Array.from(
    { length: options.nodes },
    (_, node) => new SimulatedNode(String(node), random.next(), { clock, scheduler, onSlot, onSnapshot }),
  );
  for (const [number, run] of runs.entries()) {
    const node = nodes[run.node];
    if (node === undefined) throw new Error(`node ${run.node} is none of ${options.nodes}`);
    const one = record(number, run.image, {
      node: node.name,
      pod: { uid: `${number}`, namespace: 'shop', name: `${number}` },
    });
    const key = imageText(run.image);
    clock.after(run.start, () => {
      records.set(one.id, one);
      if (profiles.get(key)?.state !== 'stable') waits.started(key, clock.now());
      node.start(one);
    });
    if (!Number.isFinite(run.end)) continue;
    clock.after(run.end, () => {
      node.end(one.id);
      waits.ended(key, clock.now());
      // As the inventory does, an hour after.
      clock.after(hour, () => records.delete(one.id));
    });
  }
  const watch = (): void => {
    for (const node of nodes) mostSlots = Math.max(mostSlots, node.profiling);
    clock.after(30_000, watch);
  };
  watch();
  clock.runUntil(start + hours * hour);
  scheduler.stop();
  const { granted, ended } = scheduler.counts();
  return {
    snapshots,
    longestWait: waits.longest(clock.now()),
    mostSlots,
    ended: Object.fromEntries(ended),
    wasted,
    used: slotTime.map((time) => time / (limit * hours * hour)),
    granted,
  };
}

/** How long images wait while at least one container of theirs runs. */
class ImageWaits {
  readonly #running = new Map<string, number>();
  readonly #since = new Map<string, number>();
  readonly #longest = new Map<string, number>();

  started(key: string, now: number): void {
    const running = this.#running.get(key) ?? 0;
    this.#running.set(key, running + 1);
    if (running === 0) this.#since.set(key, now);
  }

  ended(key: string, now: number): void {
    const left = (this.#running.get(key) ?? 0) - 1;
    this.#running.set(key, left);
    if (left <= 0) this.end(key, now);
  }

  granted(key: string, now: number): void {
    this.#note(key, now);
    if (this.#since.has(key)) this.#since.set(key, now);
  }

  /** It waits no more. */
  end(key: string, now: number): void {
    this.#note(key, now);
    this.#since.delete(key);
  }

  longest(now: number): ReadonlyMap<string, number> {
    for (const key of this.#since.keys()) this.#note(key, now);
    return this.#longest;
  }

  #note(key: string, now: number): void {
    const since = this.#since.get(key);
    if (since !== undefined) this.#longest.set(key, Math.max(this.#longest.get(key) ?? 0, now - since));
  }
}
