import { afterEach, describe, expect, it } from 'vitest';
import { once } from 'node:events';
import { get, type Server } from 'node:http';
import { connect } from 'node:net';
import { Health, serveHealth } from './health.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

describe('probes', () => {
  it('tell a loop that hangs from one that has no programs attached', async () => {
    let now = 0;
    const health = new Health(() => now);
    server = await serveHealth(health, { host: '127.0.0.1', port: 0 });
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const status = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
    const both = async (): Promise<number[]> => [await status('/healthz'), await status('/readyz')];

    expect(await both()).toEqual([200, 503]);
    health.setReady(true);
    expect(await both()).toEqual([200, 200]);
    now = 10_000;
    expect(await both()).toEqual([503, 503]);
    health.turned();
    expect(await both()).toEqual([200, 200]);
    expect(await status('/metrics')).toBe(404);
  });

  it('are answered while somebody else takes every connection that he can', async () => {
    const health = new Health(() => 0);
    server = await serveHealth(health, { host: '127.0.0.1', port: 0 });
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const sockets = Array.from({ length: 70 }, () => connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' }));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const answered = Promise.withResolvers<number | undefined>();
    get({ host: '127.0.0.1', port, path: '/healthz', agent: false }, ({ statusCode }) =>
      answered.resolve(statusCode),
    ).on('error', answered.reject);
    expect(await answered.promise).toBe(200);
    for (const socket of sockets) socket.destroy();
  });
});
