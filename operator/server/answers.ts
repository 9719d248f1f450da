/**
 * Answers on their way out. They are made at once and stay in memory until whoever asked has taken them, which may be never: so
 * there is a limit to all of them together, and a time for each.
 */
import { once } from 'node:events';
import type { RequestHandler, Response } from 'express';
import type { Counter } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { MemoryWatch } from './memory.ts';
import { Problem, refuseIfGone } from './problem.ts';

export interface AnswersOptions {
  readonly clock: Pick<Clock, 'after'>;
  readonly memory: Pick<MemoryWatch, 'isScarce'>;
  readonly refused: Counter<'reason'>;
}

/** A hundred pages of containers, or four of the largest answers about unknown behaviour (12 MiB). */
const limitBytes = 48 * 1024 * 1024;
/** The largest comes through a network of 1.6 Mbit/s in this time. */
const longestMs = 60_000;

export class Answers {
  readonly #options: AnswersOptions;
  #bytes = 0;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** For what takes memory to answer. Status and metrics do not: they are small, and say that memory is scarce. */
  readonly unlessScarce: RequestHandler = (_request, _response, next) => {
    this.refuseIfScarce();
    next();
  };

  /** For work whose turn has come: who asked may have gone by then, or memory become scarce. @throws Problem 400 or 503 */
  refuseIfVain(response: Response): void {
    refuseIfGone(response);
    this.refuseIfScarce();
  }

  /** @throws Problem 503 */
  refuseIfScarce(): void {
    if (!this.#options.memory.isScarce) return;
    const detail = 'the operator is short of memory, and learning comes first; ask again later';
    throw new Problem({ status: 503, code: 'memory', detail, retryAfter: 30 });
  }

  /** As {@link send}, of what JSON can say. */
  async json(response: Response, value: unknown): Promise<void> {
    await this.send(response.type('json'), Buffer.from(JSON.stringify(value)));
  }

  /** Resolves when the answer has gone out, or nobody takes it any more. @throws Problem 503 if too many are on their way */
  async send(response: Response, body: Uint8Array): Promise<void> {
    if (response.destroyed) return;
    if (this.#bytes > 0 && this.#bytes + body.length > limitBytes) {
      const detail = 'too many answers are on their way to others; ask again later';
      throw new Problem({ status: 503, code: 'answers', detail, retryAfter: 5 });
    }
    this.#bytes += body.length;
    const cancel = this.#options.clock.after(longestMs, () => {
      this.#options.refused.inc({ reason: 'stalled' });
      response.destroy();
    });
    try {
      const closed = once(response, 'close');
      response.send(Buffer.from(body.buffer, body.byteOffset, body.length));
      await closed;
    } finally {
      cancel();
      this.#bytes -= body.length;
    }
  }
}
