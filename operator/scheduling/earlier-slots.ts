/**
 * Slots that an operator before this one gave. Its grants ended with it, so a slot's ID and container are all there is to go
 * by; what may come under them is bounded instead: each slot once, and few slots for each container.
 */

/**
 * An agent gets another slot for a container only after it has ended the one before; three may wait for their upload when
 * the store had failed for a while before the operator ended.
 */
const perContainer = 3;
/** 1,000 nodes with 20 containers each; at 300 bytes 6 MB. Beyond, nothing more is taken under earlier slots. */
const containerLimit = 20_000;

export type EarlierSlot = { readonly state: 'earlier' } | { readonly state: 'completed' };

export class EarlierSlots {
  readonly #completed = new Map<string, Set<string>>();

  /** Undefined if this container has brought as much as can have waited. */
  look(slotId: string, containerId: string): EarlierSlot | undefined {
    const completed = this.#completed.get(containerId);
    if (completed?.has(slotId) === true) return { state: 'completed' };
    const isFull = completed === undefined ? this.#completed.size >= containerLimit : completed.size >= perContainer;
    return isFull ? undefined : { state: 'earlier' };
  }

  /** To be called only for containers that exist, so that made-up ones take nobody's place. */
  complete(slotId: string, containerId: string): void {
    const completed = this.#completed.get(containerId) ?? new Set();
    if (completed.size < perContainer) this.#completed.set(containerId, completed.add(slotId));
  }
}
