/**
 * Compares what containers did with what a profile knows: for people who ask what would be new. What is near to something
 * unknown is looked up once all is compared, and only for what is shown.
 */
import { type Actor, type Kind, kinds, type Snapshot, teachers } from '../activity/snapshot.ts';
import type { CompiledProfile, Undecidable } from './compiled-profile.ts';
import type { KnownBehaviour } from './known-behaviour.ts';
import { type Shown, type ShownContext, shownIn } from './shown.ts';
import { type UnknownRow, UnknownRows } from './unknown-rows.ts';

/** Behaviours, counted once for each snapshot that shows them. */
export interface CheckCounts {
  readonly known: number;
  readonly unknown: number;
  /** Nobody can say: see the reasons. */
  readonly undecided: number;
  /** Not known, and only probes did it: no agent would ask. */
  readonly probes: number;
}

export interface CheckResult {
  readonly snapshots: number;
  readonly containers: number;
  readonly counts: CheckCounts;
  readonly undecided: Readonly<Partial<Record<Undecidable, number>>>;
  /** Kinds that the snapshots show and the profile was never watched for. */
  readonly notWatched: readonly Kind[];
  readonly rows: readonly UnknownRow[];
  /** Rows that had no room. */
  readonly omitted: number;
}

/** What of a profile says what is known. */
export interface CheckedAgainst {
  readonly profile: CompiledProfile;
  readonly known: Pick<KnownBehaviour, 'kinds' | 'syscalls' | 'capabilities'>;
}

export class ProfileCheck {
  readonly #against: CheckedAgainst;
  readonly #rows = new UnknownRows();
  readonly #counts = { known: 0, unknown: 0, undecided: 0, probes: 0 };
  readonly #undecided: Partial<Record<Undecidable, number>> = {};
  readonly #containers = new Set<string>();
  readonly #notWatched = new Set<Kind>();
  #snapshots = 0;

  constructor(against: CheckedAgainst) {
    this.#against = against;
  }

  add(snapshot: Snapshot, context: ShownContext): void {
    this.#snapshots += 1;
    this.#containers.add(snapshot.container.id);
    for (const shown of shownIn(snapshot, this.#against.profile, context)) this.#judge(shown, snapshot.container.id);
    this.#names(snapshot, 'syscall', snapshot.syscalls, this.#against.known.syscalls);
    this.#names(snapshot, 'capability', snapshot.capabilities, this.#against.known.capabilities);
  }

  result(): CheckResult {
    return {
      snapshots: this.#snapshots,
      containers: this.#containers.size,
      counts: { ...this.#counts },
      undecided: { ...this.#undecided },
      notWatched: kinds.filter((kind) => this.#notWatched.has(kind)),
      ...this.#rows.ordered(),
    };
  }

  #judge({ match, ...shown }: Shown, container: string): void {
    if (match.verdict === 'known') this.#counts.known += 1;
    else if (isProbed(shown.actors)) this.#counts.probes += 1;
    else if (match.verdict === 'unseen') {
      this.#counts.unknown += 1;
      this.#rows.add(shown, shown.subject.kind !== 'process' && match.because === 'process', container);
    } else if (match.reason === 'kind-not-collected') this.#notWatched.add(shown.subject.kind);
    else {
      this.#counts.undecided += 1;
      this.#undecided[match.reason] = (this.#undecided[match.reason] ?? 0) + 1;
    }
  }

  /** They carry neither who nor when. */
  #names(
    { container, from, to }: Snapshot,
    kind: 'syscall' | 'capability',
    used: readonly string[] = [],
    known: ReadonlySet<string>,
  ): void {
    if (used.length > 0 && (this.#against.known.kinds & (1 << kinds.indexOf(kind))) === 0) {
      this.#notWatched.add(kind);
      return;
    }
    for (const name of used) {
      this.#counts[known.has(name) ? 'known' : 'unknown'] += 1;
      if (known.has(name)) continue;
      const shown = {
        subject: { kind, name },
        process: '',
        lineage: [],
        access: [],
        actors: [],
        first: from,
        last: to,
      };
      this.#rows.add(shown, false, container.id);
    }
  }
}

function isProbed(actors: readonly Actor[]): boolean {
  return actors.length > 0 && actors.every((actor) => actor === 'probe');
}

/** Who did it, if it was nobody whose behaviour becomes known. */
export function strangersOf(actors: readonly Actor[]): readonly Actor[] {
  return actors.some((actor) => teachers.some((teacher) => teacher === actor)) ? [] : actors;
}
