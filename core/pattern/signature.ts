/**
 * What names made by one generator have in common. A name (an element of a path, a label of a DNS name) falls at `-`, `.`
 * and `_` into parts, and each part is either kept as it is or stands for all parts of its class:
 *
 * | Part                                            | In the signature   | Example                                |
 * |-------------------------------------------------|--------------------|----------------------------------------|
 * | digits                                          | `{digits}`         | `access-7.log` → `access-{digits}.log` |
 * | a word of two letters or more, then digits      | `word{digits}`     | `cpu12` → `cpu{digits}`                |
 * | other letters and digits, at least one of each  | `{mixedN}`, N long | `sess-4f2ab` → `sess-{mixed5}`         |
 * | anything else: letters, escapes, other signs    | itself             | `pg-wal` → `pg-wal`                    |
 *
 * Names of well-known programs are one class each instead (maker.ts): `tmp1tz1u9ha` → `tmp{random8}`.
 *
 * An extension (what follows the last dot, up to 5 characters and not digits alone) is always itself: `a1.php` and `a2.jpg`
 * never look alike. Nothing but ASCII letters and digits is ever replaced.
 *
 * A signature depends on the name alone, so which names belong together needs no other names to be known; and the signature of
 * a signature is itself.
 */

import { extensionOf } from './extension.ts';
import { madeSignature } from './maker.ts';

/** Everything in it that a signature replaces holds a digit, so most names need no work. */
const digit = /\d/;
const parts = /[^-._]+/g;
const onlyDigits = /^\d+$/;
/** `+~` of Java's fonts (`+~JF4225058428853672861.tmp`) belong to the word. */
const wordThenDigits = /^([+~]*[A-Za-z]{2,})\d+$/;
const lettersAndDigits = /^[A-Za-z0-9]+$/;

export function signatureOf(name: string): string {
  if (!digit.test(name)) return name;
  const made = madeSignature(name);
  if (made !== undefined) return made;
  const extension = extensionOf(name);
  return name.slice(0, name.length - extension.length).replaceAll(parts, classOf) + extension;
}

function classOf(part: string): string {
  if (!digit.test(part)) return part;
  if (onlyDigits.test(part)) return '{digits}';
  const word = wordThenDigits.exec(part)?.[1];
  if (word !== undefined) return `${word}{digits}`;
  return lettersAndDigits.test(part) ? `{mixed${part.length}}` : part;
}
