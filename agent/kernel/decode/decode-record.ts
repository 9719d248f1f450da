/** From a record's bytes to an event. Never throws, and never reads outside of the record, whatever the bytes are. */
import type { KernelEvent } from '../../../core/event/event.ts';
import { pathEventTypes } from '../../../core/event/path-event.ts';
import type { BootClock } from '../clock.ts';
import { layouts, RecordType } from '../record-layout.ts';
import { callDecoders } from './call-decoders.ts';
import { decodeCapability } from './capability.ts';
import { decodeCgroup } from './cgroup.ts';
import { decodeDns } from './dns.ts';
import { decodeHeader } from './header.ts';
import type { EventHeader } from './header.ts';
import { decodeOpen } from './open.ts';
import { decodePathChange } from './path-change.ts';
import { decodeExec, decodeExit, decodeFork } from './process.ts';
import type { RecordMemory, RecordView } from './record-view.ts';
import { decodeSocket } from './socket.ts';
import { decodeSocketMade, decodeSocketOption } from './socket-setup.ts';
import { decodeUnixSocket } from './unix-socket.ts';

interface RecordDecoder {
  /** Bytes of the fixed part. */
  readonly size: number;
  decode(record: RecordView, clock: BootClock): KernelEvent | undefined;
}

function ofTask(
  size: number,
  decode: (record: RecordView, header: EventHeader) => KernelEvent | undefined,
): RecordDecoder {
  return { size, decode: (record, clock) => decode(record, decodeHeader(record, clock)) };
}

const socketSize = layouts.record_socket.size;
const unixSize = layouts.record_unix.size;
const dnsSize = layouts.record_dns.size;
const cgroupSize = layouts.record_cgroup.size;

/** By record type. */
const decoders: ReadonlyMap<number, RecordDecoder> = new Map<number, RecordDecoder>([
  [RecordType.exec, ofTask(layouts.record_exec.size, decodeExec)],
  [RecordType.fork, ofTask(layouts.record_fork.size, decodeFork)],
  [RecordType.exit, ofTask(layouts.record_exit.size, decodeExit)],
  [RecordType.open, ofTask(layouts.record_open.size, decodeOpen)],
  ...pathEventTypes.map((type): [number, RecordDecoder] => [
    RecordType[type],
    ofTask(layouts.record_path_change.size, (record, header) => decodePathChange(record, header, type)),
  ]),
  [RecordType.connect, ofTask(socketSize, (record, header) => decodeSocket(record, header, 'connect'))],
  [RecordType.bind, ofTask(socketSize, (record, header) => decodeSocket(record, header, 'bind'))],
  [RecordType.listen, ofTask(socketSize, (record, header) => decodeSocket(record, header, 'listen'))],
  [RecordType.accept, ofTask(socketSize, (record, header) => decodeSocket(record, header, 'accept'))],
  [RecordType.send, ofTask(socketSize, (record, header) => decodeSocket(record, header, 'send'))],
  [RecordType.socket, ofTask(layouts.record_socket_made.size, decodeSocketMade)],
  [RecordType.setsockopt, ofTask(layouts.record_socket_option.size, decodeSocketOption)],
  [RecordType.capability, ofTask(layouts.record_capability.size, decodeCapability)],
  [RecordType.unixConnect, ofTask(unixSize, (record, header) => decodeUnixSocket(record, header, 'unix_connect'))],
  [RecordType.unixBind, ofTask(unixSize, (record, header) => decodeUnixSocket(record, header, 'unix_bind'))],
  [RecordType.dnsQuery, ofTask(dnsSize, (record, header) => decodeDns(record, header, 'query'))],
  [RecordType.dnsResponse, ofTask(dnsSize, (record, header) => decodeDns(record, header, 'response'))],
  [
    RecordType.cgroupMkdir,
    { size: cgroupSize, decode: (record, clock) => decodeCgroup(record, clock, 'cgroup_mkdir') },
  ],
  [
    RecordType.cgroupRmdir,
    { size: cgroupSize, decode: (record, clock) => decodeCgroup(record, clock, 'cgroup_rmdir') },
  ],
  ...callDecoders.map(([type, size, decode]) => [type, ofTask(size, decode)] as const),
]);

/**
 * @param start offset of the record in the memory
 * @param length its length as the ring has it, padding included
 * @returns undefined for bytes that are no record of ours
 */
export function decodeRecord(
  memory: RecordMemory,
  start: number,
  length: number,
  clock: BootClock,
): KernelEvent | undefined {
  const { bytes, data } = memory;
  if (start < 0 || length < layouts.record_header.size || start + length > data.byteLength) return undefined;
  const size = data.getUint32(start + layouts.record_header.members.size, true);
  const decoder = decoders.get(data.getUint8(start + layouts.record_header.members.type));
  if (!decoder || size < decoder.size || size > length) return undefined;
  return decoder.decode({ bytes, data, start, end: start + size }, clock);
}
