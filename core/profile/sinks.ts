/** The ways into the tables of evidence: by key alone, and for names that may become patterns. */
import { type Bounded, keepGroups } from './bound.ts';
import type { Behaviour, NamedBehaviour } from './evidence.ts';
import type { Absorb } from './join.ts';
import { asPattern, asShape, closePatterns, isVariable, type Naming } from './patterns.ts';
import { Table } from './table.ts';

/** Takes behaviours whose sets are of the builder's tables. */
export interface Sink<Entry> {
  /**
   * Adds to what is known by this very name, if anything is, and it is no pattern. Of such a name nothing else need be found
   * out: all that is done to names has been, or will be when the table is closed.
   */
  again(key: string, seen: Behaviour): boolean;
  /** The same key may come more than once, and names need be no patterns yet. */
  add(key: string, entry: Entry): void;
}

type Bound<Entry> = (entries: ReadonlyMap<string, Entry>) => Bounded<Entry>;

/** Behaviours that have no names. */
export class PlainSink<Entry extends Behaviour> implements Sink<Entry> {
  readonly table: Table<Entry>;
  readonly #bound: Bound<Entry>;
  readonly #bearsOnOthers: (entry: Entry) => boolean;
  /** One that bears on others was seen again since it was closed. */
  #seenAgain = false;
  /** New ones since it was closed. */
  pending = 0;

  /** `bearsOnOthers`: who showed it, and when, says something of other entries. */
  constructor(
    entries: ReadonlyMap<string, Entry>,
    absorb: Absorb<Entry>,
    bound: Bound<Entry>,
    bearsOnOthers: (entry: Entry) => boolean = () => false,
  ) {
    this.table = new Table(entries, absorb);
    this.#bound = bound;
    this.#bearsOnOthers = bearsOnOthers;
  }

  again(key: string, seen: Behaviour): boolean {
    const known = this.table.find(key);
    if (known === undefined) return false;
    this.table.widen(key, known, seen);
    this.#seenAgain ||= this.#bearsOnOthers(known);
    return true;
  }

  add(key: string, entry: Entry): void {
    if (this.table.join(key, entry)) this.#seenAgain ||= this.#bearsOnOthers(entry);
    else {
      this.table.put(key, entry);
      this.pending += 1;
    }
  }

  /** Leaves out what is beyond the limit. @returns keys of it */
  close(): readonly string[] {
    if (this.pending === 0 && !this.#seenAgain) return [];
    const { entries } = this.table;
    const { kept, dropped } = this.#bound(entries);
    if (kept !== entries) this.table.replace(kept);
    this.#seenAgain = false;
    this.pending = 0;
    return dropped;
  }
}

interface NamedLimits {
  readonly total: number;
  readonly siblings: number;
  readonly shapes: number;
}

/** What is in the table when it comes is closed and within its limits: only what is added can change anything. */
export class NamedSink<Entry extends NamedBehaviour> implements Sink<Entry> {
  readonly table: Table<Entry>;
  readonly #naming: Naming<Entry>;
  readonly #limits: NamedLimits;
  /** Of new names that may vary. */
  readonly #shapes = new Set<string>();
  pending = 0;

  constructor(entries: ReadonlyMap<string, Entry>, naming: Naming<Entry>, limits: NamedLimits) {
    this.table = new Table(entries, naming.absorb);
    this.#naming = naming;
    this.#limits = limits;
  }

  again(key: string, seen: Behaviour): boolean {
    const known = this.table.find(key);
    if (known === undefined || known.members !== undefined) return false;
    this.table.widen(key, known, seen);
    return true;
  }

  add(key: string, entry: Entry): void {
    if (this.table.join(key, entry)) return;
    // Of a finished pattern. Closing would do the same, but it looks at everything that is known, and most new names of most
    // snapshots are of this sort.
    for (const renamed of entry.shape === entry.signature ? [asPattern] : [asPattern, asShape]) {
      const pattern = renamed(entry, this.#naming);
      if (pattern !== entry && this.table.join(this.#naming.keyOf(pattern), pattern)) return;
    }
    this.table.put(key, entry);
    this.pending += 1;
    if (isVariable(entry, this.#naming)) this.#shapes.add(entry.shape);
  }

  /** Finds the patterns of new names, and leaves out what is beyond the limits then. @returns keys of that */
  close(): readonly string[] {
    if (this.pending === 0) return [];
    const { entries } = this.table;
    const { kept, dropped } = keepGroups(
      closePatterns(entries, this.#shapes, this.#naming, this.#limits.shapes),
      this.#limits,
      this.#naming,
    );
    if (kept !== entries) this.table.replace(kept);
    this.#shapes.clear();
    this.pending = 0;
    return dropped;
  }
}
