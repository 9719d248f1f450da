/** What was not known, each behaviour once, as many as there is room for: the least relevant make room for the others. */
import type { FileAccess } from '../activity/snapshot.ts';
import { type Relevance, relevanceOf, relevanceRank } from '../profile/diff-relevance.ts';
import type { Subject } from '../profile/diff-behaviours.ts';
import { byText } from '../profile/evidence.ts';
import { lineageText } from './difference.ts';
import { mostTelling, type Shown } from './shown.ts';

/** A system call or capability is of the container as a whole: nobody knows which process used it, when, or who began that. */
export type UnknownShown = Omit<Shown, 'match' | 'miss'> & Partial<Pick<Shown, 'miss'>>;

export interface UnknownRow extends UnknownShown {
  readonly relevance: Relevance;
  /** Its process is not known either, and the row of that says more. */
  readonly withProcess: boolean;
  /** Ids of containers that showed it. */
  readonly containers: ReadonlySet<string>;
}

export interface RowLimits {
  readonly rows: number;
  /** Characters of their texts, lineages included. */
  readonly characters: number;
}

/**
 * A container that is up to something does it with noise: 10,000 files that were read must not push out the one that was
 * written. The texts of one lineage may have a million characters; all rows together have twice these before the least
 * relevant go, so 64 MB at two bytes each.
 */
const defaultLimits: RowLimits = { rows: 2_000, characters: 16_000_000 };

export class UnknownRows {
  readonly #limits: RowLimits;
  #rows = new Map<string, UnknownRow>();
  #characters = 0;
  #omitted = 0;

  constructor(limits: RowLimits = defaultLimits) {
    this.#limits = limits;
  }

  add(shown: UnknownShown, withProcess: boolean, container: string): void {
    const key = `${shown.process} ${JSON.stringify(shown.subject)}`;
    const before = this.#rows.get(key);
    if (before === undefined) this.#characters += charactersOf(shown);
    this.#rows.set(key, joined(before, shown, withProcess, container));
    const { rows, characters } = this.#limits;
    if (this.#rows.size > 2 * rows || this.#characters > 2 * characters) this.#shrink();
  }

  /** Most relevant first, then what most containers showed. `omitted`: rows that had no room. */
  ordered(): { readonly rows: readonly UnknownRow[]; readonly omitted: number } {
    this.#shrink();
    return { rows: [...this.#rows.values()], omitted: this.#omitted };
  }

  #shrink(): void {
    const { rows, characters } = this.#limits;
    const kept = new Map<string, UnknownRow>();
    let room = characters;
    for (const [key, row] of [...this.#rows].sort(byRelevance)) {
      const size = charactersOf(row);
      if (kept.size === rows || size > room) break;
      room -= size;
      kept.set(key, row);
    }
    this.#omitted += this.#rows.size - kept.size;
    this.#rows = kept;
    this.#characters = characters - room;
  }
}

function joined(
  before: UnknownRow | undefined,
  shown: UnknownShown,
  withProcess: boolean,
  container: string,
): UnknownRow {
  const access = [...new Set([...(before?.access ?? []), ...shown.access])].sort(byText);
  return {
    ...(before ?? shown),
    ...missOf(shown, before),
    actors: [...new Set([...(before?.actors ?? []), ...shown.actors])].sort(byText),
    first: Math.min(before?.first ?? Infinity, shown.first),
    last: Math.max(before?.last ?? 0, shown.last),
    access,
    relevance: relevanceOf(shown.subject, waysOf(shown.subject, access)),
    withProcess,
    containers: new Set(before?.containers).add(container),
  };
}

/** The sentence is about the most telling access of all. */
function missOf(shown: UnknownShown, before: UnknownRow | undefined): Partial<Pick<Shown, 'miss'>> {
  const [own, other] = [shown.miss, before?.miss];
  if (own?.kind !== 'file' || other?.kind !== 'file') return own === undefined ? {} : { miss: own };
  return { miss: mostTelling([own.access, other.access]) === own.access ? own : other };
}

function waysOf(subject: Subject, access: readonly FileAccess[]): readonly string[] {
  return subject.kind === 'file' ? access : [];
}

function charactersOf({ subject, lineage }: UnknownShown): number {
  return lineageText(lineage).length + ('path' in subject ? subject.path.length : 0);
}

function byRelevance(
  [leftKey, left]: readonly [string, UnknownRow],
  [rightKey, right]: readonly [string, UnknownRow],
): number {
  return (
    relevanceRank(left.relevance) - relevanceRank(right.relevance) ||
    Number(left.withProcess) - Number(right.withProcess) ||
    right.containers.size - left.containers.size ||
    byText(lineageText(left.lineage), lineageText(right.lineage)) ||
    byText(leftKey, rightKey)
  );
}
