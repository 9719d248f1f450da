/** Probes of the kubelet: plain HTTP, no data, a port of its own. */
import { createServer, type Server } from 'node:http';
import { limitConnections } from './connection-limit.ts';
import type { ReadinessCheck } from './ports.ts';

/**
 * `/healthz` answers as long as the event loop turns; `/readyz` when all checks pass, else 503 with the names of those that
 * do not.
 */
export function createHealthServer(checks: readonly ReadinessCheck[]): Server {
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    request.resume();
    if (request.url === '/healthz') {
      response.end('ok\n');
    } else if (request.url === '/readyz') {
      const failing = checks.filter(({ ready }) => !ready()).map(({ name }) => name);
      response.statusCode = failing.length === 0 ? 200 : 503;
      response.end(failing.length === 0 ? 'ok\n' : `not ready: ${failing.join(', ')}\n`);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  // Nobody but the kubelet has business here, but others may be able to connect: its probes must not fail for them.
  limitConnections(server, { total: 64, perAddress: 4 });
  server.requestTimeout = 5_000;
  server.headersTimeout = 5_000;
  return server;
}
