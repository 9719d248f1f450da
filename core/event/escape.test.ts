import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeBytes, escapeText, unescapeBytes } from './escape.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bytes = fc.uint8Array({ maxLength: 64 });
/** Bytes that look like UTF-8 and like escapes more often than random ones do. */
const nearlyText = fc
  .array(fc.constantFrom(0x5c, 0x78, 0x30, 0x41, 0x7f, 0xc2, 0x85, 0xe2, 0x80, 0xae, 0xed, 0xa0, 0xf4, 0x90, 0xff, 0))
  .map((list) => Uint8Array.from(list));

describe('escapeBytes', () => {
  test('is reversible', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, nearlyText), (input) => {
        expect(unescapeBytes(escapeBytes(input))).toEqual(input);
      }),
    );
  });

  test('leaves nothing that steers a terminal or cannot be seen', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, nearlyText), (input) => {
        expect(escapeBytes(input)).not.toMatch(/[\p{Cc}\p{Cf}\p{DI}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u);
      }),
    );
  });

  test('gives well-formed text', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, nearlyText), (input) => {
        expect(escapeBytes(input).isWellFormed()).toBe(true);
      }),
    );
  });

  test('leaves printable UTF-8 alone but for backslashes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const printable = text.replaceAll(/[\p{Cc}\p{Cf}\p{DI}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, '');
        expect(escapeText(printable)).toBe(printable.replaceAll('\\', '\\\\'));
      }),
    );
  });

  test.each([
    ['a plain path', utf8('/usr/bin/ä €😀'), '/usr/bin/ä €😀'],
    ['an escape sequence of a terminal', utf8('\u001b[2J'), String.raw`\x1b[2J`],
    ['text that looks like an escape', utf8(String.raw`\x41`), String.raw`\\x41`],
    ['a C1 control character', utf8('\u009b'), String.raw`\xc2\x9b`],
    ['a right-to-left override', utf8('exe.\u202egpj'), String.raw`exe.\xe2\x80\xaegpj`],
    ['a space of no width', utf8('/bin/l\u200bs'), String.raw`/bin/l\xe2\x80\x8bs`],
    ['a byte order mark', utf8('\ufeffls'), String.raw`\xef\xbb\xbfls`],
    ['an invisible tag', utf8('ls\u{e0041}'), String.raw`ls\xf3\xa0\x81\x81`],
    ['a letter that is drawn as nothing', utf8('ls\u3164'), String.raw`ls\xe3\x85\xa4`],
    ['a space that is none', utf8('a\u00a0b c'), String.raw`a\xc2\xa0b c`],
    ['an overlong slash', Uint8Array.of(0xc0, 0xaf), String.raw`\xc0\xaf`],
    ['a surrogate', Uint8Array.of(0xed, 0xa0, 0x80), String.raw`\xed\xa0\x80`],
    ['a sequence that is cut off', Uint8Array.of(0x61, 0xe2, 0x82), String.raw`a\xe2\x82`],
  ])('%s', (_, input, expected) => {
    expect(escapeBytes(input)).toBe(expected);
  });
});
