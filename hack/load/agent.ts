/**
 * A simulated agent: the real agent's conversations with the operator (agent/link), and in the place of a kernel containers
 * that only have a state. It profiles what it is told to, for as long as it is told to.
 */
import { Counters } from '../../agent/counters.ts';
import { followDesired } from '../../agent/link/desired-stream.ts';
import { encodeSnapshot } from '../../agent/link/encode-snapshot.ts';
import { ProfileFetcher, type ProfileFetcherParts } from '../../agent/link/profile-fetcher.ts';
import { reportAlways } from '../../agent/link/reporter.ts';
import { uploadSpooled } from '../../agent/link/uploader.ts';
import { Wakeup } from '../../agent/link/wakeup.ts';
import type { Log } from '../../agent/log.ts';
import type { AgentReport, DesiredState, ReportedContainer, Slot } from '../../core/wire/agent.ts';
import type { SeededRandom } from '../../operator/testing/seeded-random.ts';
import { LoadConnection, type Target } from './connection.ts';
import type { Holder } from './delivery.ts';
import { type FleetContainer, type FleetNode, type FleetPod, imageName, shopNamespace } from './fleet.ts';
import { MemoryProfiles } from './memory-profiles.ts';
import { MemorySpool } from './memory-spool.ts';
import { snapshotOf } from './snapshots.ts';
import type { Tally } from './tally.ts';

export interface LoadAgentOptions {
  readonly node: FleetNode;
  readonly target: Target;
  readonly token: string;
  readonly random: SeededRandom;
  readonly tally: Tally;
  readonly log: Log;
}

interface Watched {
  readonly facts: FleetContainer;
  readonly pod: FleetPod;
  state: ReportedContainer['state'];
  from: number;
  /** Its start was seen and is in the tree still. */
  start: boolean;
  slot?: Slot | undefined;
  /** The slot that it filled last: the desired state names it until the upload was seen. */
  filled?: string;
  /** Ends the provisional minute or the period. */
  timer?: NodeJS.Timeout;
}

const provisionalMs = 60_000;
/** As by default. */
const maxSlots = 5;

export class LoadAgent implements Holder {
  readonly #options: LoadAgentOptions;
  readonly #connection: LoadConnection;
  readonly #containers = new Map<string, Watched>();
  readonly #spool = new MemorySpool();
  readonly #profiles = new MemoryProfiles();
  readonly #parts: Omit<ProfileFetcherParts, 'files' | 'changed'>;
  readonly #fetcher: ProfileFetcher;
  readonly #reports = new Wakeup();
  readonly #uploads = new Wakeup();
  readonly #counters = new Counters();
  readonly #instance: string;
  #version = 0;
  /** Digests of compiled profiles, and when it was told of each, in milliseconds since the epoch. */
  #told: ReadonlyMap<string, number> = new Map();
  #periodSeconds = 0;
  /** Slots of this length so far. */
  #firsts = 0;

