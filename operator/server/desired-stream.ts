/**
 * The stream of desired state to one agent: JSON lines, the whole state on every change, heartbeats in between. An agent that
 * reads slowly gets the latest state when it reads again, never a backlog.
 */
import type { Response } from 'express';
import { heartbeatSeconds, type DesiredMessage, type DesiredState } from '../../core/wire/agent.ts';
import type { Clock } from '../clock.ts';
import type { ServerMetrics } from './metrics.ts';
import type { DesiredStateSource } from './ports.ts';

/** New connections spread agents over replicas, and take up new certificates. */
const maxAgeMs = 30 * 60_000;
/** An agent that reads nothing for three heartbeats is gone, or as good as gone. */
const stalledMs = 3 * heartbeatSeconds * 1_000;

export interface DesiredStreamOptions {
  readonly source: DesiredStateSource;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: Pick<ServerMetrics, 'agentStreams'>;
}

export class DesiredStreams {
  readonly #options: DesiredStreamOptions;
  /** At most one per node: the nodes come from reviewed tokens, so the cluster bounds them. */
  readonly #open = new Map<string, DesiredStream>();
  #ended = false;

  constructor(options: DesiredStreamOptions) {
    this.#options = options;
  }

  /** Opens a stream; an older one of the same node ends. */
  open(node: string, response: Response): void {
    this.#open.get(node)?.end();
    const stream = new DesiredStream(node, response, this.#options);
    // Who was being identified while the others were ended would keep the server from closing for half an hour.
    if (this.#ended) stream.end();
    this.#open.set(node, stream);
    this.#options.metrics.agentStreams.set(this.#open.size);
    response.once('close', () => {
      stream.end();
      if (this.#open.get(node) === stream) this.#open.delete(node);
      this.#options.metrics.agentStreams.set(this.#open.size);
    });
  }

  /** Also those that are opened from now on. */
  endAll(): void {
    this.#ended = true;
    for (const stream of this.#open.values()) stream.end();
  }
}

class DesiredStream {
  readonly #response: Response;
  readonly #clock: Clock;
  readonly #cancels: (() => void)[] = [];
  #pending: DesiredState | undefined;
  /** Set while the connection takes no more: when to give it up. */
  #cancelStall: (() => void) | undefined;
  #ended = false;

  constructor(node: string, response: Response, { source, clock, random }: DesiredStreamOptions) {
    this.#response = response;
    this.#clock = clock;
    response.status(200).type('application/x-ndjson').setHeader('Cache-Control', 'no-store');
    response.flushHeaders();
    response.on('drain', () => this.#drained());
    this.#cancels.push(
      source.subscribe(node, (state) => this.#send(state)),
      // Between 24 and 30 minutes, so that agents that came together do not come back together.
      clock.after(maxAgeMs * (1 - 0.2 * random()), () => this.end()),
    );
    this.#beat();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancelStall?.();
    this.#response.end();
  }

  #send(state: DesiredState): void {
    if (this.#ended) return;
    if (this.#cancelStall === undefined) this.#write(state);
    else this.#pending = state;
  }

  #beat(): void {
    const cancel = this.#clock.after(heartbeatSeconds * 1_000, () => {
      this.#cancels.splice(this.#cancels.indexOf(cancel), 1);
      if (this.#ended) return;
      if (this.#cancelStall === undefined) this.#write({ type: 'heartbeat', at: this.#clock.now() });
      this.#beat();
    });
    this.#cancels.push(cancel);
  }

  #write(message: DesiredMessage): void {
    if (this.#response.write(`${JSON.stringify(message)}\n`)) return;
    this.#cancelStall = this.#clock.after(stalledMs, () => this.#response.destroy());
  }

  #drained(): void {
    this.#cancelStall?.();
    this.#cancelStall = undefined;
    const state = this.#pending;
    this.#pending = undefined;
    if (state !== undefined) this.#send(state);
  }
}
