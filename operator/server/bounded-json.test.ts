import { assert, jsonValue, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBoundedJson, TooManyValuesError } from './bounded-json.ts';

/** Lists, objects and what they hold. An empty list counts for two: its bracket could begin one value more. */
function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  const inside = Object.values(value);
  return (
    1 +
    Math.max(
      1,
      inside.reduce<number>((sum, each) => sum + countOf(each), 0),
    )
  );
}

describe('JSON from outside', () => {
  it('is parsed like any other as long as it holds at most so many values', () => {
    assert(
      property(jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        expect(parseBoundedJson(Buffer.from(text), countOf(value))).toEqual(JSON.parse(text));
        expect(() => parseBoundedJson(Buffer.from(text), countOf(value) - 1)).toThrow(TooManyValuesError);
      }),
    );
  });

  it('may hold brackets and commas in its texts, also behind escaped quotes', () => {
    const value = ['[{,"\\', '\\\\', '",[{'];
    expect(parseBoundedJson(Buffer.from(JSON.stringify(value)), 4)).toEqual(value);
  });

  it('is not parsed at all with more, however deep or flat', () => {
    const texts = ['[', '{},', '[],', '1,', '{"a":'].map((part) => Buffer.from(part.repeat(1_000_000)));
    for (const text of texts) expect(() => parseBoundedJson(text, 500_000)).toThrow(TooManyValuesError);
  });

  it('is refused by the parser if a text in it has no end', () => {
    expect(() => parseBoundedJson(Buffer.from('["[,{\\"'), 2)).toThrow(SyntaxError);
  });
});
