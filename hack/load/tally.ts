/** What the simulated agents met, counted for all of them together. */

class Calls {
  #ms: number[] = [];
  #bytes = 0;
  #results = new Map<string, number>();

  /** @param result what became of it: a word of the answer, or the status of a problem */
  add(ms: number, bytes: number, result: string): void {
    this.#ms.push(ms);
    this.#bytes += bytes;
    this.#results.set(result, (this.#results.get(result) ?? 0) + 1);
  }

  /** What was counted since the last call. */
  take(): { calls: number; kibibytes: number; p50: number; p99: number; results: Record<string, number> } {
    const sorted = this.#ms.toSorted((a, b) => a - b);
    const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
    const taken = {
      calls: sorted.length,
      kibibytes: Math.round(this.#bytes / 1_024),
      p50: at(0.5),
      p99: at(0.99),
      results: Object.fromEntries(this.#results),
    };
    this.#ms = [];
    this.#bytes = 0;
    this.#results = new Map();
    return taken;
  }
}

export class Tally {
  /** `accepted`, `duplicate`, `refused`, `retry`. Bytes as sent. */
  readonly uploads = new Calls();
  /** Of compiled profiles: `given`. Bytes as received. */
  readonly fetches = new Calls();
}
