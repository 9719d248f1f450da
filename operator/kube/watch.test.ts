import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createKubeClient } from './client.ts';
import { ForbiddenError, GoneError, RetryableError } from './errors.ts';
import type { WatchEvent } from './watch.ts';

async function watchFrom(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  onEvent: (event: WatchEvent) => void = () => undefined,
) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port was expected');
  const config = new KubeConfig();
  const cluster = { name: 'c', server: `http://127.0.0.1:${address.port}`, skipTLSVerify: true };
  config.loadFromClusterAndUser(cluster, { name: 'u' });
  const stop = new AbortController();
  const events: WatchEvent[] = [];
  const request = { path: '/api/v1/pods', query: { resourceVersion: '5' }, signal: stop.signal };
  const ended = createKubeClient(config).watch(request, (event) => {
    events.push(event);
    onEvent(event);
  });
  return { stop, events, ended };
}

const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;

describe('a watch', () => {
  it('delivers events in order and resolves when the server closes it', async () => {
    const { events, ended } = await watchFrom((request, response) => {
      expect(request.url).toBe('/api/v1/pods?watch=true&resourceVersion=5');
      response.end(line('ADDED', { n: 1 }) + line('BOOKMARK', { n: 2 }) + line('UNHEARD_OF', {}));
    });
    await ended;
    expect(events).toEqual([
      { type: 'ADDED', object: { n: 1 } },
      { type: 'BOOKMARK', object: { n: 2 } },
    ]);
  });

  it('says Gone for a version that is no longer kept, inside the stream', async () => {
    const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
    const { ended } = await watchFrom((_, response) => response.write(line('ERROR', status)));
    await expect(ended).rejects.toThrow(GoneError);
  });

  it.each([
    [410, GoneError],
    [403, ForbiddenError],
    [503, RetryableError],
  ])('turns status %i of the answer into its error', async (status, expected) => {
    const { ended } = await watchFrom((_, response) => response.writeHead(status).end());
    await expect(ended).rejects.toThrow(expected);
  });

  it('reports a connection that breaks', async () => {
    const { ended, events } = await watchFrom((_, response) => {
      response.write(`${line('ADDED', {})}{"type":"ADD`, () => response.destroy());
    });
    await expect(ended).rejects.toThrow(RetryableError);
    expect(events).toHaveLength(1);
  });

  it('survives an ERROR event that holds no Status', async () => {
    const { ended } = await watchFrom((_, response) => response.write(line('ERROR', 'no Status')));
    await expect(ended).rejects.toThrow(/WATCH \/api\/v1\/pods: 500/);
  });

  it('ends with the exception of whoever listens, instead of going on without it', async () => {
    const { ended } = await watchFrom(
      (_, response) => response.write(line('ADDED', {})),
      () => {
        throw new Error('listener');
      },
    );
    await expect(ended).rejects.toThrow('listener');
  });

  it('stops at once when aborted, also before the server has answered', async () => {
    const arrived = Promise.withResolvers<void>();
    const { stop, ended, events } = await watchFrom(() => arrived.resolve());
    await arrived.promise;
    stop.abort();
    await ended;
    expect(events).toEqual([]);
  });
});
