/** The containers of this node that are known, by ID and by cgroup. */
import type { ReportedContainer } from '../../core/wire/agent.ts';
import { type Observed, reported } from './observed.ts';

/** The limit of a report; a node runs some hundred containers. */
export const maxReported = 1_000;
/** The kernel side has 4,096 slots for cgroups; as many containers without a tree are 1 MB. */
const maxContainers = 4_096;

export class Containers {
  readonly #byId = new Map<string, Observed>();
  readonly #byCgroup = new Map<bigint, Observed>();

  [Symbol.iterator](): IterableIterator<Observed> {
    return this.#byId.values();
  }

  get full(): boolean {
    return this.#byId.size >= maxContainers;
  }

  byId(id: string): Observed | undefined {
    return this.#byId.get(id);
  }

  byCgroup(id: bigint): Observed | undefined {
    return this.#byCgroup.get(id);
  }

  add(container: Observed): void {
    const former = this.#byId.get(container.identity.id);
    if (former !== undefined) this.remove(former);
    this.#byId.set(container.identity.id, container);
    this.#byCgroup.set(container.cgroup.id, container);
  }

  /** Its cgroup is gone, and its number free for another. */
  forgetCgroup(container: Observed): void {
    if (this.#byCgroup.get(container.cgroup.id) === container) this.#byCgroup.delete(container.cgroup.id);
  }

  remove(container: Observed): void {
    this.forgetCgroup(container);
    this.#byId.delete(container.identity.id);
  }

  ofKind(kind: Observed['activity']['kind']): Observed[] {
    return [...this].filter(({ activity }) => activity.kind === kind);
  }

  /** At most {@link maxReported}, those with a tree first. */
  report(): ReportedContainer[] {
    const all = [...this].flatMap((container) => reported(container) ?? []);
    if (all.length <= maxReported) return all;
    const busy = all.filter(({ state }) => state !== 'idle');
    return [...busy, ...all.filter(({ state }) => state === 'idle')].slice(0, maxReported);
  }
}
