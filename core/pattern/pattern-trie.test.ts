import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatternTrie, type PatternTrieLimits } from './pattern-trie.ts';
import { isPathPattern, matchesPath } from './path.ts';
import { someName, someTemplate } from './testing.ts';

const elements = (some: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(some, { minLength: 1, maxLength: 3 }).map((names) => `/srv/${names.join('/')}`);
const somePath = elements(fc.oneof(someName, someTemplate));
const split = (path: string): string[] => path.split('/');

function trieOf(patterns: readonly string[], limits?: PatternTrieLimits): PatternTrie<string> {
  const trie = new PatternTrie<string>(limits);
  for (const pattern of patterns) trie.add(split(pattern), pattern);
  return trie;
}

describe('the patterns of a trie', () => {
  it('are found as by asking each of them: the first that stands for a name or pattern', () => {
    const patterns = fc.array(somePath.filter(isPathPattern), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(patterns, somePath, (list, path) => {
        const first = list.find((pattern) => matchesPath(pattern, path));
        expect(trieOf(list).find(split(path))).toEqual({
          partial: false,
          ...(first !== undefined && { value: first }),
        });
      }),
      { numRuns: 3_000 },
    );
  });

  it('are found for each of its own names, of which one in a few belongs to a pattern', () => {
    const names = ['ab12-x', '7-x', '7-7', 'a7b-x.log', 'tmpabcd_12', 'up-abcdef', 'x', '.a1', '12.log'];
    const patterns = ['{digits}-x', '{mixed4}-x', 'ab{digits}-x', '{mixed3}-x.log', '{any}.log', 'tmp{random8}'];
    const some = (list: readonly string[]): fc.Arbitrary<string> => elements(fc.constantFrom(...list, 'up-{any6}'));
    fc.assert(
      fc.property(fc.array(some(patterns), { minLength: 1, maxLength: 12 }), some(names), (list, path) => {
        expect(trieOf(list).find(split(path)).value).toBe(list.find((pattern) => matchesPath(pattern, path)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('that have no room are said to be missing, and so are those that a search did not come to', () => {
    const many = ['/a/{digits}', '/b/{digits}', '/c/{digits}'];
    const small = trieOf(many, { nodes: 4, steps: 512 });
    expect(small.find(split('/a/1'))).toEqual({ value: '/a/{digits}', partial: true });
    expect(small.find(split('/c/1'))).toEqual({ partial: true });
    const wide = ['/{digits}/{digits}/x', '/{digits}/{mixed1}/x', '/{mixed1}/{digits}/x', '/{mixed1}/{mixed1}/x'];
    expect(trieOf(wide).find(split('/1/1/y'))).toEqual({ partial: false });
    expect(trieOf(wide, { nodes: 100, steps: 5 }).find(split('/1/1/y'))).toEqual({ partial: true });
  });
});
