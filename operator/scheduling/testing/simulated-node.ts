/** An obedient agent of a simulated node: containers with a state each, moved by the desired state and by time. */
import type { DesiredState, ReportedContainer, Slot } from '../../../core/wire/agent.ts';
import type { ContainerRecord } from '../../inventory/inventory.ts';
import type { Clock } from '../../clock.ts';
import type { Scheduler } from '../scheduler.ts';
import { agentReport } from './simulation.ts';

interface Watched {
  readonly record: ContainerRecord;
  state: ReportedContainer['state'];
  slot: Slot | undefined;
  /** The slot that it filled last. */
  filled: string | undefined;
  /** Cancels the end of its provisional minute or of its period. */
  cancel: () => void;
}

export interface SimulatedNodeOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** A snapshot is taken; the scheduler hears of it from the caller. */
  readonly onSnapshot: (record: ContainerRecord, slotId: string) => void;
  readonly onSlot: (record: ContainerRecord, slotId: string) => void;
}

const provisionalMs = 60_000;
/** Four times as rare as an agent's: reports without news would be most of the simulation. */
const reportMs = 60_000;
/** On the way, and for what changes together. */
const delayMs = 200;
/** As in the agent. */
const maxFinished = 32;

export class SimulatedNode {
  readonly name: string;
  readonly #options: SimulatedNodeOptions;
  readonly #containers = new Map<string, Watched>();
  #version = 0;
  #reporting = false;

  /** @param phase of its regular reports, from 0 to 1 */
  constructor(name: string, phase: number, options: SimulatedNodeOptions) {
    this.name = name;
    this.#options = options;
    const { clock, scheduler } = options;
    scheduler.subscribe(name, (desired) => clock.after(delayMs, () => this.#obey(desired)));
    const regularly = (): void => {
      this.#report();
      clock.after(reportMs, regularly);
    };
    clock.after(phase * reportMs, regularly);
  }

  /** How many have a slot. */
  get profiling(): number {
    return this.#count('profiling');
  }

  start(record: ContainerRecord): void {
    const watched: Watched = { record, state: 'provisional', slot: undefined, filled: undefined, cancel: () => {} };
    watched.cancel = this.#options.clock.after(provisionalMs, () => this.#rest(watched));
    this.#containers.set(record.id, watched);
    this.#soon();
  }

  end(id: string): void {
    const watched = this.#containers.get(id);
    if (watched === undefined) return;
    const wasProvisional = watched.state === 'provisional';
    if (watched.slot !== undefined) this.#upload(watched, watched.slot);
    watched.cancel();
    if (wasProvisional && this.#count('finished') < maxFinished) watched.state = 'finished';
    else this.#containers.delete(id);
    this.#soon();
  }

  #count(wanted: ReportedContainer['state']): number {
    let count = 0;
    for (const { state } of this.#containers.values()) if (state === wanted) count += 1;
    return count;
  }

  #obey(desired: DesiredState): void {
    if (desired.version <= this.#version) return;
    this.#version = desired.version;
    for (const id of desired.refused) this.#refuse(id);
    const slots = new Map(desired.slots.map((slot) => [slot.containerId, slot]));
    for (const watched of this.#containers.values()) {
      if (watched.slot !== undefined && slots.get(watched.record.id)?.slotId !== watched.slot.slotId)
        this.#rest(watched);
    }
    for (const slot of slots.values()) {
      const watched = this.#containers.get(slot.containerId);
      if (watched !== undefined && watched.slot === undefined && watched.filled !== slot.slotId)
        this.#begin(watched, slot);
    }
    this.#soon();
  }

  #refuse(id: string): void {
    const watched = this.#containers.get(id);
    if (watched?.state === 'finished') this.#containers.delete(id);
    else if (watched?.state === 'provisional') this.#rest(watched);
  }

  #begin(watched: Watched, slot: Slot): void {
    this.#options.onSlot(watched.record, slot.slotId);
    watched.cancel();
    if (watched.state === 'finished') {
      this.#upload(watched, slot);
      this.#containers.delete(watched.record.id);
      return;
    }
    watched.state = 'profiling';
    watched.slot = slot;
    watched.cancel = this.#options.clock.after(slot.periodSeconds * 1_000, () => this.#upload(watched, slot));
  }

  #upload(watched: Watched, slot: Slot): void {
    watched.filled = slot.slotId;
    this.#options.onSnapshot(watched.record, slot.slotId);
    this.#rest(watched);
  }

  #rest(watched: Watched): void {
    watched.cancel();
    watched.state = 'idle';
    watched.slot = undefined;
    this.#soon();
  }

  #soon(): void {
    if (this.#reporting) return;
    this.#reporting = true;
    this.#options.clock.after(delayMs, () => {
      this.#reporting = false;
      this.#report();
    });
  }

  #report(): void {
    const containers = Array.from(this.#containers.values(), ({ record: { id }, state, slot }): ReportedContainer => ({
      id,
      state,
      startSeen: true,
      ...(slot !== undefined && { slotId: slot.slotId }),
    }));
    this.#options.scheduler.report(this.name, agentReport({ containers, runningVersion: this.#version }));
  }
}
