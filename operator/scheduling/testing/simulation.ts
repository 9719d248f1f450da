/** Agents that do as they are told, around a real scheduler, on a clock that a test moves. */
import { imageText, type Image } from '../../../core/image.ts';
import type { AgentReport, ContainerProbes, DesiredState, ReportedContainer, Slot } from '../../../core/wire/agent.ts';
import type { ContainerRecord } from '../../inventory/inventory.ts';
import { defaultSettings, type Settings } from '../../settings.ts';
import type { LostPeriod } from '../../store/store.ts';
import { JumpingClock } from '../../testing/jumping-clock.ts';
import type { ProfileFacts } from '../grant.ts';
import { createScheduler, type Scheduler } from '../scheduler.ts';
import { record } from './situations.ts';

export function settingsWith(profiling: Partial<Settings['profiling']> = {}): Settings {
  return { ...defaultSettings, profiling: { ...defaultSettings.profiling, ...profiling } };
}

export function agentReport(fields: Partial<AgentReport> = {}): AgentReport {
  return {
    protocol: 1,
    agentVersion: '0.1.0',
    instance: 'agent-1',
    capture: { state: 'ready', variant: 'classic', reason: '' },
    runningVersion: 0,
    containers: [],
    lostPeriods: [],
    profiles: { held: [], failed: [] },
    counters: {},
    gauges: {},
    ...fields,
  };
}

interface SimulatedContainer {
  readonly record: ContainerRecord;
  readonly startedAt: number;
  state: ReportedContainer['state'] | 'ended';
  slotId?: string;
  until?: number;
}

/** A cluster of obedient agents. Time goes in steps of a second, reports go every 15 s and on every change. */
export class Simulation {
  readonly clock = new JumpingClock();
  readonly profiles = new Map<string, ProfileFacts>();
  /** `name namespace`: of what these teach the image, nothing is taken. */
  readonly refused = new Set<string>();
  readonly lost: LostPeriod[] = [];
  readonly errors: unknown[] = [];
  readonly taught: string[] = [];
  readonly probes = new Map<string, readonly ContainerProbes[]>();
  settings: Settings;
  scheduler: Scheduler;
  #containers = new Map<string, SimulatedContainer>();
  #told = new Map<string, DesiredState>();
  #instance = 1;
  #number = 0;

  constructor(settings: Settings = settingsWith()) {
    this.settings = settings;
    this.scheduler = this.startScheduler();
  }

