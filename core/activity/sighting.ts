/** Who showed a behaviour, in which phase, first and last: what every behaviour of a tree carries. */
import { actors, phases, type Actor, type Phase } from './snapshot.ts';

export interface Circumstances {
  readonly actor: Actor;
  readonly phase: Phase;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Sets are kept as bit masks over the lists of the snapshot schema. */
export class Sighting {
  #actors: number;
  #phases: number;
  #first: number;
  #last: number;

  constructor({ actor, phase, at }: Circumstances) {
    this.#actors = 1 << actors.indexOf(actor);
    this.#phases = 1 << phases.indexOf(phase);
    this.#first = at;
    this.#last = at;
  }

  again({ actor, phase, at }: Circumstances): void {
    this.#actors |= 1 << actors.indexOf(actor);
    this.#phases |= 1 << phases.indexOf(phase);
    // Events of different CPUs may arrive out of order.
    if (at < this.#first) this.#first = at;
    if (at > this.#last) this.#last = at;
  }

  /** It still holds: no new actor, but seen in this phase and until now. */
  persists(phase: Phase, at: number): void {
    this.#phases |= 1 << phases.indexOf(phase);
    if (at > this.#last) this.#last = at;
  }

  /** A new period in which it holds from the beginning, by whoever made it hold. */
  renew(phase: Phase, at: number): void {
    this.#phases = 1 << phases.indexOf(phase);
    this.#first = at;
    this.#last = at;
  }

  /** A process that was taken for the entrypoint turned out not to be it, but `actor`. */
  disown(actor: Actor): void {
    const entrypoint = 1 << actors.indexOf('entrypoint');
    if ((this.#actors & entrypoint) !== 0) this.#actors = (this.#actors & ~entrypoint) | (1 << actors.indexOf(actor));
  }

  toJSON(): { actors: Actor[]; phases: Phase[]; first: number; last: number } {
    return {
      actors: actors.filter((_, bit) => (this.#actors & (1 << bit)) !== 0),
      phases: phases.filter((_, bit) => (this.#phases & (1 << bit)) !== 0),
      first: Math.round(this.#first),
      last: Math.round(this.#last),
    };
  }
}
