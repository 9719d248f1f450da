/** `GET /api/v1/status` and `GET /api/v1/containers?namespace=&pod=&container=&node=&after=`. */
import type { RequestHandler } from 'express';
import type { ContainerQuery } from './api/status.ts';
import type { StatusSource } from './ports.ts';
import { Problem } from './problem.ts';

export function statusEndpoint(source: StatusSource): RequestHandler {
  return async (_request, response) => {
    response.json(await source.status());
  };
}

const names = ['namespace', 'pod', 'container', 'node', 'after'] as const satisfies readonly (keyof ContainerQuery)[];
/** Two names of 253, one of 63 and an ID of 64. */
const longest = 640;

export function containersEndpoint(source: StatusSource): RequestHandler {
  return ({ query }, response) => {
    const asked: Record<string, string> = {};
    for (const name of Object.keys(query)) {
      const value = query[name];
      const known = names.some((one) => one === name);
      if (!known || typeof value !== 'string' || value.length > longest) {
        const detail = `${name.slice(0, 64)} cannot be asked for so: give each of ${names.join(', ')} once at most`;
        throw new Problem({ status: 400, code: 'bad-query', detail });
      }
      asked[name] = value;
    }
    response.json(source.containers(asked));
  };
}