  startScheduler(): Scheduler {
    let random = this.clock.now();
    this.scheduler = createScheduler({
      clock: this.clock,
      settings: () => this.settings,
      inventory: {
        container: (id) => this.#containers.get(id)?.record,
        probes: (node) => ({ told: this.probes.get(node) ?? [], leftOut: 0 }),
        running: () => this.#running(),
        runningOn: (node) => this.#running().filter((one) => one.node === node),
        nodes: () => new Set(this.#running().map(({ node }) => node)),
      },
      profile: (image) => this.profiles.get(imageText(image)),
      hasTaughtShare: ({ name }, namespace) => this.refused.has(`${name} ${namespace}`),
      store: {
        recordLostPeriod: (lost) => {
          this.lost.push(lost);
          return Promise.resolve(true);
        },
      },
      namespace: 'workload-security',
      random: (bytes) => Uint8Array.from({ length: bytes }, () => (random += 1) % 256),
      onError: (error) => this.errors.push(error),
    });
    return this.scheduler;
  }

  /** Starts a container and returns its ID. */
  start(image: Image, node = 'node-a', fields: Partial<ContainerRecord> = {}): string {
    this.#number += 1;
    const one = record(this.#number, image, { node, ...fields });
    this.#containers.set(one.id, { record: one, startedAt: this.clock.monotonic(), state: 'provisional' });
    return one.id;
  }

  /** Ends a container: its tree is uploaded if it has a slot, kept if it is provisional. */
  end(id: string): void {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    if (container.state === 'profiling') this.#upload(container, 'ended');
    else container.state = container.state === 'provisional' ? 'finished' : 'ended';
  }

  restartAgents(): void {
    this.#instance += 1;
    for (const container of this.#containers.values()) {
      if (container.state !== 'ended') container.state = container.state === 'finished' ? 'ended' : 'idle';
      delete container.slotId;
    }
  }

  restartOperator(): void {
    this.scheduler.stop();
    this.startScheduler();
  }

  profiling(node = 'node-a'): string[] {
    return this.#onNode(node).flatMap(({ record: { id }, state }) => (state === 'profiling' ? [id] : []));
  }

  stateOf(id: string): string | undefined {
    return this.#containers.get(id)?.state;
  }

  nodes(): string[] {
    return [...new Set([...this.#containers.values()].map((one) => one.record.node))].toSorted();
  }

  report(node: string): void {
    const containers = this.#onNode(node).flatMap(({ record: { id }, state, slotId }): ReportedContainer[] =>
      state === 'ended' ? [] : [{ id, state, startSeen: true, ...(slotId === undefined ? {} : { slotId }) }],
    );
    const runningVersion = this.#told.get(node)?.version ?? 0;
    this.scheduler.report(node, agentReport({ containers, runningVersion, instance: `agent-${this.#instance}` }));
  }

  /** Lets time pass, second by second. */
  async run(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      for (const node of this.nodes()) this.#obey(node);
      if (second % 15 === 0) for (const node of this.nodes()) this.report(node);
      await this.clock.advance(1_000);
    }
  }

  #running(): ContainerRecord[] {
    return [...this.#containers.values()].filter(({ state }) => state !== 'ended').map((one) => one.record);
  }

  #onNode(node: string): SimulatedContainer[] {
    return [...this.#containers.values()].filter((one) => one.record.node === node);
  }

  #obey(node: string): void {
    const desired = this.scheduler.current(node);
    let changed = desired !== undefined && desired !== this.#told.get(node);
    if (desired !== undefined) this.#told.set(node, desired);
    for (const container of this.#onNode(node)) {
      const before = container.state;
      if (desired !== undefined) this.#follow(container, desired);
      changed ||= container.state !== before;
    }
    if (changed) this.report(node);
  }

  #follow(container: SimulatedContainer, desired: DesiredState): void {
    const slot = desired.slots.find(({ containerId }) => containerId === container.record.id);
    if (container.state === 'profiling') this.#goOn(container, slot?.slotId);
    else if (slot !== undefined) this.#begin(container, slot);
    const late = this.clock.monotonic() - container.startedAt > 60_000;
    const refused = desired.refused.includes(container.record.id);
    if (container.state === 'finished' && refused) container.state = 'ended';
    if (container.state === 'provisional' && (refused || late)) container.state = 'idle';
  }

  #goOn(container: SimulatedContainer, slotId: string | undefined): void {
    if (slotId !== container.slotId) this.#stop(container);
    else if (this.clock.monotonic() >= (container.until ?? 0)) this.#upload(container, 'idle');
  }

  #begin(container: SimulatedContainer, { slotId, containerId, periodSeconds }: Slot): void {
    // The desired state may still name a slot that this container has just uploaded under.
    const usable = this.scheduler.lookup(slotId, containerId, container.record.node)?.state === 'active';
    if (!usable || container.state === 'ended') return;
    container.slotId = slotId;
    container.until = this.clock.monotonic() + periodSeconds * 1_000;
    if (container.state === 'finished') this.#upload(container, 'ended');
    else container.state = 'profiling';
  }

  #stop(container: SimulatedContainer): void {
    container.state = 'idle';
    delete container.slotId;
  }

  #upload(container: SimulatedContainer, next: 'idle' | 'ended'): void {
    const { record: one, slotId = '' } = container;
    const found = this.scheduler.lookup(slotId, one.id, one.node);
    if (found === undefined) throw new Error(`slot ${slotId} of ${one.id} is unknown at upload`);
    const key = imageText(one.image);
    const before = this.profiles.get(key) ?? { state: 'learning', snapshots: 0, containers: 0 };
    const isNew = this.taught.includes(one.id) ? 0 : 1;
    this.profiles.set(key, { ...before, snapshots: before.snapshots + 1, containers: before.containers + isNew });
    this.taught.push(one.id);
    container.state = next;
    delete container.slotId;
    this.scheduler.completed(slotId, one.id);
  }
}
