/** The operator's HTTPS server. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { agentEndpoints, type AgentEndpoints, type AgentEndpointsOptions } from './agent-endpoints.ts';
import { limitConnections } from './connection-limit.ts';
import { Problem, problemHandler } from './problem.ts';
import { readEndpoints, type ReadEndpointsOptions } from './read-endpoints.ts';

/** PEM. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface ServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly certificate: ServingCertificate;
  readonly agents: AgentEndpointsOptions;
  readonly read: ReadEndpointsOptions;
}

export interface RunningServer {
  readonly port: number;
  /** For the connections to come; those that are open stay. */
  useCertificate(certificate: ServingCertificate): void;
  /** Takes no more connections, ends streams, and cuts every 5 s what is still open. */
  close(): Promise<void>;
}

/** One connection or two per agent: 2,000 nodes. At 80 KiB each, 320 MiB if all came. */
const maxConnections = 4_096;
/** An agent has two, and people who look on come through their node: enough for both, a 64th of all. */
const maxPerAddress = 64;
const graceMs = 5_000;

/** @throws Error if the port is taken or the certificate unusable */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const agents = agentEndpoints(options.agents);
  const server = createServer(
    {
      ...options.certificate,
      minVersion: 'TLSv1.2',
      handshakeTimeout: 10_000,
      headersTimeout: 10_000,
      // For the whole request, not the answer: 1 MiB in 60 s is a slow network.
      requestTimeout: 60_000,
      // For who scrapes or looks on; connections of agents' requests close with the answer (agent-endpoints.ts).
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16 * 1024,
    },
    application(options, agents),
  );
  const refused = options.agents.metrics.connectionsRefused;
  limitConnections(server, { total: maxConnections, perAddress: maxPerAddress }, (reason) => refused.inc({ reason }));
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: portOf(server),
    useCertificate: (certificate) => server.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' }),
    close: () => close(server, agents),
  };
}

function application(options: ServerOptions, agents: AgentEndpoints): Express {
  const app = express();
  app.disable('etag');
  app.use(helmet());
  app.use('/agent/v1', agents.router);
  app.use(readEndpoints({ ...options.read, refused: options.agents.metrics.apiRequestsRefused }));
  app.use(() => {
    throw new Problem({ status: 404, code: 'no-such-endpoint', detail: 'there is nothing at this path' });
  });
  app.use(problemHandler(options.agents.metrics.apiRequestsRefused, options.agents.log));
  return app;
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no TCP port');
  return address.port;
}

async function close(server: Server, agents: AgentEndpoints): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  agents.endStreams();
  server.closeIdleConnections();
  // Again and again: a handshake that was under way ends in a connection that was not there the time before.
  const cut = setInterval(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(cut);
}
