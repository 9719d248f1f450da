/** Writes records as the C side does, for tests of the decoder. */
import type { PathEvent } from '../../../core/event/path-event.ts';
import { layouts, PathFlag, RecordType } from '../record-layout.ts';

type Fields = Readonly<Record<string, number | bigint>>;
type RecordStruct = keyof typeof layouts;

/** Bytes from a member to the next one, or to the end. */
function widthOf(struct: RecordStruct, offset: number): number {
  const { size, members } = layouts[struct];
  return Math.min(...Object.values(members).filter((other) => other > offset), size) - offset;
}

function putInteger(target: Buffer, at: number, width: number, value: number | bigint): void {
  for (let index = 0, rest = BigInt.asUintN(8 * width, BigInt(value)); index < width; index++, rest >>= 8n) {
    target[at + index] = Number(rest & 0xffn);
  }
}

/** Sets members of the struct that begins at `base`. */
export function put(target: Buffer, struct: RecordStruct, base: number, fields: Fields): void {
  const members: Readonly<Record<string, number>> = layouts[struct].members;
  for (const [name, value] of Object.entries(fields)) {
    const offset = members[name];
    if (offset === undefined) throw new Error(`${struct} has no member ${name}`);
    putInteger(target, base + offset, widthOf(struct, offset), value);
  }
}

export const header = {
  purpose: 1,
  time: 2_000_000n,
  cgroup: (7n << 32n) | 99n,
  started_at: 123_456_789_012n,
  pid: 4711,
  tid: 4712,
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

/** Of every file that is written here. */
export const fileFacts = { inode: 5, device: 0x800001, mode: 0o100644, uid: 1, gid: 2, mount_id: 30 } as const;

/** A struct record_file at `at`; `flags` are those of its path. */
export function putFile(
  target: Buffer,
  at: number,
  pathSize: number,
  { flags = 0, ...facts }: PathFields & Fields,
): void {
  put(target, 'record_file', at, { ...fileFacts, modified_at: 3_000_000n, changed_at: 4_000_000n, ...facts });
  target.write('overlay', at + layouts.record_file.members.filesystem);
  put(target, 'record_path', at + layouts.record_file.members.path, { size: pathSize, flags });
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

export interface ExecParts {
  readonly path: Buffer;
  readonly cwd?: Buffer;
  readonly environment?: Buffer;
  readonly tty?: string;
  readonly credentials?: Fields;
}

export function execRecord(argv: Buffer, filename: string, parts: ExecParts, fields: PathFields & Fields = {}): Buffer {
  const { path, cwd = Buffer.alloc(0), environment = Buffer.alloc(0), tty = '', credentials = {} } = parts;
  const { flags = 0, purpose = 1, ...others } = fields;
  const name = Buffer.from(`${filename}\0`);
  const { members } = layouts.record_exec;
  return record('record_exec', 'exec', Buffer.concat([argv, name, path, cwd, environment]), (target) => {
    const sizes = { argv_size: argv.length, filename_size: name.length, environment_size: environment.length };
    put(target, 'record_header', 0, { purpose });
    put(target, 'record_exec', 0, { ppid: 1, ...sizes, ...others });
    put(target, 'record_credentials', members.credentials, { login_uid: 0xffff_ffff, ...credentials });
    putFile(target, members.file, path.length, { flags });
    put(target, 'record_path', members.cwd, { size: cwd.length });
    target.write(tty, members.tty);
  });
}

/** A string that a program passed, and the root directory of its process. */
interface UserPathFields {
  readonly name?: string;
  readonly root?: Buffer;
}

function putUserPath(target: Buffer, at: number, text: Buffer, fields: Fields = {}): void {
  put(target, 'record_user_path', at, { size: text.length, ...fields });
}

const userString = (text: string | undefined): Buffer =>
  text === undefined ? Buffer.alloc(0) : Buffer.from(`${text}\0`, 'latin1');

export function openRecord(
  path: Buffer,
  fields: PathFields & Fields = {},
  openFlags = 0,
  { name, root = Buffer.alloc(0) }: UserPathFields = {},
): Buffer {
  const { flags = 0, retval = 0, created = 0, ...facts } = fields;
  const text = userString(name);
  const { members } = layouts.record_open;
  return record('record_open', 'open', Buffer.concat([text, root, path]), (target) => {
    put(target, 'record_open', 0, { flags: openFlags, mode: 0o640, retval, created });
    putUserPath(target, members.name, text);
    put(target, 'record_path', members.root, { size: root.length });
    putFile(target, members.file, path.length, { flags, ...facts });
  });
}

export interface PathChangeParts extends UserPathFields {
  /** Of the file, or of the directory at which `name` begins. */
  readonly path: Buffer;
  readonly secondName?: string;
  readonly secondPath?: Buffer;
}

/** `flags` are those of the path, `callFlags` those of the call. */
export function pathChangeRecord(
  type: PathEvent['type'],
  parts: PathChangeParts,
  fields: PathFields & Fields = {},
): Buffer {
  const { path, root = Buffer.alloc(0), secondPath = Buffer.alloc(0) } = parts;
  const { flags = PathFlag.beginning, callFlags = 0, follows = 0, truncated = 0, ...others } = fields;
  const [name, second] = [userString(parts.name), userString(parts.secondName)];
  const { members } = layouts.record_path_change;
  return record('record_path_change', type, Buffer.concat([name, second, root, path, secondPath]), (target) => {
    put(target, 'record_path_change', 0, { retval: 0, directory: -100, flags: callFlags, ...others });
    putUserPath(target, members.name, name, { follows, truncated });
    putUserPath(target, members.second_name, second);
    put(target, 'record_path', members.root, { size: root.length });
    putFile(target, members.file, path.length, { flags });
    put(target, 'record_path', members.second_path, { size: secondPath.length, flags: PathFlag.beginning });
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
  type: 'connect' | 'bind' | 'listen' | 'accept' | 'send',
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

export function capabilityRecord(capability: number, granted: boolean): Buffer {
  return record('record_capability', 'capability', Buffer.alloc(0), (target) =>
    put(target, 'record_capability', 0, { capability, granted: Number(granted), user_namespace: 4_026_531_837 }),
  );
}

export function unixRecord(name: Buffer, fields: PathFields & Fields = {}): Buffer {
  const { flags = 0, retval = 0, abstract = 0, ...facts } = fields;
  return record('record_unix', 'unixConnect', name, (target) => {
    put(target, 'record_unix', 0, { retval, abstract });
    putFile(target, layouts.record_unix.members.file, name.length, { flags, ...facts });
  });
}

export function dnsRecord(message: Buffer, protocol = 17, fields: Fields = {}): Buffer {
  return record('record_dns', 'dnsQuery', message, (target) => {
    put(target, 'record_dns', 0, { protocol, size: message.length, whole_size: message.length, ...fields });
    putAddress(target, layouts.record_dns.members.server, { family: 2, port: 53, ip: [10, 96, 0, 10] });
  });
}

export function cgroupRecord(path: string): Buffer {
  const data = Buffer.from(`${path}\0`);
  return record('record_cgroup', 'cgroupMkdir', data, (target) => {
    put(target, 'record_cgroup', 0, { parent: 12, slot: 3, path_size: data.length });
  });
}
