/** How much one answer lists: so many items, and so many bytes of JSON. */
export interface Bounds {
  readonly count: number;
  readonly bytes: number;
}

/** Takes items while there is room; the first is always taken. Texts of agents and of people may be long, and escaped six times as long. */
export class Room {
  #left: Bounds;
  #isEmpty = true;

  constructor(bounds: Bounds) {
    this.#left = bounds;
  }

  /** False, and nothing taken, if `item` does not fit. */
  take(item: unknown, count = 1): boolean {
    const bytes = this.#left.bytes - Buffer.byteLength(JSON.stringify(item));
    const left = { count: this.#left.count - count, bytes };
    if (!this.#isEmpty && (left.count < 0 || bytes < 0)) return false;
    this.#left = left;
    this.#isEmpty = false;
    return true;
  }
}

/** Those from the beginning for which there is room, and how many are not among them. */
export function bounded<Item>(items: readonly Item[], bounds: Bounds): { items: Item[]; omitted: number } {
  const room = new Room(bounds);
  const end = items.findIndex((item) => !room.take(item));
  const shown = end < 0 ? items.length : end;
  return { items: items.slice(0, shown), omitted: items.length - shown };
}
