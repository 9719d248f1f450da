/** Which node each living process of a container is in. */
import type { ProcessKey } from '../event/event.ts';
import { type Account, cost } from './account.ts';
import type { Node } from './node.ts';
import type { Actor } from './snapshot.ts';

export interface Running {
  readonly pid: number;
  /** Start in nanoseconds since boot; unknown until the process itself causes an event. */
  startedAt: number | undefined;
  execId: number | undefined;
  /** Time of the event from which it is known, in milliseconds since the epoch. */
  readonly since: number;
  actor: Actor;
  node: Node;
  /**
   * False once it runs a program that no node stands for: its exec was lost or found no room. `node` is then the last
   * known one, from which a later exec goes on.
   */
  attributed: boolean;
}

export class ProcessTable {
  readonly #account: Account;
  readonly #byPid = new Map<number, Running>();

  constructor(account: Account) {
    this.#account = account;
  }

  [Symbol.iterator](): IterableIterator<Running> {
    return this.#byPid.values();
  }

  /** Whatever is known under this number, without a check that it is the same process. */
  byPid(pid: number): Running | undefined {
    return this.#byPid.get(pid);
  }

  /**
   * The process of an event. Numbers are reused: a younger owner ends what is known of the older one, and an event of an
   * older owner that arrives late finds nothing.
   */
  find({ pid, startedAt }: ProcessKey, at: number): Running | undefined {
    const running = this.#byPid.get(pid);
    if (running === undefined) return undefined;
    if (running.startedAt === undefined) {
      if (at < running.since) return undefined;
      running.startedAt = startedAt;
    }
    if (running.startedAt === startedAt) return running;
    if (startedAt > running.startedAt) this.remove(running);
    return undefined;
  }

  /** Undefined, and counted, if there is no room. */
  add(running: Running): Running | undefined {
    const former = this.#byPid.get(running.pid);
    if (former !== undefined) this.remove(former);
    if (!this.#account.takeBytes(cost.pid)) return undefined;
    this.#byPid.set(running.pid, running);
    if (running.attributed) running.node.enter();
    return running;
  }

  remove(running: Running): void {
    this.detach(running);
    if (this.#byPid.delete(running.pid)) this.#account.giveBytes(cost.pid);
  }

  move(running: Running, node: Node): void {
    if (running.attributed && running.node === node) return;
    this.detach(running);
    running.node = node;
    running.attributed = true;
    node.enter();
  }

  /** It runs something unknown from now on. */
  detach(running: Running): void {
    if (running.attributed) running.node.leave();
    running.attributed = false;
  }
}
