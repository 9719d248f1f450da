/** Refusals as RFC 9457 problem details. Thrown anywhere below a request, written in one place. */
import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Response } from 'express';
import type { Counter } from 'prom-client';
import type { Logger } from 'pino';

export interface ProblemOptions {
  readonly status: number;
  /** For machines and metrics: one of a fixed set of words. */
  readonly code: string;
  /** For people: what is wrong with the request and what would be right. Never holds secrets. */
  readonly detail: string;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
  /** The connection is of no further use, such as when the rest of a body was not read. */
  readonly close?: boolean;
  /** Further members of the body. */
  readonly members?: Readonly<Record<string, unknown>>;
}

export class Problem extends Error {
  readonly options: ProblemOptions;

  constructor(options: ProblemOptions, cause?: unknown) {
    super(`${options.status} ${options.code}: ${options.detail}`, { cause });
    this.name = 'Problem';
    this.options = options;
  }
}

/**
 * For work whose turn has come: nobody waits for an answer any more, and what is to be done when the connection closes would
 * never be done, as it has. @throws Problem 400
 */
export function refuseIfGone({ destroyed }: Pick<Response, 'destroyed'>): void {
  if (destroyed) throw new Problem({ status: 400, code: 'gone', detail: 'the connection was closed' });
}

const internal: ProblemOptions = {
  status: 500,
  code: 'internal',
  detail: 'the request failed; see the operator’s log',
};

/** Express tells of a parameter in the path that is not encoded so by an error of its own, before anybody is asked who they are. */
const badPath: ProblemOptions = { status: 400, code: 'bad-path', detail: 'the path is not percent-encoded UTF-8' };

function optionsOf(error: unknown): ProblemOptions {
  if (error instanceof Problem) return error.options;
  return error instanceof URIError ? badPath : internal;
}

/** Express knows an error handler by its four parameters. */
export function problemHandler(refused: Counter<'reason'>, log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const options = optionsOf(error);
    refused.inc({ reason: options.code });
    if (options === internal) log.error({ err: error, path: request.path }, 'request failed');
    else log.debug({ path: request.path, status: options.status, code: options.code }, 'request refused');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (options.retryAfter !== undefined) response.setHeader('Retry-After', String(options.retryAfter));
    if (options.close === true) response.setHeader('Connection', 'close');
    if (options.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    const { status, code, detail, members } = options;
    const body = { type: 'about:blank', title: STATUS_CODES[status] ?? '', status, code, detail, ...members };
    response.status(status).type('application/problem+json').send(JSON.stringify(body));
  };
}
