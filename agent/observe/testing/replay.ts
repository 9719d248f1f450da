/** A node without a kernel: recorded events come through the real interface, and what is asked of it is written down. */
import type { BlindSpot, Snapshot } from '../../../core/activity/snapshot.ts';
import type { KernelEvent } from '../../../core/event/event.ts';
import type { DesiredState, Slot } from '../../../core/wire/agent.ts';
import { hostMountNamespace, Recording } from '../../../core/activity/testing/recording.ts';
import { Counters } from '../../counters.ts';
import type { Cgroup } from '../../identify/cgroup-tree.ts';
import { placeOf } from '../../identify/cgroup-path.ts';
import type { Baseline } from '../../identify/proc-baseline.ts';
import type { Approver } from '../../kernel/approvers.ts';
import type { Capture, CaptureCounters, CgroupLosses, CgroupUses } from '../../kernel/capture.ts';
import type { ApproverCounts } from '../../kernel/rule-interest.ts';
import type { NodeView } from '../node-view.ts';
import { Observer } from '../observer.ts';
import type { ObservationParts, Outbox } from '../profiling.ts';

export class FakeCapture implements Capture {
  readonly variant = 'replay';
  readonly refusals = [];
  readonly calls: string[] = [];
  readonly queue: KernelEvent[] = [];
  readonly losses = new Map<bigint, CgroupLosses>();
  readonly blindSpots = new Map<bigint, BlindSpot[]>();
  readonly uses = new Map<bigint, CgroupUses>();
  seesCapabilities = true;
  full = false;
  readonly total: { -readonly [name in keyof CaptureCounters]: number } = {
    emitted: 0,
    ringDrops: 0,
    recursionMisses: 0,
    mapFull: 0,
    truncated: 0,
    decodeErrors: 0,
    userFaults: 0,
    rulesPassed: 0,
    rulesLimited: 0,
    uncheckedPassed: 0,
    uncheckedLimited: 0,
  };

  drain(sink: (event: KernelEvent) => void, limit = Number.POSITIVE_INFINITY): number {
    const events = this.queue.splice(0, limit);
    for (const event of events) sink(event);
    return events.length;
  }
  wait(): Promise<void> {
    return Promise.resolve();
  }
  watchChildren(id: bigint, levels = 1): void {
    this.calls.push(`watch ${id} ${levels}`);
  }
  unwatchChildren(id: bigint): void {
    this.calls.push(`unwatch ${id}`);
  }
  observe(id: bigint): void {
    if (this.full) throw new Error(`cannot observe cgroup ${id}: all slots are taken`);
    this.calls.push(`observe ${id}`);
  }
  include(id: bigint, nested: readonly bigint[]): number {
    this.calls.push(`include ${nested.join()} in ${id}`);
    return 0;
  }
  ignore(id: bigint): void {
    this.calls.push(`ignore ${id}`);
  }
  newEpoch(id: bigint): void {
    this.calls.push(`epoch ${id}`);
  }
  approve(approvers: readonly Approver[]): void {
    this.calls.push(`approve ${approvers.map(({ record }) => record).join(' ')}`);
  }
  uncheckedCounts(): ApproverCounts {
    return { passed: 0, limited: 0 };
  }
  approverCounts(): ApproverCounts[] {
    return [];
  }
  usesOf(id: bigint): CgroupUses {
    return this.uses.get(id) ?? { syscalls: [], capabilities: [] };
  }
  forgetUses(id: bigint): void {
    this.calls.push(`forget uses ${id}`);
  }
  lossesOf(id: bigint): CgroupLosses {
    return this.losses.get(id) ?? { ringDrops: 0, mapFull: 0, truncated: 0 };
  }
  blindSpotsOf(id: bigint): BlindSpot[] {
    return this.blindSpots.get(id) ?? [];
  }
  counters(): CaptureCounters {
    return { ...this.total };
  }
  close(): void {
    this.calls.push('close');
  }
}

export const podUid = '6f2c1a04-9d3e-4b7a-8c55-1e2f3a4b5c6d';
export const containerId = (number: number): string => number.toString(16).padStart(64, '0');
export const pathOf = (number: number): string => `/kubepods/burstable/pod${podUid}/${containerId(number)}`;

