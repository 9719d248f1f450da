/** The spool of an agent that need not survive: snapshots by the slots that they fill. */
export class MemorySpool {
  readonly #files = new Map<string, Buffer>();

  get names(): readonly string[] {
    return [...this.#files.keys()];
  }

  put(slotId: string, bytes: Buffer): void {
    this.#files.set(slotId, bytes);
  }

  read(slotId: string): Buffer | undefined {
    return this.#files.get(slotId);
  }

  remove(slotId: string): void {
    this.#files.delete(slotId);
  }
}
