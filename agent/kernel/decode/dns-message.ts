/**
 * DNS messages (RFC 1035, section 4), read by our own: a name is bytes, and the usual decoders lose those that are not UTF-8.
 * Messages may be cut off anywhere and come from whoever wants to harm: nothing is read beyond the end, nothing twice
 * without limit, and what is made of a message stays in proportion to it.
 */
import { toString as typeName } from 'dns-packet/types.js';
import type { DnsAnswer, DnsQuestion } from '../../../core/event/network-events.ts';
import { addressText } from './address-text.ts';
import { textOf } from './record-view.ts';

export interface DnsMessage {
  readonly id: number;
  readonly responseCode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsAnswer[];
  /** Everything was read that the header promises of questions and answers. */
  readonly whole: boolean;
}

const HEADER = 12;
const MAX_LABELS = 127;
/** Real messages have one; of arbitrary bytes, such as the rest of a message that was written in two parts, few say so little. */
const MAX_QUESTIONS = 8;
/** RFC 8490; the registry has none above. */
const MAX_OPCODE = 6;
const POINTER = 0xc0;
const DOT = 0x2e;
const Type = { a: 1, ns: 2, cname: 5, ptr: 12, aaaa: 28 } as const;

interface Name {
  readonly text: string;
  /** Offset behind it. */
  readonly next: number;
}

function labelText(bytes: Buffer, start: number, end: number): string {
  const text = textOf(bytes, start, end);
  return bytes.subarray(start, end).includes(DOT) ? text.replaceAll('.', String.raw`\x2e`) : text;
}

/** Reads one message; `undefined` at every step means that the bytes are used up or make no sense. */
class Reader {
  readonly #bytes: Buffer;
  readonly #data: DataView;
  /** Characters that names may still have: with pointers, two bytes stand for a name of 255. */
  #characters: number;
  at = HEADER;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#characters = 4 * bytes.length;
  }

  u16(at: number): number {
    return this.#data.getUint16(at);
  }

  question(): DnsQuestion | undefined {
    const name = this.#name(this.at);
    if (name === undefined || name.next + 4 > this.#bytes.length) return undefined;
    this.at = name.next + 4;
    return { name: name.text, type: typeName(this.u16(name.next)), class: this.u16(name.next + 2) };
  }

  answer(): DnsAnswer | undefined {
    const asked = this.question();
    if (asked === undefined || this.at + 6 > this.#bytes.length) return undefined;
    const type = this.u16(this.at - 4);
    const ttl = this.#data.getUint32(this.at);
    const start = this.at + 6;
    const end = start + this.u16(this.at + 4);
    if (end > this.#bytes.length) return undefined;
    this.at = end;
    const data = this.#answerData(type, start, end - start);
    return data === undefined ? undefined : { ...asked, ttl, data };
  }

  #answerData(type: number, start: number, size: number): string | undefined {
    if (type === Type.a && size === 4) return addressText(this.#data, start, 'ipv4');
    if (type === Type.aaaa && size === 16) return addressText(this.#data, start, 'ipv6');
    if (type === Type.cname || type === Type.ns || type === Type.ptr) return this.#name(start)?.text;
    return '';
  }

  #name(start: number): Name | undefined {
    const labels: string[] = [];
    let next: number | undefined;
    let at = start;
    // A pointer leads back, to before everything that was read of this name: so there is no circle.
    let earliest = start;
    while (labels.length < MAX_LABELS) {
      const length = this.#bytes[at];
      if (length === undefined) return undefined;
      if ((length & POINTER) === POINTER) {
        if (at + 2 > this.#bytes.length) return undefined;
        next ??= at + 2;
        at = this.u16(at) & 0x3fff;
        if (at >= earliest) return undefined;
        earliest = at;
        continue;
      }
      if ((length & POINTER) !== 0 || at + 1 + length > this.#bytes.length) return undefined;
      if (length === 0) return this.#named(labels.join('.') || '.', next ?? at + 1);
      labels.push(labelText(this.#bytes, at + 1, at + 1 + length));
      at += 1 + length;
    }
    return undefined;
  }

  #named(text: string, next: number): Name | undefined {
    this.#characters -= text.length;
    return this.#characters < 0 ? undefined : { text, next };
  }
}

/** As many as there are of `count`; each takes at least five bytes, so this ends with the message. */
function read<Each>(count: number, next: () => Each | undefined): Each[] {
  const all: Each[] = [];
  while (all.length < count) {
    const each = next();
    if (each === undefined) break;
    all.push(each);
  }
  return all;
}

/** Undefined if this is no DNS message, or not even one question can be read. */
export function readDnsMessage(bytes: Buffer): DnsMessage | undefined {
  if (bytes.length < HEADER) return undefined;
  const reader = new Reader(bytes);
  const [asked, answered] = [reader.u16(4), reader.u16(6)];
  if (asked > MAX_QUESTIONS || ((reader.u16(2) >> 11) & 0xf) > MAX_OPCODE) return undefined;
  const questions = read(asked, () => reader.question());
  if (questions.length === 0) return undefined;
  const answers = questions.length < asked ? [] : read(answered, () => reader.answer());
  const whole = questions.length === asked && answers.length === answered;
  return { id: reader.u16(0), responseCode: reader.u16(2) & 0xf, questions, answers, whole };
}
