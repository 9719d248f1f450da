/** How many bodies may be read at a time, so that what they hold in memory is bounded. */
import { Problem } from './problem.ts';

/** @param retryAfter seconds; the agent keeps what it has until then */
export function retryLater(status: 429 | 503, code: string, detail: string, retryAfter: number): Problem {
  return new Problem({ status, code, detail, retryAfter, members: { result: 'retry', reason: detail } });
}

export function overQuota(what: string): Problem {
  return retryLater(429, `quota-${what}`, `too many ${what} from this node`, 15);
}

export class UploadSlots {
  readonly #what: string;
  readonly #perNode: number;
  readonly #total: number;
  readonly #nodes = new Map<string, number>();
  #running = 0;

  /** @param what is sent, for people and metrics: `uploads` */
  constructor(what: string, perNode: number, total: number) {
    this.#what = what;
    this.#perNode = perNode;
    this.#total = total;
  }

  get running(): number {
    return this.#running;
  }

  /**
   * @returns to be called when the upload is over
   * @throws Problem 429 if this node has too many, 503 if all together have
   */
  enter(node: string): () => void {
    const own = this.#nodes.get(node) ?? 0;
    if (own >= this.#perNode) throw overQuota(this.#what);
    if (this.#running >= this.#total) {
      throw retryLater(503, 'busy', `too many ${this.#what} are under way`, 15);
    }
    this.#nodes.set(node, own + 1);
    this.#running += 1;
    return () => this.#leave(node);
  }

  #leave(node: string): void {
    this.#running -= 1;
    const own = (this.#nodes.get(node) ?? 0) - 1;
    if (own > 0) this.#nodes.set(node, own);
    else this.#nodes.delete(node);
  }
}