export class Node {
  readonly capture = new FakeCapture();
  readonly counters = new Counters();
  readonly snapshots: Snapshot[] = [];
  readonly began: { containerId: string; slotId: string; from: number }[] = [];
  readonly done = new Set<string>();
  /** What the cgroup file system shows. */
  running: Cgroup[] = [];
  readonly sandboxes = new Set<string>();
  readonly logged: string[] = [];
  baseline: Baseline = { processes: [], omitted: 0 };
  now = 1_800_000_000_000;
  /** Undefined for a container without processes. */
  supervisor: number | undefined = 9;
  runningSince: number | undefined;
  /** What the cgroup file system shows below a container, each time that it is asked. */
  readonly nested: (readonly bigint[])[] = [];
  readonly observer: Observer;
  #desired: DesiredState = {
    type: 'desired',
    version: 1,
    profiling: true,
    startPhaseSeconds: 180,
    maxSlots: 5,
    slots: [],
    refused: [],
    probes: [],
    profiles: [],
  };

  constructor(parts: Partial<ObservationParts> = {}) {
    const write = (_: unknown, message: string): void => void this.logged.push(message);
    const log = { debug: write, info: write, warn: write, error: write };
    this.observer = new Observer(
      {
        capture: this.capture,
        view: this.#view(),
        outbox: this.#outbox(),
        counters: this.counters,
        log,
        hostMountNamespace,
        ...parts,
      },
      this.#desired,
    );
  }

  #view(): NodeView {
    return {
      cgroups: () => this.running,
      localPath: (eventPath) => eventPath,
      lookUp: (id) => ({
        found: true,
        identity: {
          kind: this.sandboxes.has(id) ? 'sandbox' : 'container',
          name: 'web',
          podUid: 'from-the-bundle',
          podName: 'web-1',
          podNamespace: 'shop',
        },
      }),
      supervisor: () => this.supervisor,
      baseline: () => this.baseline,
      runningSince: () => this.runningSince,
      nested: (_, limit) => this.nested.splice(0, 1).flatMap((ids) => ids.slice(0, limit)),
    };
  }

  #outbox(): Outbox {
    return {
      periodBegan: (period) => void this.began.push(period),
      store: (snapshot) => {
        this.snapshots.push(snapshot);
        this.done.add(snapshot.slotId);
        return true;
      },
      isDone: (slotId) => this.done.has(slotId),
    };
  }

  exists(number: number, path = pathOf(number)): void {
    this.running = [...this.running, { id: BigInt(number), path, place: placeOf(path) }];
  }

  vanishes(number: number): void {
    this.running = this.running.filter(({ id }) => id !== BigInt(number));
  }

  play(...events: KernelEvent[]): void {
    this.capture.queue.push(...events);
    this.capture.drain((event) => this.observer.handle(event));
  }

  made(number: number, path = pathOf(number)): void {
    this.vanishes(number);
    this.exists(number, path);
    const event = {
      type: 'cgroup_mkdir',
      timestamp: this.now,
      cgroupId: BigInt(number),
      parentCgroupId: 1n,
      path,
    } as const;
    this.play(event);
  }

  gone(number: number): void {
    const path = pathOf(number);
    this.vanishes(number);
    this.play({ type: 'cgroup_rmdir', timestamp: this.now, cgroupId: BigInt(number), parentCgroupId: 1n, path });
  }

  /** A container that starts, as the runtime makes it start. */
  starts(number: number, executable = '/app'): Recording {
    this.made(number);
    const recording = new Recording(BigInt(number), this.now);
    recording
      .exec(number * 1_000, '/usr/bin/runc', { mountNamespace: hostMountNamespace })
      .exec(number * 1_000, executable, { ppid: 9 });
    this.play(...recording.events.splice(0));
    return recording;
  }

  slot(number: number, slotId: string, periodSeconds = 600): Slot {
    return { slotId, containerId: containerId(number), periodSeconds };
  }

  desire(changed: Partial<DesiredState>): void {
    this.#desired = { ...this.#desired, ...changed, version: this.#desired.version + 1 };
    this.observer.desire(this.#desired, this.now);
  }

  later(seconds: number): void {
    this.now += seconds * 1_000;
    this.observer.tick(this.now);
  }

  states(): Record<string, string> {
    return Object.fromEntries(
      this.observer.containers.report().map(({ id, state }) => [Number.parseInt(id, 16), state]),
    );
  }
}
