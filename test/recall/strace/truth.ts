/** What happened in a container, according to strace. */
import { posix } from 'node:path';
import type { FileAccess } from '../../../core/activity/snapshot.ts';
import { escapeBytes } from '../../../core/event/escape.ts';
import { FactCollector, type Facts } from '../facts.ts';
import { changedBy, changes, type FileUse } from './changes.ts';
import { DnsReader } from './dns-payload.ts';
import { endpointsOf } from './endpoint.ts';
import { Existence } from './existence.ts';
import { membersOf, noteOf, stringOf, unescape } from './parse-line.ts';
import { resolveParent, resolvePath } from './resolve.ts';
import { readTrace, type TracedCall } from './read-trace.ts';

/** Calls that strace has to print for this. */
export const TRACED = `open openat openat2 creat open_by_handle_at execve execveat clone clone3 fork vfork chdir fchdir
${Object.keys(changes).join(' ')} socket bind connect listen accept accept4 sendto sendmsg sendmmsg`.split(/\s+/);
/** And those in which DNS questions travel, too. */
export const TRACED_WRITES = ['write', 'writev'];

const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS']);

const OPENS: Readonly<Record<string, { readonly path: number; readonly flags: number }>> = {
  open: { path: 0, flags: 1 },
  creat: { path: 0, flags: -1 },
  openat: { path: 1, flags: 2 },
  openat2: { path: 1, flags: 2 },
};

function openFlags({ args }: TracedCall, at: number): ReadonlySet<string> {
  if (at === -1) return new Set(['O_CREAT', 'O_WRONLY', 'O_TRUNC']);
  const given = args[at] ?? '';
  return new Set((membersOf(given).get('flags') ?? given).split('|'));
}

/** `/path<char 1:3>` and `/path` alike. */
const pathOf = (note: string): Buffer => unescape(note.replace(/<(?:char|block) \d+:\d+>$/, ''));

/** Only the name that was asked for, and where it began, are known of what was refused. */
function refused({ args, note, cwd }: TracedCall, path: number): FileUse | undefined {
  if (!REFUSED.has(note)) return undefined;
  const begin = path === 0 ? Buffer.from(cwd) : unescape(noteOf(args[path - 1]));
  const asked = posix.resolve(begin.toString('latin1'), stringOf(args[path])?.toString('latin1') ?? '');
  return { bytes: Buffer.from(asked, 'latin1'), accesses: ['denied'] };
}

function accessesOf(flags: ReadonlySet<string>, created: boolean): FileAccess[] {
  const accesses: FileAccess[] = flags.has('O_WRONLY') ? [] : ['read'];
  if (['O_WRONLY', 'O_RDWR', 'O_TRUNC'].some((flag) => flags.has(flag))) accesses.push('write');
  return created ? [...accesses, 'create'] : accesses;
}

function openedBy(call: TracedCall, existence: Existence): FileUse | undefined {
  const form = OPENS[call.name];
  if (form === undefined || call.result === undefined) return undefined;
  if (call.result < 0) return refused(call, form.path);
  const flags = openFlags(call, form.flags);
  const bytes = pathOf(call.note);
  if (flags.has('O_TMPFILE')) return { bytes, accesses: accessesOf(flags, true) };
  const created = flags.has('O_CREAT') && existence.make(bytes.toString('latin1'));
  return { bytes, accesses: accessesOf(flags, created) };
}

/** A socket of the file system, bound or connected to; abstract ones have an @ before their name. */
function socketFileOf({ name, args, result, note, cwd }: TracedCall, root: string): FileUse | undefined {
  const given = /sun_path=("(?:[^"\\]|\\.)*")/.exec(args[1] ?? '')?.[1];
  const asked = given === undefined ? undefined : stringOf(given);
  if (asked === undefined || (name !== 'bind' && name !== 'connect')) return undefined;
  if (REFUSED.has(note)) return { bytes: asked, accesses: ['denied'] };
  if (result !== 0) return undefined;
  const path = posix.resolve(cwd, asked.toString('latin1'));
  const bound = name === 'bind';
  const bytes = Buffer.from(bound ? resolveParent(root, path) : resolvePath(root, path), 'latin1');
  return { bytes, accesses: [bound ? 'create' : 'write'] };
}

export interface Place {
  /** Folder of strace's files. */
  readonly trace: string;
  /** The container's root, mounted. */
  readonly root: string;
  /** Its lower layer. */
  readonly lower: string;
}

export function truthOf({ trace, root, lower }: Place): Facts {
  const facts = new FactCollector();
  const existence = new Existence(lower, root);
  const dns = new DnsReader();
  for (const call of readTrace(trace, root)) {
    if (call.name.startsWith('execve') && call.result === 0) facts.program(call.executable);
    existence.apply(call);
    const opened = openedBy(call, existence) ?? socketFileOf(call, root);
    for (const { bytes, accesses } of [...(opened === undefined ? [] : [opened]), ...changedBy(call, REFUSED)]) {
      facts.file(call.executable, escapeBytes(bytes), accesses);
    }
    for (const endpoint of endpointsOf(call)) facts.endpoint(call.executable, endpoint);
    for (const { name, type } of dns.read(call)) facts.dns(call.executable, escapeBytes(Buffer.from(name)), type);
  }
  return facts.facts;
}
