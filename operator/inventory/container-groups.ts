import type { ContainerRecord } from './inventory.ts';

/** Containers that have something in common, by what that is. */
export class ContainerGroups {
  readonly #groups = new Map<string, Map<string, ContainerRecord>>();

  keys(): Iterable<string> {
    return this.#groups.keys();
  }

  of(key: string): Iterable<ContainerRecord> {
    return this.#groups.get(key)?.values() ?? [];
  }

  add(key: string, record: ContainerRecord): void {
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, new Map([[record.id, record]]));
    else group.set(record.id, record);
  }

  delete(key: string, id: string): void {
    const group = this.#groups.get(key);
    if (group?.delete(id) === true && group.size === 0) this.#groups.delete(key);
  }
}
