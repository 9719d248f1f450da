/** Network endpoints that the processes of one node used. */
import type { SocketAddress, SocketEvent } from '../event/network-events.ts';
import { type Account, cost } from './account.ts';
import { Sighting, type Circumstances } from './sighting.ts';
import type { Actor, NetworkDirection, NetworkNode, Phase } from './snapshot.ts';

/** First port that Linux hands out by itself (net.ipv4.ip_local_port_range begins here unless changed). */
export const ephemeralFrom = 32_768;

/**
 * A public server is called from everywhere. After this many callers of one port the rest counts as one endpoint without
 * `peer`, so that they do not use up the 2,000 endpoints of a snapshot.
 */
const maxPeersPerPort = 64;

/** Likewise for a program that binds a fresh UDP port for every request: from then on they count as port 0. */
const maxEphemeralBinds = 16;

/** Likewise for sends to ever other high ports (a file sharer, a scan): from then on they count as port 0 of the address. */
const maxEphemeralSends = 64;

/** TCP ports bound and not yet listened to; a program with more than these never listens to most. */
const maxPendingBinds = 64;

/**
 * A connect that reached the network is behaviour, whatever came of it: in progress (a non-blocking socket), interrupted,
 * refused, reset, timed out. Others (no route, no such address, not permitted) never left the host.
 */
const connected: ReadonlySet<number> = new Set([0, -115, -4, -111, -104, -110]);

export type Endpoint = Pick<NetworkNode, 'direction' | 'protocol' | 'address' | 'peer' | 'port'>;

interface EndpointSighting {
  readonly endpoint: Endpoint;
  readonly sighting: Sighting;
}

const bytes = cost.network + 64;

export class Endpoints {
  readonly #account: Account;
  readonly #byKey = new Map<string, EndpointSighting>();
  readonly #peersPerPort = new Map<string, number>();
  readonly #pendingBinds = new Map<number, SocketAddress>();
  #ephemeralBinds = 0;
  #ephemeralSends = 0;

  constructor(account: Account) {
    this.#account = account;
  }

  record(event: SocketEvent, circumstances: Circumstances): void {
    const seen = endpointOf(event);
    if (seen === undefined) return;
    switch (seen.direction) {
      case 'connect':
        if (event.type === 'send') this.#send(seen, circumstances);
        else this.#see(seen, circumstances);
        break;
      case 'bind':
        this.#bind(seen.protocol, event.local, circumstances);
        break;
      case 'listen':
        this.#listen(seen.protocol, event.local, circumstances);
        break;
      case 'accept':
        this.#accept(seen, circumstances);
        break;
    }
  }

  /** A socket that was found open: TCP listens, of UDP no more can be said than that it is bound. */
  recordHeld(protocol: SocketEvent['protocol'], local: SocketAddress, circumstances: Circumstances): void {
    if (protocol === 'tcp') this.#listen(protocol, local, circumstances);
    else this.#bind(protocol, local, circumstances);
  }

