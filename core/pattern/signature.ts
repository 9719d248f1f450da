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
 * An extension (what follows the last dot, up to 5 characters and not digits alone) is always itself: `a1.php` and `a2.jpg`
 * never look alike. Nothing but ASCII letters and digits is ever replaced.
 *
 * A signature depends on the name alone, so which names belong together needs no other names to be known; and the signature of
 * a signature is itself.
 */

/** Everything in it that a signature replaces holds a digit, so most names need no work. */
const digit = /\d/;
const separator = /[-._]/;
const onlyDigits = /^\d+$/;
const wordThenDigits = /^([A-Za-z]{2,})\d+$/;
const lettersAndDigits = /^[A-Za-z0-9]+$/;

/** Longer ones are no extensions any more but random parts of a name, as of `tmp.Xa3kQ9`. */
const extensionLength = 5;

export function signatureOf(name: string): string {
  if (!digit.test(name)) return name;
  const end = name.length - extensionOf(name).length;
  let signature = '';
  let start = 0;
  for (let at = 0; at <= end; at += 1) {
    if (at < end && !separator.test(name.charAt(at))) continue;
    signature += classOf(name.slice(start, at)) + name.slice(at, Math.min(at + 1, end));
    start = at + 1;
  }
  return signature + name.slice(end);
}

function classOf(part: string): string {
  if (!digit.test(part) || !lettersAndDigits.test(part)) return part;
  if (onlyDigits.test(part)) return '{digits}';
  const word = wordThenDigits.exec(part)?.[1];
  return word === undefined ? `{mixed${part.length}}` : `${word}{digits}`;
}

/** With its dot; empty if there is none. What begins with the only dot (`.env`) is a hidden name without extension. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  const extension = name.slice(dot + 1);
  const isOne = dot > 0 && extension.length <= extensionLength && /^(?!\d+$)[A-Za-z0-9]+$/.test(extension);
  return isOne ? name.slice(dot) : '';
}
