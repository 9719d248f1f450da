/**
 * Counters of this agent since its start. They leave it in the report; the operator shows them as metrics, so the names
 * are those of metrics, with labels as in `name{label="value"}`.
 */
export class Counters {
  readonly #values = new Map<string, number>();

  add(name: string, amount = 1): void {
    this.#values.set(name, (this.#values.get(name) ?? 0) + amount);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#values);
  }
}
