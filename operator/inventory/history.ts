/** Who had what, and when: addresses change hands while snapshots are on their way. */

/** Owners are the same if their ids are; what else is known of one may change while it lasts. */
export interface Identified {
  readonly id: string;
}

interface Tenure<Owner> {
  owner: Owner;
  readonly from: number;
  /** Infinity while it lasts. */
  to: number;
}

/** What ended this long ago is forgotten: the longest period of a snapshot, 24 h, and an hour for its way. */
const memory = 25 * 3_600_000;
/** About 150 bytes each, 15 MB. A cluster that starts 100 pods a minute fills it in 16 hours. */
const maxEnded = 100_000;
/** Clocks of nodes and operator differ, and news of the API server take a moment. */
const slack = 30_000;

/** Ended tenures are bounded; those that last are as many as the objects that the informers hold. */
export class History<Owner extends Identified> {
  readonly #tenures = new Map<string, Tenure<Owner>[]>();
  /** In the order in which they ended. */
  readonly #ended = new Set<{ readonly key: string; readonly tenure: Tenure<Owner> }>();
  readonly #maxEnded: number;
  #forgotten = 0;

  constructor(limit: number = maxEnded) {
    this.#maxEnded = limit;
  }

  /** Tenures that were forgotten early because too many had ended. */
  get forgotten(): number {
    return this.#forgotten;
  }

  begin(key: string, owner: Owner, from: number): void {
    const lasting = this.#lasting(key, owner.id);
    if (lasting !== undefined) {
      lasting.owner = owner;
      return;
    }
    const tenures = this.#tenures.get(key) ?? [];
    tenures.push({ owner, from, to: Infinity });
    this.#tenures.set(key, tenures);
  }

  end(key: string, id: string, at: number): void {
    const lasting = this.#lasting(key, id);
    if (lasting === undefined) return;
    lasting.to = at;
    this.#ended.add({ key, tenure: lasting });
    this.#trim(at);
  }

  #lasting(key: string, id: string): Tenure<Owner> | undefined {
    return this.#tenures.get(key)?.find(({ owner, to }) => owner.id === id && to === Infinity);
  }

  /** Nobody had it before: what is seen first may have begun long ago. */
  isNew(key: string): boolean {
    return !this.#tenures.has(key);
  }

  /** All who had it then, the latest first; if none, those who had it within 30 s of then. */
  at(key: string, time: number): readonly Owner[] {
    const tenures = this.#tenures.get(key) ?? [];
    const within = (reach: number): Owner[] =>
      tenures
        .filter(({ from, to }) => from - reach <= time && time <= to + reach)
        .sort((left, right) => right.from - left.from)
        .map(({ owner }) => owner);
    const exact = within(0);
    return exact.length > 0 ? exact : within(slack);
  }

  #trim(now: number): void {
    for (const ended of this.#ended) {
      const old = ended.tenure.to < now - memory;
      if (!old && this.#ended.size <= this.#maxEnded) return;
      if (!old) this.#forgotten += 1;
      this.#ended.delete(ended);
      this.#forget(ended.key, ended.tenure);
    }
  }

  #forget(key: string, tenure: Tenure<Owner>): void {
    const left = (this.#tenures.get(key) ?? []).filter((other) => other !== tenure);
    if (left.length === 0) this.#tenures.delete(key);
    else this.#tenures.set(key, left);
  }
}
