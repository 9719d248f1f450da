/**
 * Text for bytes that come from programs and are usually, but never certainly, UTF-8: paths, arguments, cgroup names.
 * Reversible, so that two different byte strings never look alike, and free of anything that could steer a terminal or
 * reorder a page.
 */

const BACKSLASH = 0x5c;
const HEX = '0123456789abcdef';

const escapeByte = (byte: number): string => `\\x${HEX[byte >> 4]}${HEX[byte & 15]}`;

/**
 * What steers a terminal, breaks lines, changes the direction of text or cannot be seen: controls, format characters, spaces
 * other than the common one, and characters that are drawn as nothing (a zero-width space in `/bin/ls` makes another file of
 * the same looks).
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

function isUnsafe(codePoint: number): boolean {
  if (codePoint < 0x80) return codePoint < 0x20 || codePoint === 0x7f;
  return unsafe.test(String.fromCodePoint(codePoint));
}

/** Length, bits of the first byte and smallest code point of the sequences of two, three and four bytes. */
const forms = [
  { length: 2, mark: 0xc0, mask: 0xe0, least: 0x80 },
  { length: 3, mark: 0xe0, mask: 0xf0, least: 0x800 },
  { length: 4, mark: 0xf0, mask: 0xf8, least: 0x10000 },
] as const;

/** The code point of the sequence at `at`, or undefined if it is not well-formed (overlong, surrogate, cut off). */
function decodeSequence(bytes: Uint8Array, at: number): { codePoint: number; length: number } | undefined {
  const first = bytes[at] ?? 0;
  const form = forms.find((each) => (first & each.mask) === each.mark);
  if (!form) return undefined;
  let codePoint = first & ~form.mask;
  for (let index = 1; index < form.length; index++) {
    const next = bytes[at + index];
    if (next === undefined || (next & 0xc0) !== 0x80) return undefined;
    codePoint = (codePoint << 6) | (next & 0x3f);
  }
  const surrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  if (codePoint < form.least || codePoint > 0x10ffff || surrogate) return undefined;
  return { codePoint, length: form.length };
}

/** Printable UTF-8 as it is, a backslash doubled, every other byte as `\xNN`. */
export function escapeBytes(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] ?? 0;
    if (first < 0x80) {
      if (first === BACKSLASH) text += '\\\\';
      else text += isUnsafe(first) ? escapeByte(first) : String.fromCharCode(first);
      at++;
      continue;
    }
    const sequence = decodeSequence(bytes, at);
    const length = sequence?.length ?? 1;
    if (sequence && !isUnsafe(sequence.codePoint)) text += String.fromCodePoint(sequence.codePoint);
    else for (const byte of bytes.subarray(at, at + length)) text += escapeByte(byte);
    at += length;
  }
  return text;
}

/** The same for text that a library has already decoded. */
export function escapeText(text: string): string {
  return escapeBytes(new TextEncoder().encode(text));
}

/** The bytes that `escapeBytes` was given. A backslash that begins no escape stands for itself. */
export function unescapeBytes(text: string): Uint8Array {
  const parts = text.split(/(\\\\|\\x[0-9a-f]{2})/);
  const chunks = parts.map((part) => {
    if (part === '\\\\') return Uint8Array.of(BACKSLASH);
    if (/^\\x[0-9a-f]{2}$/.test(part)) return Uint8Array.of(Number.parseInt(part.slice(2), 16));
    return new TextEncoder().encode(part);
  });
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
