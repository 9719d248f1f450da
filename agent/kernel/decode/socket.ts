import type { SocketAddress, SocketEvent } from '../../../core/event/event.ts';
import { layouts } from '../record-layout.ts';
import type { EventHeader } from './header.ts';
import type { RecordView } from './record-view.ts';

const socket = layouts.record_socket.members;
const address = layouts.record_address.members;

const AF_INET6 = 10;

const protocols: Readonly<Record<number, SocketEvent['protocol']>> = { 6: 'tcp', 17: 'udp' };

function ipv4(data: DataView, at: number): string {
  return `${data.getUint8(at)}.${data.getUint8(at + 1)}.${data.getUint8(at + 2)}.${data.getUint8(at + 3)}`;
}

/** The longest run of two or more zero groups, the first of equals; `length` is 0 if there is none. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > 1 && length > best.length) best = { start, length };
  }
  return best;
}

/** In the one form that RFC 5952 recommends, so that equal addresses are equal texts. */
function ipv6(data: DataView, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => data.getUint16(at + 2 * index));
  const zeros = longestZeroRun(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (zeros.length === 0) return hex(groups);
  return `${hex(groups.slice(0, zeros.start))}::${hex(groups.slice(zeros.start + zeros.length))}`;
}

/** ::ffff:a.b.c.d, an IPv4 peer of a socket that takes both. */
function isMapped(data: DataView, at: number): boolean {
  return data.getUint32(at) === 0 && data.getUint32(at + 4) === 0 && data.getUint32(at + 8) === 0xffff;
}

/** @param at offset of a struct record_address */
export function decodeAddress(data: DataView, at: number): SocketAddress {
  const ip = at + address.ip;
  const port = data.getUint16(at + address.port);
  if (data.getUint16(at + address.family, true) !== AF_INET6) return { family: 'ipv4', ip: ipv4(data, ip), port };
  if (isMapped(data, ip)) return { family: 'ipv4', ip: ipv4(data, ip + 12), port };
  return { family: 'ipv6', ip: ipv6(data, ip), port };
}

export function decodeSocket({ data, start }: RecordView, header: EventHeader, type: SocketEvent['type']): SocketEvent {
  const hasRemote = type === 'connect' || type === 'accept';
  return {
    type,
    ...header,
    protocol: protocols[data.getUint16(start + socket.protocol, true)] ?? 'other',
    local: decodeAddress(data, start + socket.local),
    ...(hasRemote && { remote: decodeAddress(data, start + socket.remote) }),
    retval: data.getInt32(start + socket.retval, true),
  };
}
