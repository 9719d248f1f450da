/** Events of sockets and of name resolution. */
import type { EventBase, FileFacts, FilePath } from './event.ts';

export interface SocketAddress {
  readonly family: 'ipv4' | 'ipv6';
  /** Textual, IPv4-mapped IPv6 already shown as IPv4. */
  readonly ip: string;
  readonly port: number;
}

export interface SocketEvent extends EventBase {
  /** `send`: a message to a peer that the socket was not connected to. */
  readonly type: 'connect' | 'bind' | 'listen' | 'accept' | 'send';
  readonly protocol: 'tcp' | 'udp' | 'other';
  readonly local: SocketAddress;
  /** Absent for bind and listen. */
  readonly remote?: SocketAddress;
  /**
   * Names for which name servers gave programs of this container the remote address not long ago, the newest first, in lower
   * case; absent if there is none. Only of connect and send, and only in events for rules while answers are captured as well.
   */
  readonly hostnames?: readonly string[];
  /** 0, or the negative errno. */
  readonly retval: number;
}

/**
 * A socket in the file system, or in the abstract namespace, that was connected to or bound. Rules know these as connect and
 * bind with the address family AF_UNIX.
 */
export interface UnixSocketEvent extends EventBase {
  readonly type: 'unix_connect' | 'unix_bind';
  /**
   * Undefined for an abstract name. Without facts if the call was refused or the server had closed the connection already:
   * `path` is then what the program, or the server, asked for.
   */
  readonly file?: FilePath & { readonly facts?: FileFacts };
  /** Without the NUL that marks it, escaped like a path. */
  readonly abstractName?: string;
  /** 0, or the negative errno. */
  readonly retval: number;
}

export function isUnixSocket(event: { readonly type: string }): event is UnixSocketEvent {
  return event.type === 'unix_connect' || event.type === 'unix_bind';
}

/** A socket was made, or was asked for in vain. */
export interface SocketMadeEvent extends EventBase {
  readonly type: 'socket';
  /** AF_*. */
  readonly domain: number;
  /** SOCK_*, without SOCK_NONBLOCK and SOCK_CLOEXEC. */
  readonly socketType: number;
  /** IPPROTO_*, or what the family calls a protocol. */
  readonly protocol: number;
  /** The descriptor, or the negative errno. */
  readonly retval: number;
}

export interface SocketOptionEvent extends EventBase {
  readonly type: 'setsockopt';
  /** Of the socket: AF_*, SOCK_*, IPPROTO_*. */
  readonly socketFamily: number;
  readonly socketType: number;
  readonly socketProtocol: number;
  readonly level: number;
  readonly optname: number;
  /** Instructions of a classic BPF filter that was attached; 0 for all other options. */
  readonly filterLength: number;
  readonly retval: number;
}

/** Only for rules. */
export type SocketSetupEvent = SocketMadeEvent | SocketOptionEvent;

export function isSocketSetup(event: { readonly type: string }): event is SocketSetupEvent {
  return event.type === 'socket' || event.type === 'setsockopt';
}

export interface DnsQuestion {
  /** Labels with dots between; bytes that are not printable UTF-8, and dots within a label, as `\\xNN`. The root is `.`. */
  readonly name: string;
  /** `A`, `AAAA`, … or `UNKNOWN_65280`. */
  readonly type: string;
  readonly class: number;
}

/** What a name server said: in the hands of whoever runs it, or forges it. */
export interface DnsAnswer extends DnsQuestion {
  /** Seconds. */
  readonly ttl: number;
  /** Address of A and AAAA, name of CNAME, NS and PTR; empty for other types. */
  readonly data: string;
}

/** One call's data to or from port 53. Over TCP it may hold several messages: questions and answers of all, the rest of the first. */
export interface DnsEvent extends EventBase {
  readonly type: 'dns';
  readonly direction: 'query' | 'response';
  readonly protocol: 'tcp' | 'udp' | 'other';
  readonly server: SocketAddress;
  readonly id: number;
  /** Empty if the message could not be understood. */
  readonly questions: readonly DnsQuestion[];
  /** RCODE; 0 in a query. */
  readonly responseCode: number;
  /** Empty in a query. */
  readonly answers: readonly DnsAnswer[];
  /** Bytes that were sent or received. */
  readonly length: number;
  /** Not all of them were kept (512), or not all that they say could be read: there may be more answers. */
  readonly truncated: boolean;
}

export type NetworkEvent = SocketEvent | UnixSocketEvent | SocketSetupEvent | DnsEvent;

const networkTypes: ReadonlySet<string> = new Set<NetworkEvent['type']>([
  'connect',
  'bind',
  'listen',
  'accept',
  'send',
  'unix_connect',
  'unix_bind',
  'socket',
  'setsockopt',
  'dns',
]);

export function isNetworkEvent<Event extends { readonly type: string }>(
  event: Event,
): event is Extract<Event, NetworkEvent> {
  return networkTypes.has(event.type);
}
