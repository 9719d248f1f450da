import { question } from 'dns-packet';
import type { DnsEvent } from '../../../core/event/event.ts';
import { escapeText } from '../../../core/event/escape.ts';
import { layouts } from '../record-layout.ts';
import type { EventHeader } from './header.ts';
import type { RecordView } from './record-view.ts';
import { decodeAddress } from './socket.ts';

const dns = layouts.record_dns.members;

const IPPROTO_TCP = 6;
const MESSAGE_HEADER = 12;
const QUESTION_COUNT = 4;
/** Real messages have one. Each takes at least five bytes and 512 are kept, so this also bounds the work. */
const QUESTIONS_MAX = 8;

type Question = DnsEvent['questions'][number];

/** Questions of one message; undefined if it is no DNS message. */
function questionsOf(message: Buffer): Question[] | undefined {
  if (message.length < MESSAGE_HEADER) return undefined;
  const count = Math.min(message.readUInt16BE(QUESTION_COUNT), QUESTIONS_MAX);
  const questions: Question[] = [];
  let at = MESSAGE_HEADER;
  try {
    for (let index = 0; index < count; index++) {
      const { name, type } = question.decode(message, at);
      questions.push({ name: escapeText(name), type });
      at += question.decode.bytes;
    }
  } catch {
    return undefined;
  }
  return questions.length > 0 ? questions : undefined;
}

/**
 * Messages of a stream, each after its length. The reader often takes the length in a call of its own, so a buffer may also
 * begin with the message; the last message may be cut.
 */
function streamQuestions(stream: Buffer): Question[] | undefined {
  const questions: Question[] = [];
  for (let at = 0; at + 2 + MESSAGE_HEADER < stream.length;) {
    const next = at + 2 + stream.readUInt16BE(at);
    const found = questionsOf(stream.subarray(at + 2, next));
    if (!found) break;
    questions.push(...found);
    at = next;
  }
  return questions.length > 0 ? questions : questionsOf(stream);
}

/**
 * Bytes that are no DNS message, whatever the port said, give an event without questions: whoever sent them shall have them
 * in his own account. As an error of decoding they would be a loss of every container of the node.
 */
export function decodeDns(record: RecordView, header: EventHeader, direction: DnsEvent['direction']): DnsEvent {
  const { bytes, data, start } = record;
  const from = start + dns.data;
  const message = bytes.subarray(from, Math.min(from + data.getUint16(start + dns.size, true), record.end));
  const stream = data.getUint16(start + dns.protocol, true) === IPPROTO_TCP;
  const questions = (stream ? streamQuestions(message) : questionsOf(message)) ?? [];
  return { type: 'dns', ...header, direction, server: decodeAddress(data, start + dns.server), questions };
}
