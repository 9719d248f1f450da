/** One line of strace's output, as `strace -ff -ttt -y -yy` writes it: `TIME NAME(ARGUMENT, …) = RESULT<WHAT IT NAMES>`. */

export interface Call {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly name: string;
  /** As printed. */
  readonly args: readonly string[];
  /** Undefined if the call never returned, or strace does not know the result. */
  readonly result: number | undefined;
  /** What strace says of a returned descriptor, without the angle brackets; of a failed call the error's name. */
  readonly note: string;
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Index behind the string that begins at `at`. */
function skipString(line: string, at: number): number {
  let end = at + 1;
  while (end < line.length && line[end] !== '"') end += line[end] === '\\' ? 2 : 1;
  return end + 1;
}

/**
 * Index behind `<…>` at `at`. Angle brackets of a path are printed as octal numbers, so what stands inside is another note
 * (`</dev/null<char 1:3>>`) or the arrow of a connected socket.
 */
function skipNote(line: string, at: number): number {
  const isPath = line[at + 1] === '/';
  let depth = 1;
  let end = at + 1;
  for (; end < line.length && depth > 0; end++) {
    if (line[end] === '<') depth++;
    else if (line[end] === '>' && (isPath || line[end - 1] !== '-')) depth--;
  }
  return end;
}

/** Index behind the string, note or bracket that begins at `at`, or behind the character. */
function skip(line: string, at: number): number {
  const character = line[at] ?? '';
  if (character === '"') return skipString(line, at);
  if (character === '<' && /[\dD]/.test(line[at - 1] ?? '')) return skipNote(line, at);
  const closing = CLOSING[character];
  if (closing === undefined) return at + 1;
  let end = at + 1;
  while (end < line.length && line[end] !== closing) end = skip(line, end);
  return end + 1;
}

/** Splits at the commas between arguments, or between the members of a struct or list without its brackets. */
export function splitList(text: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length;) {
    if (text[at] === ',') {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
    at = skip(text, at);
  }
  return [...parts, text.slice(from)].map((part) => part.trim()).filter((part) => part !== '');
}

/**
 * Undefined for what is no call: signals, exits, and `???(`, a thread that was killed before strace could look what it called.
 * @throws Error for a line of a form that is not known, so that nothing is left out silently.
 */
export function parseLine(line: string): Call | undefined {
  const head = /^(\d+\.\d+) (?:(\w+)\(|(---|\+\+\+) |\?\?\?\()/.exec(line);
  if (head === null) throw new Error(`not understood: ${line}`);
  const [start, time, name] = head;
  if (name === undefined) return undefined;
  const open = start.length - 1;
  const close = skip(line, open);
  const args = splitList(line.slice(open + 1, close - 1));
  const end = /^\s+= (-?\d+|0x[0-9a-f]+)(.*)$/s.exec(line.slice(close));
  if (end === null) return { at: Number(time), name, args, result: undefined, note: '' };
  const [, result, rest = ''] = end;
  const note = rest.startsWith('<') ? rest.slice(1, skipNote(rest, 0) - 1) : (rest.trim().split(' ')[0] ?? '');
  return { at: Number(time), name, args, result: Number(result), note };
}

/** The note of a descriptor argument: `3</etc/hosts>` names `/etc/hosts`. */
export function noteOf(argument: string | undefined): string {
  const at = argument?.indexOf('<') ?? -1;
  return argument === undefined || at === -1 ? '' : argument.slice(at + 1, skipNote(argument, at) - 1);
}

const NAMED: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12, a: 7, b: 8 };

/** Bytes of a string or path as strace escapes them. */
export function unescape(text: string): Buffer {
  const chunks = text.split(/(\\(?:[0-7]{1,3}|x[0-9a-f]{2}|.))/s).map((part) => {
    if (!part.startsWith('\\')) return Buffer.from(part);
    const what = part.slice(1);
    if (/^[0-7]/.test(what)) return Buffer.of(Number.parseInt(what, 8));
    if (/^x./.test(what)) return Buffer.of(Number.parseInt(what.slice(1), 16));
    return Buffer.of(NAMED[what] ?? what.charCodeAt(0));
  });
  return Buffer.concat(chunks);
}

/** Bytes of a quoted argument; undefined for NULL, addresses and strings that strace has cut. */
export function stringOf(argument: string | undefined): Buffer | undefined {
  const match = /^"(.*)"$/s.exec(argument ?? '');
  return match?.[1] === undefined ? undefined : unescape(match[1]);
}

/** Members of a struct argument by name: `{sa_family=AF_INET, sin_port=htons(53)}`. */
export function membersOf(argument: string): Map<string, string> {
  const inner = /^\{(.*)\}$/s.exec(argument)?.[1] ?? '';
  return new Map(
    splitList(inner).map((member) => {
      const at = member.indexOf('=');
      return at === -1 ? [member, member] : [member.slice(0, at), member.slice(at + 1)];
    }),
  );
}
