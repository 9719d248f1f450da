import type { DnsEvent } from '../../../core/event/network-events.ts';
import { layouts } from '../record-layout.ts';
import { readDnsMessage, type DnsMessage } from './dns-message.ts';
import type { EventHeader } from './header.ts';
import type { RecordView } from './record-view.ts';
import { decodeAddress, decodeProtocol } from './socket.ts';

const dns = layouts.record_dns.members;

/**
 * Messages of a stream, each after its length. The reader often takes the length in a call of its own, so a buffer may also
 * begin with the message; the last message may be cut.
 */
function streamMessages(stream: Buffer): DnsMessage[] {
  const messages: DnsMessage[] = [];
  for (let at = 0; at + 2 < stream.length;) {
    const next = at + 2 + stream.readUInt16BE(at);
    const message = readDnsMessage(stream.subarray(at + 2, next));
    if (!message) break;
    messages.push(message);
    at = next;
  }
  return messages.length > 0 ? messages : single(stream);
}

function single(bytes: Buffer): DnsMessage[] {
  const message = readDnsMessage(bytes);
  return message ? [message] : [];
}

/**
 * Bytes that are no DNS message, whatever the port said, give an event without questions: whoever sent them shall have them
 * in his own account. As an error of decoding they would be a loss of every container of the node.
 */
export function decodeDns(record: RecordView, header: EventHeader, direction: DnsEvent['direction']): DnsEvent {
  const { bytes, data, start } = record;
  const from = start + dns.data;
  const kept = bytes.subarray(from, Math.min(from + data.getUint16(start + dns.size, true), record.end));
  const length = data.getUint16(start + dns.whole_size, true);
  const protocol = decodeProtocol(data, start + dns.protocol);
  const messages = protocol === 'tcp' ? streamMessages(kept) : single(kept);
  return {
    type: 'dns',
    ...header,
    direction,
    protocol,
    server: decodeAddress(data, start + dns.server),
    id: messages[0]?.id ?? 0,
    questions: messages.flatMap(({ questions }) => questions),
    responseCode: messages[0]?.responseCode ?? 0,
    answers: messages.flatMap(({ answers }) => answers),
    length,
    truncated: kept.length < length || messages.some(({ whole }) => !whole),
  };
}
