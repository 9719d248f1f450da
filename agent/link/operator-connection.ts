/**
 * HTTPS to the operator. Its certificate is checked against our own CA alone; both the CA (rotated by the operator) and
 * the token (rotated by kubelet) are files that change, so they are read again for every request.
 */
import { readFile } from 'node:fs/promises';
import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';

export interface ConnectionOptions {
  readonly url: URL;
  readonly caFile: string;
  readonly tokenFile: string;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** When the operator wants to be asked again at the earliest; absent if it does not say. */
  readonly retryAfterMs?: number;
}

export type AnswerBytes = Omit<Answer, 'text'> & { readonly bytes: Buffer };

/** Answers to reports and uploads are a line or two. */
export const maxAnswerBytes = 64 * 1024;
/** No byte for so long: the other side is gone. The desired stream has a heartbeat three times as often. */
const silenceMs = 45_000;
/** One for the stream, one for reports, one for uploads, one for profiles. */
const maxSockets = 4;

export class OperatorConnection {
  readonly #options: ConnectionOptions;
  #agent: { readonly ca: string; readonly agent: Agent } | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  #agentFor(ca: string): Agent {
    if (this.#agent?.ca === ca) return this.#agent.agent;
    // Requests in progress end on the old agent, which closes its idle sockets by itself.
    const agent = new Agent({ ca, keepAlive: true, maxSockets, minVersion: 'TLSv1.3' });
    this.#agent = { ca, agent };
    return agent;
  }

  /**
   * Resolves with the head of the answer; the caller reads or destroys it.
   * @throws Error if a file cannot be read, the operator not reached, or its certificate is none of our CA.
   */
  async open({ method, path, body, headers, signal }: Call): Promise<IncomingMessage> {
    const { url, caFile, tokenFile } = this.#options;
    const [ca, token] = await Promise.all([readFile(caFile, 'utf8'), readFile(tokenFile, 'utf8')]);
    const options: RequestOptions = {
      method,
      agent: this.#agentFor(ca),
      signal,
      timeout: silenceMs,
      headers: {
        ...headers,
        authorization: `Bearer ${token.trim()}`,
        ...(body === undefined ? {} : { 'content-length': body.length }),
      },
    };
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, url), options, resolve);
      sent.on('error', reject);
      // Also after the head has come: then the reader of the body gets this error.
      sent.on('timeout', () => sent.destroy(new Error(`nothing heard from the operator for ${silenceMs / 1_000} s`)));
      sent.end(body);
    });
  }

  async call(call: Call): Promise<Answer> {
    const { bytes, ...answer } = await this.read(call, maxAnswerBytes);
    return { ...answer, text: bytes.toString() };
  }

  /** @throws Error also if the answer has more than so many bytes */
  async read(call: Call, limit: number): Promise<AnswerBytes> {
    return readAnswer(await this.open(call), call.path, limit);
  }

  close(): void {
    this.#agent?.agent.destroy();
  }
}

/** @throws Error also if the answer has more than so many bytes */
export async function readAnswer(response: IncomingMessage, path: string, limit: number): Promise<AnswerBytes> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('an answer without encoding comes in buffers');
    length += chunk.length;
    if (length > limit) throw new Error(`the operator's answer to ${path} is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, bytes: Buffer.concat(chunks, length), ...retryAfter(response) };
}

/** Of its two forms only the seconds; a longer wait than five minutes is nobody's wish. */
export function retryAfter({ headers }: Pick<IncomingMessage, 'headers'>): Pick<Answer, 'retryAfterMs'> {
  const text = headers['retry-after'] ?? '';
  return /^\d{1,9}$/.test(text) ? { retryAfterMs: Math.min(Number(text), 300) * 1_000 } : {};
}
