/** DNS questions in what a program sent, taken from strace's dump of the buffers. */
import { decode, streamDecode } from 'dns-packet';
import { membersOf, noteOf, splitList, stringOf } from './parse-line.ts';
import type { TracedCall } from './read-trace.ts';

export interface Question {
  readonly name: string;
  readonly type: string;
}

const inner = (list: string): string => list.replace(/^\[|\]$/gs, '');

function partsOf(list: string | undefined): Buffer {
  const parts = splitList(inner(list ?? '')).map(
    (part) => stringOf(membersOf(part).get('iov_base')) ?? Buffer.alloc(0),
  );
  return Buffer.concat(parts);
}

interface Message {
  /** The address that the call named itself, if any. */
  readonly to: string;
  readonly bytes: Buffer;
}

const bytesOf = (argument: string | undefined): Buffer => stringOf(argument) ?? Buffer.alloc(0);

/** A struct msghdr. */
function messageOf(header: string | undefined): Message {
  const members = membersOf(header ?? '');
  return { to: members.get('msg_name') ?? '', bytes: partsOf(members.get('msg_iov')) };
}

const senders: Readonly<Record<string, (args: readonly string[], result: number) => Message[]>> = {
  sendto: (args) => [{ to: args[4] ?? '', bytes: bytesOf(args[1]) }],
  write: (args) => [{ to: '', bytes: bytesOf(args[1]) }],
  writev: (args) => [{ to: '', bytes: partsOf(args[1]) }],
  sendmsg: (args) => [messageOf(args[1])],
  sendmmsg: (args, result) =>
    splitList(inner(args[1] ?? ''))
      .slice(0, result)
      .map((entry) => messageOf(membersOf(entry).get('msg_hdr'))),
};

function sent({ name, args, result = -1 }: TracedCall): Message[] {
  return result < 0 ? [] : (senders[name]?.(args, result) ?? []);
}

const questionsOf = (packet: { readonly questions?: readonly Question[] | undefined }): readonly Question[] =>
  packet.questions ?? [];

const toDns = (address: string): boolean => address.includes('htons(53)');

/** Remembers which sockets are connected to a server, and the beginnings of messages that come in several calls. */
export class DnsReader {
  readonly #connected = new Set<string>();
  readonly #streams = new Map<string, Buffer>();

  /** Questions that the call completes. */
  read(call: TracedCall): readonly Question[] {
    const descriptor = call.args[0] ?? '';
    const socket = `${call.process} ${Number.parseInt(descriptor, 10)}`;
    if (call.name === 'socket') this.#connected.delete(`${call.process} ${call.result}`);
    if (call.name === 'connect') this.#connect(socket, call);
    return sent(call).flatMap(({ to, bytes }) => {
      if (!toDns(to) && (to.includes('htons') || !this.#connected.has(socket))) return [];
      return noteOf(descriptor).startsWith('TCP') ? this.#stream(socket, bytes) : questionsOf(decode(bytes));
    });
  }

  #connect(socket: string, { args, result = -1, note }: TracedCall): void {
    this.#streams.delete(socket);
    if (toDns(args[1] ?? '') && (result === 0 || note === 'EINPROGRESS')) this.#connected.add(socket);
    else this.#connected.delete(socket);
  }

  #stream(socket: string, bytes: Buffer): Question[] {
    let rest = Buffer.concat([this.#streams.get(socket) ?? Buffer.alloc(0), bytes]);
    const questions: Question[] = [];
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE()) {
      const packet = streamDecode(rest);
      if (packet !== null) questions.push(...questionsOf(packet));
      rest = rest.subarray(2 + rest.readUInt16BE());
    }
    this.#streams.set(socket, rest);
    return questions;
  }
}
