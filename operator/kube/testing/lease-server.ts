/**
 * The API server as a Lease sees it: one object, guarded by its resource version. For what a real one cannot be told to do:
 * hang, fail at a chosen moment, and live by a test's clock.
 */
import { z } from 'zod';
import type { KubeClient, KubeRequest } from '../client.ts';
import { ConflictError, NotFoundError, RetryableError } from '../errors.ts';

const written = z.object({
  metadata: z.object({ resourceVersion: z.string().optional() }),
  spec: z.record(z.string(), z.unknown()),
});

export type Fault = 'none' | 'down' | 'hang';

export class LeaseServer {
  spec: Record<string, unknown> | undefined;
  #version = 0;

  /** One candidate's connection; `fault` says how its requests fare. */
  client(fault: () => Fault): KubeClient {
    return {
      watch: () => Promise.reject(new Error('a Lease is not watched')),
      request: async (request) => {
        switch (fault()) {
          case 'down':
            throw new RetryableError('connection refused', 0, '');
          case 'hang':
            return new Promise(() => undefined);
          case 'none':
            return this.#answer(request);
        }
      },
    };
  }

  #answer(request: KubeRequest): unknown {
    if (request.method === 'GET') {
      if (this.spec === undefined) throw new NotFoundError('no lease', 404, 'NotFound');
      return this.#object();
    }
    const { metadata, spec } = written.parse(request.body);
    const raced =
      request.method === 'POST' ? this.spec !== undefined : metadata.resourceVersion !== String(this.#version);
    if (raced) throw new ConflictError('another version', 409, 'Conflict');
    this.spec = spec;
    this.#version += 1;
    return this.#object();
  }

  #object(): unknown {
    return { metadata: { resourceVersion: String(this.#version) }, spec: this.spec };
  }
}
