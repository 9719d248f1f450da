/** Bounds what is at work by its size: many small ones at a time, or few large ones. */
export class ByteGate {
  readonly #limit: number;
  /** As many as their callers let wait. */
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  #inside = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Resolves when there is room, in the order of the calls; what is larger than the gate enters alone.
   * @returns to be called when the work is over
   */
  async enter(bytes: number): Promise<() => void> {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) {
      // Whoever leaves makes the room: it is taken when this resolves.
      await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
    } else {
      this.#inside += bytes;
    }
    return () => this.#leave(bytes);
  }

  #fits(bytes: number): boolean {
    return this.#inside === 0 || this.#inside + bytes <= this.#limit;
  }

  #leave(bytes: number): void {
    this.#inside -= bytes;
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#inside += next.bytes;
      next.enter();
    }
  }
}