  #listen(protocol: SocketEvent['protocol'], local: SocketAddress, circumstances: Circumstances): void {
    const bound = this.#pendingBinds.get(local.port);
    if (bound !== undefined) {
      this.#pendingBinds.delete(local.port);
      this.#see(endpoint('bind', protocol, bound), circumstances);
    }
    this.#see(endpoint('listen', protocol, local), circumstances);
  }

  #send(exact: Endpoint, circumstances: Circumstances): void {
    if (exact.port < ephemeralFrom || this.#byKey.has(keyOf(exact))) return this.#see(exact, circumstances);
    this.#ephemeralSends += 1;
    this.#see(this.#ephemeralSends > maxEphemeralSends ? { ...exact, port: 0 } : exact, circumstances);
  }

  #bind(protocol: SocketEvent['protocol'], local: SocketAddress, circumstances: Circumstances): void {
    const ephemeral = local.port === 0 || local.port >= ephemeralFrom;
    if (!ephemeral) this.#see(endpoint('bind', protocol, local), circumstances);
    else if (protocol === 'udp') this.#bindEphemeral(local, circumstances);
    else if (this.#pendingBinds.size < maxPendingBinds) this.#pendingBinds.set(local.port, local);
    else this.#account.refuse();
  }

  #bindEphemeral(local: SocketAddress, circumstances: Circumstances): void {
    const exact = endpoint('bind', 'udp', local);
    if (this.#byKey.has(keyOf(exact))) return this.#see(exact, circumstances);
    this.#ephemeralBinds += 1;
    this.#see(this.#ephemeralBinds > maxEphemeralBinds ? { ...exact, port: 0 } : exact, circumstances);
  }

  #accept(exact: Endpoint, circumstances: Circumstances): void {
    const { peer, ...anyone } = exact;
    if (peer === undefined || this.#byKey.has(keyOf(exact))) return this.#see(exact, circumstances);
    const port = keyOf(anyone);
    const peers = this.#peersPerPort.get(port) ?? 0;
    if (peers >= maxPeersPerPort) return this.#see(anyone, circumstances);
    this.#peersPerPort.set(port, peers + 1);
    this.#see(exact, circumstances);
  }

  #see(seen: Endpoint, circumstances: Circumstances): void {
    const key = keyOf(seen);
    const known = this.#byKey.get(key);
    if (known !== undefined) known.sighting.again(circumstances);
    else if (this.#account.take('network', bytes)) {
      this.#byKey.set(key, { endpoint: seen, sighting: new Sighting(circumstances) });
    }
  }

  /** Sockets that listen go on listening while their process lives. */
  persist(phase: Phase, at: number): void {
    for (const { endpoint, sighting } of this.#byKey.values()) {
      if (isHeld(endpoint.direction)) sighting.persists(phase, at);
    }
  }

  /** A new period: what a living process holds open stays, all else is forgotten. */
  restart(phase: Phase, at: number, alive: boolean): void {
    for (const [key, { endpoint, sighting }] of this.#byKey) {
      if (alive && isHeld(endpoint.direction)) sighting.renew(phase, at);
      else {
        this.#byKey.delete(key);
        this.#account.give('network', bytes);
      }
    }
    this.#peersPerPort.clear();
    this.#ephemeralBinds = 0;
    this.#ephemeralSends = 0;
    if (!alive) this.#pendingBinds.clear();
  }

  disown(actor: Actor): void {
    for (const { sighting } of this.#byKey.values()) sighting.disown(actor);
  }

  *render(process: number): Generator<NetworkNode> {
    for (const { endpoint, sighting } of this.#byKey.values()) yield { ...sighting.toJSON(), process, ...endpoint };
  }
}

/** The endpoint that one event by itself shows; undefined for a call that came to nothing. */
export function endpointOf(event: SocketEvent): Endpoint | undefined {
  switch (event.type) {
    case 'connect':
      return connected.has(event.retval) ? dialled(event) : undefined;
    case 'bind':
    case 'listen':
      return event.retval === 0 ? endpoint(event.type, event.protocol, event.local) : undefined;
    case 'accept':
      return event.retval >= 0 ? accepted(event) : undefined;
    case 'send':
      return isAnswer(event) ? accepted(event) : dialled(event);
  }
}

/**
 * Port 0 is nobody's: resolvers connect UDP sockets to it to learn their own source address. Of protocols without ports, only
 * what is sent (ping) says that somebody was talked to.
 */
function dialled({ type, protocol, remote }: SocketEvent): Endpoint | undefined {
  const portless = type === 'send' && protocol === 'other';
  return remote === undefined || (remote.port === 0 && !portless) ? undefined : endpoint('connect', protocol, remote);
}

/** What goes from a low port to a high one is the answer of a server, and its peer a client. */
function isAnswer({ local, remote }: SocketEvent): boolean {
  return remote !== undefined && remote.port >= ephemeralFrom && local.port !== 0 && local.port < ephemeralFrom;
}

function accepted({ protocol, local, remote }: SocketEvent): Endpoint {
  return { ...endpoint('accept', protocol, local), ...(remote !== undefined && { peer: remote.ip }) };
}

function isHeld(direction: NetworkDirection): boolean {
  return direction === 'listen' || direction === 'bind';
}

function endpoint(direction: NetworkDirection, protocol: Endpoint['protocol'], address: SocketAddress): Endpoint {
  return { direction, protocol, address: address.ip, port: address.port };
}

function keyOf({ direction, protocol, address, port, peer = '' }: Endpoint): string {
  return `${direction} ${protocol} ${address} ${port} ${peer}`;
}
