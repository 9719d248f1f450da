/** Behaviours of one kind while evidence is made of them: what was given stays as it is, what was made here is changed in place. */
import type { ContainerSet, PeriodSet } from './container-set.ts';
import type { Behaviour } from './evidence.ts';
import type { Move } from './facts.ts';
import { type Absorb, absorbBehaviour } from './join.ts';

export class Table<Entry extends Behaviour> {
  readonly #absorb: Absorb<Entry>;
  #given: ReadonlyMap<string, Entry>;
  /** Of what was given, once something of it changed. */
  #entries: Map<string, Entry> | undefined;
  /** Of the entries, those that nobody else has. */
  readonly #own = new Set<Entry>();

  constructor(given: ReadonlyMap<string, Entry>, absorb: Absorb<Entry>) {
    this.#given = given;
    this.#absorb = absorb;
  }

  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries ?? this.#given;
  }

  find(key: string): Entry | undefined {
    return this.entries.get(key);
  }

  put(key: string, entry: Entry): void {
    this.#writable().set(key, entry);
  }

  /** Adds to the entry that has this key. */
  widen(key: string, known: Entry, seen: Behaviour): void {
    absorbBehaviour(this.#owned(key, known), seen);
  }

  /** Whether there was an entry with this key to join it to. */
  join(key: string, other: Entry): boolean {
    const known = this.find(key);
    if (known !== undefined) this.#absorb(this.#owned(key, known), other);
    return known !== undefined;
  }

  move(move: Move): void {
    for (const [key, entry] of this.#writable()) {
      const containers = move.containers(entry.containers);
      const periods = move.periods(entry.periods);
      if (containers === entry.containers && periods === entry.periods) continue;
      const own: { containers: ContainerSet; periods: PeriodSet | undefined } = this.#owned(key, entry);
      own.containers = containers;
      own.periods = periods;
    }
  }

  /** Takes the place of all entries. */
  replace(entries: ReadonlyMap<string, Entry>): void {
    this.#given = entries;
    this.#entries = undefined;
    this.#own.clear();
  }

  /** All entries; what is changed from then on is changed in copies. */
  give(): ReadonlyMap<string, Entry> {
    const { entries } = this;
    this.replace(entries);
    return entries;
  }

  #writable(): Map<string, Entry> {
    return (this.#entries ??= new Map(this.#given));
  }

  #owned(key: string, known: Entry): Entry {
    if (this.#own.has(known)) return known;
    const own = { ...known };
    this.put(key, own);
    this.#own.add(own);
    return own;
  }
}
