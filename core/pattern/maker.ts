/**
 * Names that well-known programs make up, of a fixed beginning and length. They are told from words by both, so four of them
 * are enough for a pattern, also of directories, where other random names must be many (shape.ts):
 *
 * | Beginning                                     | Random              | Made by                                         |
 * |-----------------------------------------------|---------------------|-------------------------------------------------|
 * | `tmp`, `wgunicorn-`, `pip-install-` and alike | 8 of `a-z`, `0-9`, `_` | Python's tempfile for programs, gunicorn, pip |
 * | `tmp`, before `.tmp`                          | 6 letters, digits   | .NET                                            |
 * | `.tmp`                                        | 6 letters, digits   | Rust's tempfile                                 |
 * | `cc`, `php`, `sed`, `sort`                    | 6 letters, digits   | compilers, uploads of PHP, `sed -i`, `sort`     |
 *
 * Of the random part it must be seen that it is one: a word, a number, or a word with a number (`tmpwatcher1`) are what they
 * are elsewhere. They belong to a pattern that is there, but never make one.
 *
 * Names that tell by themselves who made them, {@link isMakersOwn}, are a pattern at the first: many a program makes one of
 * them when it starts, and of three containers nobody would ever see four.
 */
import { extensionOf } from './extension.ts';

const python = /^(tmp|wgunicorn-|pip-(?:[a-z]+-)+)([a-z0-9_]{8}|\{random8\})$/;
const mkstemp = /^(cc|php|sed|sort)([A-Za-z0-9]{6}|\{random6\})$/;
const rust = /^(\.tmp)([A-Za-z0-9]{6}|\{random6\})$/;
const dotnet = /^(tmp)([A-Za-z0-9]{6}|\{random6\})$/;

/** Words have capitals at their front, or are all capitals. */
const wordAndNumber = /^(?:[A-Z]?[a-z]*|[A-Z]*)\d+$/;

export interface Made {
  readonly beginning: string;
  /** `{random8}` in a signature. */
  readonly random: string;
  readonly length: number;
  readonly extension: string;
}

/** A name, or its signature, as one of these programs gives it. */
export function madeOf(name: string): Made | undefined {
  const extension = extensionOf(name);
  const stem = name.slice(0, name.length - extension.length);
  const match =
    python.exec(stem) ?? mkstemp.exec(stem) ?? rust.exec(stem) ?? (extension === '.tmp' ? dotnet.exec(stem) : null);
  if (match === null) return undefined;
  const [, beginning = '', random = ''] = match;
  const length = random.startsWith('{') ? Number(random.slice('{random'.length, -1)) : random.length;
  return { beginning, random, length, extension };
}

/** `tmp{random8}.json` for whatever such a program may have called so. */
export function randomTemplate(name: string): string | undefined {
  const made = madeOf(name);
  return made === undefined ? undefined : `${made.beginning}{random${made.length}}${made.extension}`;
}

/** The same, if the name looks random by itself. Idempotent. */
export function madeSignature(name: string): string | undefined {
  const made = madeOf(name);
  if (made === undefined || !/\d/.test(made.random) || wordAndNumber.test(made.random)) return undefined;
  return randomTemplate(name);
}

const code = 'so|sh|py|pl|rb|lua|php|js|mjs|jar|class|exe|bin|elf|ko';

/**
 * What stands after the beginning is a process number, an object's number or random, and never says more than that. A pattern
 * of one name hides nothing that is seen: it is of one process, one directory and one way of using it, like every other.
 */
const own = new RegExp(
  `^(?:${[
    // Python's tempfile, gunicorn, pip. Of code the name stays, until there are four.
    `(?:tmp|wgunicorn-|pip-(?:[a-z]+-)+)\\{random8\\}(?!\\.(?:${code})$)(?:\\.[A-Za-z0-9]+)?`,
    // mktemp without a template; Rust.
    'tmp\\.\\{mixed10\\}',
    '\\.tmp\\{random6\\}',
    // PostgreSQL: shared memory, logs and caches of catalogues that are being written, sorting, and two files beside each table.
    '(?:PostgreSQL|xlogtemp|pg_internal\\.init)\\.\\{digits\\}',
    'pgsql_tmp\\{digits\\}\\.\\{digits\\}',
    '\\{digits\\}_(?:fsm|vm)',
    // redis: what is being saved.
    'temp-\\{digits\\}\\.rdb',
    'temp-rewriteaof-(?:bg-)?\\{digits\\}\\.aof',
    // Java: where tools attach, and what a crash leaves.
    '\\.(?:java|attach)_pid\\{digits\\}',
    'hs_err_pid\\{digits\\}\\.log',
  ].join('|')})$`,
);

/** The signature of one name (an element of a path) is that of a program which gives no others. */
export function isMakersOwn(signature: string): boolean {
  return signature.includes('{') && own.test(signature);
}

/** What Python tries a directory with; see core/profile/tempfile-probes.ts. No signature is this. */
export const bareRandom = '{random8}';

/** Eight of `a-z`, `0-9` and `_` that nobody took for a word with a number: one in eight such names does not show that it is random. */
export function isBareRandom(name: string): boolean {
  return /^[a-z0-9_]{8}$/.test(name) && /\d/.test(name) && !/^[a-z_]*\d+$/.test(name);
}
