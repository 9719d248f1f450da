/** Sockets of a network namespace as /proc/PID/net shows them. */
import type { SocketAddress, SocketEvent } from '../../core/event/network-events.ts';

export interface ProcSocket {
  readonly protocol: SocketEvent['protocol'];
  readonly local: SocketAddress;
  readonly inode: string;
}

/** States of include/net/tcp_states.h: a listening TCP socket, and a UDP socket that is bound but not connected. */
const wanted = { tcp: '0A', udp: '07' } as const;

/** Words of four bytes, each written as a number in the byte order of the machine (little endian on both supported). */
function bytesOf(hex: string): number[] {
  const words = hex.match(/.{8}/g) ?? [];
  return words.flatMap((word) => (word.match(/../g) ?? []).toReversed().map((byte) => Number.parseInt(byte, 16)));
}

function groups(bytes: readonly number[]): string[] {
  const pairs = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
  return pairs.map((pair) => pair.toString(16));
}

/** IPv6 in the canonical text of RFC 5952; an IPv4 address inside of IPv6 as IPv4, as in events. */
function ipOf(hex: string): Pick<SocketAddress, 'family' | 'ip'> {
  const bytes = bytesOf(hex);
  if (bytes.length === 4) return { family: 'ipv4', ip: bytes.join('.') };
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (mapped) return { family: 'ipv4', ip: bytes.slice(12).join('.') };
  // The URL parser writes IPv6 canonically.
  return { family: 'ipv6', ip: new URL(`http://[${groups(bytes).join(':')}]`).hostname.slice(1, -1) };
}

/**
 * @param text of /proc/PID/net/tcp, tcp6, udp or udp6: one line of columns per socket after a heading
 */
export function parseSockets(text: string, protocol: 'tcp' | 'udp'): ProcSocket[] {
  const sockets: ProcSocket[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [address, port] = local.split(':');
    if (state !== wanted[protocol] || address === undefined || port === undefined) continue;
    sockets.push({ protocol, local: { ...ipOf(address), port: Number.parseInt(port, 16) }, inode });
  }
  return sockets;
}
