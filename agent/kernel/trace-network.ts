/** Events of sockets and of name resolution as one line for people. */
import { isUnixSocket, type DnsEvent, type NetworkEvent, type SocketAddress } from '../../core/event/network-events.ts';

const endpoint = (address: SocketAddress | undefined): string => (address ? `${address.ip}:${address.port}` : '');

function describeDns({ direction, server, questions }: DnsEvent): string {
  return `${direction} ${endpoint(server)} ${questions.map(({ name, type }) => `${name}/${type}`).join(' ')}`;
}

export function describeNetwork(event: NetworkEvent): string {
  if (event.type === 'dns') return describeDns(event);
  const { retval } = event;
  if (isUnixSocket(event)) return `${event.file?.path ?? `@${event.abstractName}`} = ${retval}`;
  if (event.type === 'socket') {
    return `domain ${event.domain} type ${event.socketType} protocol ${event.protocol} = ${retval}`;
  }
  if (event.type === 'setsockopt') return `level ${event.level} option ${event.optname} = ${retval}`;
  const names = event.hostnames === undefined ? '' : ` (${event.hostnames.join(', ')})`;
  return `${event.protocol} ${endpoint(event.local)} ${endpoint(event.remote)}${names} = ${retval}`;
}
