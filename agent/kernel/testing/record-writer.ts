/** Writes records as the C side does, for tests of the decoder. */
import { layouts, RecordType } from '../record-layout.ts';

type Fields = Readonly<Record<string, number | bigint>>;
type RecordStruct = keyof typeof layouts;

/** Bytes of the integer members; those not named here have four. */
const widths: Readonly<Record<string, number>> = {
  type: 1,
  purpose: 1,
  argv_truncated: 1,
  created: 1,
  components: 2,
  argv_size: 2,
  filename_size: 2,
  path_size: 2,
  protocol: 2,
  family: 2,
  time: 8,
  cgroup: 8,
  started_at: 8,
  inode: 8,
  parent: 8,
};
/** `size` and `flags` are wide in some structs and narrow in others. */
const narrow: Readonly<Record<string, readonly string[]>> = { record_path: ['size', 'flags'], record_dns: ['size'] };

function putInteger(target: Buffer, at: number, width: number, value: number | bigint): void {
  for (let index = 0, rest = BigInt.asUintN(8 * width, BigInt(value)); index < width; index++, rest >>= 8n) {
    target[at + index] = Number(rest & 0xffn);
  }
}

/** Sets members of the struct that begins at `base`. */
export function put(target: Buffer, struct: RecordStruct, base: number, fields: Fields): void {
  const members: Readonly<Record<string, number>> = layouts[struct].members;
  for (const [name, value] of Object.entries(fields)) {
    const width = narrow[struct]?.includes(name) ? 2 : (widths[name] ?? 4);
    putInteger(target, base + (members[name] ?? 0), width, value);
  }
}

export const header = {
  purpose: 1,
  time: 2_000_000n,
  cgroup: (7n << 32n) | 99n,
  started_at: 123_456_789_012n,
  pid: 4711,
  exec_id: 6,
  uid: 1000,
  mount_namespace: 4_026_531_841,
} as const;

/** A record of `struct` with `data` behind it; `fill` sets what is not in the header. */
export function record(
  struct: RecordStruct,
  type: keyof typeof RecordType,
  data: Uint8Array,
  fill: (target: Buffer) => void,
): Buffer {
  const target = Buffer.alloc(layouts[struct].size + data.length);
  put(target, 'record_header', 0, { ...header, size: target.length, type: RecordType[type] });
  target.set(data, layouts[struct].size);
  fill(target);
  return target;
}

interface PathFields {
  readonly flags?: number;
}

/** Components leaf first, each with its NUL. */
export function components(path: string): Buffer {
  const names = path.split('/').filter((name) => name !== '');
  return Buffer.from(
    names
      .toReversed()
      .map((name) => `${name}\0`)
      .join(''),
    'latin1',
  );
}

export function execRecord(argv: Buffer, filename: string, path: Buffer, fields: PathFields & Fields = {}): Buffer {
  const { flags = 0, ...others } = fields;
  const name = Buffer.from(`${filename}\0`);
  return record('record_exec', 'exec', Buffer.concat([argv, name, path]), (target) => {
    put(target, 'record_exec', 0, { inode: 5, ppid: 1, argv_size: argv.length, filename_size: name.length, ...others });
    put(target, 'record_path', layouts.record_exec.members.path, { size: path.length, flags });
  });
}

export function openRecord(path: Buffer, fields: PathFields & Fields = {}, openFlags = 0): Buffer {
  const { flags = 0, ...others } = fields;
  return record('record_open', 'open', path, (target) => {
    put(target, 'record_open', 0, { inode: 5, mode: 0o100644, flags: openFlags, ...others });
    put(target, 'record_path', layouts.record_open.members.path, { size: path.length, flags });
  });
}

export interface Endpoint {
  readonly family: 2 | 10;
  readonly port: number;
  readonly ip: readonly number[];
}

function putAddress(target: Buffer, at: number, { family, port, ip }: Endpoint): void {
  target.writeUInt16LE(family, at + layouts.record_address.members.family);
  target.writeUInt16BE(port, at + layouts.record_address.members.port);
  target.set(ip, at + layouts.record_address.members.ip);
}

export function socketRecord(
  type: 'connect' | 'bind' | 'listen' | 'accept',
  protocol: number,
  local: Endpoint,
  remote: Endpoint,
): Buffer {
  return record('record_socket', type, Buffer.alloc(0), (target) => {
    put(target, 'record_socket', 0, { protocol, retval: 0 });
    putAddress(target, layouts.record_socket.members.local, local);
    putAddress(target, layouts.record_socket.members.remote, remote);
  });
}

export function dnsRecord(message: Buffer, protocol = 17): Buffer {
  return record('record_dns', 'dnsQuery', message, (target) => {
    put(target, 'record_dns', 0, { protocol, size: message.length });
    putAddress(target, layouts.record_dns.members.server, { family: 2, port: 53, ip: [10, 96, 0, 10] });
  });
}

export function cgroupRecord(path: string): Buffer {
  const data = Buffer.from(`${path}\0`);
  return record('record_cgroup', 'cgroupMkdir', data, (target) => {
    put(target, 'record_cgroup', 0, { parent: 12, slot: 3, path_size: data.length });
  });
}
