/**
 * Remembers, on disk, which periods are in progress and which slots have had theirs. After a crash the former are lost
 * periods, which are reported until the operator has taken note; the latter are not begun again.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { AgentReport } from '../../core/wire/agent.ts';
import type { Log } from '../log.ts';
import { writeDurably } from './durable-file.ts';

type LostPeriod = AgentReport['lostPeriods'][number];

const period = z.object({ containerId: z.string(), slotId: z.string(), from: z.number() });
const journal = z.object({
  active: z.array(period),
  lost: z.array(period.extend({ to: z.number() })),
  done: z.array(z.string()),
});
type Journal = z.infer<typeof journal>;

/** The limit of a report. With 5 slots it takes 20 crashes while the operator is away to get there. */
const maxLost = 100;
/** The operator drops a slot once it has the snapshot; spooled ones may take days: 5 slots × 48 half hours × 4 days. */
const maxDone = 1_000;

export interface PeriodJournalOptions {
  readonly path: string;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** A snapshot of this period is in the spool: the agent died after it had written it. */
  readonly isSpooled: (container: string, from: number) => boolean;
}

function load(path: string, log: Log): Journal {
  const empty: Journal = { active: [], lost: [], done: [] };
  try {
    return journal.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return empty;
    log.warn({ err: error, path }, 'journal of periods is unreadable and begins anew; lost periods are not reported');
    return empty;
  }
}

export class PeriodJournal {
  readonly #path: string;
  #state: Journal;

  constructor({ path, log, now, isSpooled }: PeriodJournalOptions) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const { active, lost, done } = load(path, log);
    const cut = active.filter(({ containerId, from }) => !isSpooled(containerId, from));
    const written = active.filter((candidate) => !cut.includes(candidate));
    this.#state = {
      active: [],
      // Nothing was watched until now.
      lost: [...lost, ...cut.map((each) => ({ ...each, to: now }))].slice(-maxLost),
      done: [...done, ...written.map(({ slotId }) => slotId)],
    };
    if (active.length > 0) this.#save();
  }

  /** Cut short by the end of an earlier agent, and not yet known to the operator. */
  get lost(): readonly LostPeriod[] {
    return this.#state.lost;
  }

  begin(began: z.infer<typeof period>): void {
    this.#state = { ...this.#state, active: [...this.#state.active, began] };
    this.#save();
  }

  /** Its snapshot is in the spool, or will never be. */
  end(slotId: string): void {
    const { active, lost, done } = this.#state;
    this.#state = {
      active: active.filter((each) => each.slotId !== slotId),
      lost,
      done: [...done.filter((each) => each !== slotId), slotId].slice(-maxDone),
    };
    this.#save();
  }

  isDone(slotId: string): boolean {
    return this.#state.done.includes(slotId);
  }

  /** A report with these was accepted. */
  acknowledge(reported: readonly LostPeriod[]): void {
    if (reported.length === 0) return;
    const known = new Set(reported.map(({ slotId, from }) => `${slotId} ${from}`));
    this.#state = {
      ...this.#state,
      lost: this.#state.lost.filter(({ slotId, from }) => !known.has(`${slotId} ${from}`)),
    };
    this.#save();
  }

  #save(): void {
    writeDurably(this.#path, JSON.stringify(this.#state));
  }
}
