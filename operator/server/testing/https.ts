/** A small HTTPS client for tests: one connection per request, trusting one CA. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface Call {
  readonly port: number;
  readonly ca: string;
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Without a Content-Length, so that the server learns the size only by reading. */
  readonly chunked?: boolean;
  /** Cuts the connection. */
  readonly signal?: AbortSignal;
}

function optionsOf({ port, ca, path, method, token, headers, body, chunked, signal }: Call): RequestOptions {
  const length = body === undefined || chunked === true ? {} : { 'content-length': Buffer.byteLength(body) };
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    host: '127.0.0.1',
    port,
    path,
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    ca,
    agent: false,
    ...(signal !== undefined && { signal }),
    headers: { ...authorization, ...length, ...headers },
  };
}

/** The answer's head; its body is still to be read. */
export async function open(call: Call): Promise<IncomingMessage> {
  const request = httpsRequest(optionsOf(call));
  const answered = Promise.withResolvers<IncomingMessage>();
  request.on('response', answered.resolve);
  request.on('error', answered.reject);
  request.end(call.body);
  return answered.promise;
}

export async function fetchText(call: Call): Promise<Answer> {
  const response = await open(call);
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => (text += chunk));
  await once(response, 'end');
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}
