import type { SocketMadeEvent, SocketOptionEvent } from '../../../core/event/network-events.ts';
import { layouts } from '../record-layout.ts';
import type { EventHeader } from './header.ts';
import type { RecordView } from './record-view.ts';

const made = layouts.record_socket_made.members;
const option = layouts.record_socket_option.members;

/** The kernel's SOCK_TYPE_MASK: what stands above are flags. */
const TYPE_MASK = 0xf;

export function decodeSocketMade({ data, start }: RecordView, header: EventHeader): SocketMadeEvent {
  return {
    type: 'socket',
    ...header,
    domain: data.getUint32(start + made.domain, true),
    socketType: data.getUint32(start + made.kind, true) & TYPE_MASK,
    protocol: data.getUint32(start + made.protocol, true),
    retval: data.getInt32(start + made.retval, true),
  };
}

export function decodeSocketOption({ data, start }: RecordView, header: EventHeader): SocketOptionEvent {
  return {
    type: 'setsockopt',
    ...header,
    socketFamily: data.getUint16(start + option.family, true),
    socketType: data.getUint16(start + option.kind, true),
    socketProtocol: data.getUint16(start + option.protocol, true),
    level: data.getUint32(start + option.level, true),
    optname: data.getUint32(start + option.option, true),
    filterLength: data.getUint16(start + option.filter_length, true),
    retval: data.getInt32(start + option.retval, true),
  };
}
