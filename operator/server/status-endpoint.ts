/**
 * `GET /api/v1/status`, `GET /api/v1/containers?namespace=&pod=&container=&node=&after=` and
 * `GET /api/v1/scheduling?node=&after=`.
 */
import type { Request, RequestHandler } from 'express';
import type { Answers } from './answers.ts';
import type { StatusSource } from './ports.ts';
import { Problem } from './problem.ts';

export function statusEndpoint(source: StatusSource, answers: Answers): RequestHandler {
  return async (_request, response) => answers.json(response, await source.status());
}

/** Names of objects have 253 characters at most. */
const longestName = 253;
/** Node, namespace, pod, container and ID, with a space between each two: a place between containers, as `next` tells it. */
const place = /^[^ ]{1,253} [^ ]{1,63} [^ ]{0,253} [^ ]{0,63} [0-9a-f]{64}$/;

export function containersEndpoint(source: StatusSource, answers: Answers): RequestHandler {
  return async (request, response) => {
    const query = queryOf(request, ['namespace', 'pod', 'container', 'node'], place);
    await answers.json(response, source.containers(query));
  };
}

export function schedulingEndpoint(source: StatusSource, answers: Answers): RequestHandler {
  return async (request, response) => {
    const query = queryOf(request, ['node'], /^[^ ]{1,253}$/);
    await answers.json(response, source.scheduling(query));
  };
}

/** @throws Problem 400 for anything but these, each once at most, and a cursor that a page told */
function queryOf<Name extends string>(
  { query }: Request,
  names: readonly Name[],
  cursor: RegExp,
): Partial<Record<Name | 'after', string>> {
  const asked: Partial<Record<Name | 'after', string>> = {};
  for (const [key, value] of Object.entries(query)) {
    const name = [...names, 'after' as const].find((one) => one === key);
    if (name === undefined || typeof value !== 'string') {
      throw badQuery(
        `${key.slice(0, 64)} cannot be asked for so: give each of ${names.join(', ')}, after once at most`,
      );
    }
    if (name === 'after' && !cursor.test(value)) throw badQuery('after is what a page before told as next');
    if (name !== 'after' && value.length > longestName) throw badQuery(`${name} has ${longestName} characters at most`);
    asked[name] = value;
  }
  return asked;
}

function badQuery(detail: string): Problem {
  return new Problem({ status: 400, code: 'bad-query', detail });
}
