/** Answers the kubelet's probes, without saying anything about the node. */
import type { RequestListener, Server } from 'node:http';

/**
 * An import of `node:http` reads all that it exports, and with its WebSocket comes the whole of undici: 8 MiB that stay with
 * a process that never uses it.
 */
const { createServer } = process.getBuiltinModule('node:http');

/**
 * Whoever can reach the port could take all connections and let the kubelet's probes fail until the agent is killed, so each
 * address gets a share; the kubelet needs two.
 */
const maxConnections = 64;
const maxPerAddress = 4;

/** The loop turns every half second; a survey of a large node or a full disk may hold it up for a moment. */
const aliveMs = 10_000;

export class Health {
  readonly #now: () => number;
  #turnedAt: number;
  #ready = false;

  constructor(now: () => number) {
    this.#now = now;
    this.#turnedAt = now();
  }

  turned(): void {
    this.#turnedAt = this.#now();
  }

  /** The programs are attached and events are read. */
  setReady(ready: boolean): void {
    this.#ready = ready;
  }

  get alive(): boolean {
    return this.#now() - this.#turnedAt < aliveMs;
  }

  get ready(): boolean {
    return this.#ready && this.alive;
  }
}

function listener(health: Health): RequestListener {
  return ({ url }, response) => {
    if (url !== '/healthz' && url !== '/readyz') response.writeHead(404).end();
    else response.writeHead((url === '/healthz' ? health.alive : health.ready) ? 200 : 503).end();
  };
}

function shareConnections(server: Server): void {
  const open: string[] = [];
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    if (open.filter((other) => other === address).length >= maxPerAddress) {
      socket.destroy();
      return;
    }
    open.push(address);
    socket.once('close', () => open.splice(open.indexOf(address), 1));
  });
}

/** @throws Error (from listen) if the address is taken. */
export async function serveHealth(health: Health, { host, port }: { host: string; port: number }): Promise<Server> {
  const server = createServer({ maxHeaderSize: 4_096, requestTimeout: 5_000 }, listener(health));
  server.maxConnections = maxConnections;
  shareConnections(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}
