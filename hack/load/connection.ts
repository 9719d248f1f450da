/** What the agent's link needs of a connection, for a thousand agents in one process: each calls from its own address. */
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import {
  type Answer,
  type AnswerBytes,
  type Call,
  maxAnswerBytes,
  readAnswer,
} from '../../agent/link/operator-connection.ts';

export interface Target {
  readonly url: URL;
  readonly ca: string;
}

export class LoadConnection {
  readonly #target: Target;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(target: Target, token: string, localAddress: string) {
    this.#target = target;
    this.#token = token;
    this.#agent = new Agent({ ca: target.ca, keepAlive: true, maxSockets: 4, minVersion: 'TLSv1.3', localAddress });
  }

  open({ method, path, body, headers, signal }: Call): Promise<IncomingMessage> {
    const length = body === undefined ? {} : { 'content-length': body.length };
    return new Promise((resolve, reject) => {
      const options = {
        method,
        signal,
        agent: this.#agent,
        headers: { ...headers, ...length, authorization: `Bearer ${this.#token}` },
      };
      const sent = request(new URL(path, this.#target.url), options, resolve);
      sent.on('error', reject);
      sent.end(body);
    });
  }

  async call(call: Call): Promise<Answer> {
    const { bytes, ...answer } = await this.read(call, maxAnswerBytes);
    return { ...answer, text: bytes.toString() };
  }

  async read(call: Call, limit: number): Promise<AnswerBytes> {
    return readAnswer(await this.open(call), call.path, limit);
  }

  close(): void {
    this.#agent.destroy();
  }
}
