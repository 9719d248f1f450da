/** What this agent is and does at the moment, as it goes into a report. */
import type { AgentReport, ReportedContainer } from '../core/wire/agent.ts';
import type { Counters } from './counters.ts';
import type { Capture } from './kernel/capture.ts';
import type { PeriodJournal } from './link/period-journal.ts';
import type { ProfileFiles } from './link/profile-files.ts';
import type { Spool } from './link/spool.ts';
import { watchOf } from './observe/observed.ts';
import type { Observer } from './observe/observer.ts';

type CaptureStatus = AgentReport['capture'];

/** The limit of the report. */
const maxReasonLength = 1_024;

export interface StatusParts {
  readonly agentVersion: string;
  /** New with every start. */
  readonly instance: string;
  readonly counters: Counters;
  readonly spool: Spool;
  readonly journal: PeriodJournal;
  readonly profiles: ProfileFiles;
}

export class Status {
  readonly #parts: StatusParts;
  #captureStatus: CaptureStatus = { state: 'starting', variant: '', reason: '' };
  #observed: { readonly capture: Capture; readonly observer: Observer } | undefined;

  constructor(parts: StatusParts) {
    this.#parts = parts;
  }

  waiting(reason: string): void {
    this.#captureStatus = { state: 'starting', variant: '', reason: reason.slice(0, maxReasonLength) };
  }

  unsupported(reason: string): void {
    this.#captureStatus = { state: 'unsupported', variant: '', reason: reason.slice(0, maxReasonLength) };
  }

  /** Variants that the kernel refused before it took this one are a reason to look, so they are told. */
  ready(capture: Capture, observer: Observer): void {
    const reason = capture.refusals.map((refusal) => `${refusal.variant}: ${refusal.reason}`).join('; ');
    const variant = capture.variant.slice(0, 64);
    this.#captureStatus = { state: 'ready', variant, reason: reason.slice(0, maxReasonLength) };
    this.#observed = { capture, observer };
  }

  get #containers(): ReportedContainer[] {
    return this.#observed?.observer.containers.report() ?? [];
  }

  get #runningVersion(): number {
    return this.#observed?.observer.desired.version ?? 0;
  }

  /** Changes exactly when there is something new to report, figures aside. */
  get news(): string {
    return JSON.stringify([this.#captureStatus, this.#runningVersion, this.#containers, this.#parts.journal.lost]);
  }

  report(): Omit<AgentReport, 'profiles'> {
    const { agentVersion, instance, counters, journal } = this.#parts;
    return {
      protocol: 1,
      agentVersion,
      instance,
      capture: this.#captureStatus,
      runningVersion: this.#runningVersion,
      containers: this.#containers,
      lostPeriods: [...journal.lost],
      counters: { ...counters.toJSON(), ...this.#captureCounters() },
      gauges: this.#gauges(),
    };
  }

  #captureCounters(): Record<string, number> {
    if (this.#observed === undefined) return {};
    const counts = this.#observed.capture.counters();
    return {
      records_emitted_total: counts.emitted,
      ring_drops_total: counts.ringDrops,
      recursion_misses_total: counts.recursionMisses,
      kernel_map_full_total: counts.mapFull,
      truncated_total: counts.truncated,
      decode_errors_total: counts.decodeErrors,
      user_faults_total: counts.userFaults,
      'rule_events_total{checked="true",outcome="passed"}': counts.rulesPassed,
      'rule_events_total{checked="true",outcome="limited"}': counts.rulesLimited,
      'rule_events_total{checked="false",outcome="passed"}': counts.uncheckedPassed,
      'rule_events_total{checked="false",outcome="limited"}': counts.uncheckedLimited,
    };
  }

  #gauges(): Record<string, number> {
    const { spool, profiles } = this.#parts;
    const trees = [...(this.#observed?.observer.containers ?? [])].map(watchOf);
    const profiling = this.#observed?.observer.containers.ofKind('profiling').length ?? 0;
    return {
      spool_bytes: spool.bytes,
      spool_snapshots: spool.names.length,
      profiles_held: profiles.held.length,
      profile_bytes: profiles.bytes,
      tree_bytes: trees.reduce((sum, watch) => sum + (watch?.tree.bytes ?? 0), 0),
      profiling_slots_used: profiling,
      resident_memory_bytes: process.memoryUsage.rss(),
    };
  }
}