  constructor(options: LoadAgentOptions) {
    const { node, target, token, random, log } = options;
    this.#options = options;
    this.#connection = new LoadConnection(target, token, node.address);
    this.#instance = random.hex(16);
    this.#parts = {
      connection: {
        open: (call) => this.#connection.open(call),
        call: (call) => this.#timed(call),
        read: (call, limit) => this.#timedRead(call, limit),
      },
      counters: this.#counters,
      log,
      random: () => random.next(),
    };
    const changed = (): void => this.#reports.notify();
    this.#fetcher = new ProfileFetcher({ ...this.#parts, files: this.#profiles, changed });
    for (const pod of node.pods) {
      for (const facts of pod.containers) {
        // Its first period is its start, the largest that there is.
        this.#containers.set(facts.id, { facts, pod, state: 'idle', from: 0, start: true });
      }
    }
  }

  /** Runs until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const parts = this.#parts;
    await Promise.all([
      followDesired({ ...parts, heard: () => undefined, desired: (state) => this.#obey(state) }, signal),
      reportAlways(
        { ...parts, report: () => this.#report(), accepted: () => undefined, wakeup: this.#reports },
        signal,
      ),
      uploadSpooled({ ...parts, spool: this.#spool, wakeup: this.#uploads }, signal),
      this.#fetcher.run(signal),
    ]);
    for (const { timer } of this.#containers.values()) clearTimeout(timer);
    this.#connection.close();
  }

  /** A pod that the node starts now. */
  start(pod: FleetPod): void {
    for (const facts of pod.containers) {
      const watched: Watched = { facts, pod, state: 'provisional', from: Date.now(), start: true };
      watched.timer = setTimeout(() => this.#rest(watched), provisionalMs);
      this.#containers.set(facts.id, watched);
    }
    this.#reports.notify();
  }

  /** A pod that ended; the trees of its containers are uploaded if they have slots. */
  end(pod: FleetPod): void {
    for (const { id } of pod.containers) {
      const watched = this.#containers.get(id);
      if (watched === undefined) continue;
      clearTimeout(watched.timer);
      if (watched.slot !== undefined) this.#upload(watched, watched.slot, true);
      this.#containers.delete(id);
    }
    this.#reports.notify();
  }

  /** Compiled profiles that it does not hold, of those that it was told of so long ago. Containers start all the time. */
  missing(ageMs: number): number {
    const latest = Date.now() - ageMs;
    return [...this.#told].filter(([digest, at]) => at <= latest && !this.#profiles.has(digest)).length;
  }

  holdsSince(digest: string): number | undefined {
    return this.#profiles.since(digest);
  }

  runsSince(image: string): number | undefined {
    const running = [...this.#containers.values()].filter(({ facts }) => imageName(facts.image) === image);
    return running.length === 0 ? undefined : Math.min(...running.map(({ pod }) => pod.startedAt));
  }

  #obey(state: DesiredState): void {
    this.#version = state.version;
    const before = this.#told;
    this.#told = new Map(state.profiles.map((digest) => [digest, before.get(digest) ?? Date.now()]));
    this.#fetcher.name(state.profiles);
    const slots = new Map(state.slots.map((slot) => [slot.containerId, slot]));
    for (const watched of this.#containers.values()) {
      const slot = slots.get(watched.facts.id);
      if (watched.slot !== undefined && watched.slot.slotId !== slot?.slotId) this.#rest(watched);
      if (slot !== undefined && watched.slot === undefined && watched.filled !== slot.slotId)
        this.#begin(watched, slot);
    }
    // Also where nothing began: the operator waits to hear that this version runs.
    this.#reports.notify();
  }

  #begin(watched: Watched, slot: Slot): void {
    clearTimeout(watched.timer);
    if (watched.state !== 'provisional') watched.from = Date.now();
    watched.state = 'profiling';
    watched.slot = slot;
    const part = this.#isFirst(slot) ? this.#options.random.next() : 1;
    watched.timer = setTimeout(() => this.#upload(watched, slot, false), slot.periodSeconds * 1_000 * part);
  }

  /**
   * The first slots of a length end after a random part of it: the fleet does not upload in step, as if it had been at work for long.
   */
  #isFirst({ periodSeconds }: Slot): boolean {
    if (periodSeconds !== this.#periodSeconds) this.#firsts = 0;
    this.#periodSeconds = periodSeconds;
    this.#firsts += 1;
    return this.#firsts <= maxSlots;
  }

  /** Goes on without a tree. */
  #rest(watched: Watched): void {
    clearTimeout(watched.timer);
    watched.state = 'idle';
    watched.start = false;
    watched.slot = undefined;
    this.#reports.notify();
  }

  #upload(watched: Watched, { slotId }: Slot, ended: boolean): void {
    const { facts, pod, from, start } = watched;
    const { id, name, image } = facts;
    const container = { id, name, podUid: pod.name, podName: pod.name, podNamespace: shopNamespace };
    const period = { container, image, slotId, from, to: Date.now(), start, ended };
    this.#spool.put(slotId, encodeSnapshot(snapshotOf(period, this.#options.random)));
    watched.filled = slotId;
    this.#uploads.notify();
    this.#rest(watched);
  }

  #report(): AgentReport {
    return {
      protocol: 1,
      agentVersion: '0.1.0',
      instance: this.#instance,
      capture: { state: 'ready', variant: 'classic', reason: '' },
      runningVersion: this.#version,
      containers: Array.from(this.#containers.values(), ({ facts, pod, state, start, slot }) => ({
        id: facts.id,
        state,
        startSeen: start,
        startedAt: pod.startedAt,
        ...(slot !== undefined && { slotId: slot.slotId }),
      })),
      lostPeriods: [],
      profiles: this.#fetcher.report(),
      counters: this.#counters.toJSON(),
      gauges: {
        tree_bytes: 1_000_000,
        observed_containers: this.#containers.size,
        profiles_held: this.#profiles.held.length,
        profile_bytes: this.#profiles.bytes,
      },
    };
  }

  async #timed(call: Parameters<LoadConnection['call']>[0]): ReturnType<LoadConnection['call']> {
    const began = performance.now();
    const answer = await this.#connection.call(call);
    if (call.path !== '/agent/v1/snapshots') return answer;
    const result = /"result":"([a-z]+)"/.exec(answer.text)?.[1] ?? String(answer.status);
    this.#options.tally.uploads.add(performance.now() - began, call.body?.length ?? 0, result);
    return answer;
  }

  async #timedRead(...[call, limit]: Parameters<LoadConnection['read']>): ReturnType<LoadConnection['read']> {
    const began = performance.now();
    const answer = await this.#connection.read(call, limit);
    const result = answer.status === 200 ? 'given' : String(answer.status);
    this.#options.tally.fetches.add(performance.now() - began, answer.bytes.length, result);
    return answer;
  }
}
