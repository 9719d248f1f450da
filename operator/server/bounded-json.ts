/**
 * JSON from outside, parsed only if what comes out of it is bounded too. Bytes bound nothing: `{},` takes three of them and
 * becomes an object of 160, so that 8 MiB, which zstd packs into a few hundred bytes, fill 430 MB.
 */

export class TooManyValuesError extends Error {
  override readonly name = 'TooManyValuesError';
}

const quote = 0x22;
const backslash = 0x5c;
/** `[` and `{` stand before the first value inside, `,` before each further one. */
const list = 0x5b;
const object = 0x7b;
const comma = 0x2c;

/**
 * @param maxValues objects, lists and what they hold, keys not counted
 * @throws TooManyValuesError before anything is built; SyntaxError if it is no JSON
 */
export function parseBoundedJson(bytes: Buffer, maxValues: number): unknown {
  if (hasMoreValues(bytes, maxValues)) throw new TooManyValuesError(`more than ${maxValues} values`);
  return JSON.parse(bytes.toString('utf8'));
}

function hasMoreValues(bytes: Buffer, maxValues: number): boolean {
  let values = 1;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) at = endOfString(bytes, at);
    else if (byte === comma || byte === list || byte === object) values += 1;
    if (values > maxValues) return true;
  }
  return false;
}

/** Index of the closing quote; of the last byte if there is none, which JSON.parse refuses. */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = bytes.indexOf(quote, start + 1); at >= 0; at = bytes.indexOf(quote, at + 1)) {
    let escapes = 0;
    while (bytes[at - 1 - escapes] === backslash) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return bytes.length - 1;
}
