/**
 * Names that well-known programs make up, of a fixed beginning and length. They are told from words by both, so four of them
 * are enough for a pattern, also of directories, where other random names must be many (shape.ts):
 *
 * | Beginning                                     | Random              | Made by                                         |
 * |-----------------------------------------------|---------------------|-------------------------------------------------|
 * | `tmp`, `wgunicorn-`, `pip-install-` and alike | 8 of `a-z`, `0-9`, `_` | Python's tempfile for programs, gunicorn, pip |
 * | `tmp`, before `.tmp`                          | 6 letters, digits   | .NET                                            |
 * | `cc`, `php`, `sed`, `sort`                    | 6 letters, digits   | compilers, uploads of PHP, `sed -i`, `sort`     |
 *
 * Of the random part it must be seen that it is one: a word, a number, or a word with a number (`tmpwatcher1`) are what they
 * are elsewhere. They belong to a pattern that is there, but never make one.
 */
import { extensionOf } from './extension.ts';

const python = /^(tmp|wgunicorn-|pip-(?:[a-z]+-)+)([a-z0-9_]{8}|\{random8\})$/;
const mkstemp = /^(cc|php|sed|sort)([A-Za-z0-9]{6}|\{random6\})$/;
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
  const match = python.exec(stem) ?? mkstemp.exec(stem) ?? (extension === '.tmp' ? dotnet.exec(stem) : null);
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
