/** What the simulated agents met, counted for all of them together. */

export class Tally {
  #uploadMs: number[] = [];
  #uploadBytes = 0;
  #results = new Map<string, number>();

  /** An upload with its answer: `accepted`, `duplicate`, `refused`, `retry`, or the status of a problem. */
  uploaded(ms: number, bytes: number, result: string): void {
    this.#uploadMs.push(ms);
    this.#uploadBytes += bytes;
    this.#results.set(result, (this.#results.get(result) ?? 0) + 1);
  }

  /** What was counted since the last call. */
  take(): { uploads: number; kibibytes: number; p50: number; p99: number; results: Record<string, number> } {
    const sorted = this.#uploadMs.toSorted((a, b) => a - b);
    const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
    const taken = {
      uploads: sorted.length,
      kibibytes: Math.round(this.#uploadBytes / 1_024),
      p50: at(0.5),
      p99: at(0.99),
      results: Object.fromEntries(this.#results),
    };
    this.#uploadMs = [];
    this.#uploadBytes = 0;
    this.#results = new Map();
    return taken;
  }
}
