import type { SocketAddress, SocketEvent } from '../../../core/event/network-events.ts';
import { layouts } from '../record-layout.ts';
import { addressText } from './address-text.ts';
import type { EventHeader } from './header.ts';
import type { RecordView } from './record-view.ts';

const socket = layouts.record_socket.members;
const address = layouts.record_address.members;

const AF_INET6 = 10;

const protocols: Readonly<Record<number, SocketEvent['protocol']>> = { 6: 'tcp', 17: 'udp' };

/** @param at offset of the number */
export function decodeProtocol(data: DataView, at: number): SocketEvent['protocol'] {
  return protocols[data.getUint16(at, true)] ?? 'other';
}

/** ::ffff:a.b.c.d, an IPv4 peer of a socket that takes both. */
function isMapped(data: DataView, at: number): boolean {
  return data.getUint32(at) === 0 && data.getUint32(at + 4) === 0 && data.getUint32(at + 8) === 0xffff;
}

/** @param at offset of a struct record_address */
export function decodeAddress(data: DataView, at: number): SocketAddress {
  const ip = at + address.ip;
  const port = data.getUint16(at + address.port);
  const isV6 = data.getUint16(at + address.family, true) === AF_INET6;
  if (!isV6) return { family: 'ipv4', ip: addressText(data, ip, 'ipv4'), port };
  if (isMapped(data, ip)) return { family: 'ipv4', ip: addressText(data, ip + 12, 'ipv4'), port };
  return { family: 'ipv6', ip: addressText(data, ip, 'ipv6'), port };
}

export function decodeSocket({ data, start }: RecordView, header: EventHeader, type: SocketEvent['type']): SocketEvent {
  const hasRemote = type !== 'bind' && type !== 'listen';
  return {
    type,
    ...header,
    protocol: decodeProtocol(data, start + socket.protocol),
    local: decodeAddress(data, start + socket.local),
    ...(hasRemote && { remote: decodeAddress(data, start + socket.remote) }),
    retval: data.getInt32(start + socket.retval, true),
  };
}
