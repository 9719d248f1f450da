import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addToSketch, mergeSketches, sketchCount, sketchSize } from './sketch.ts';
import { containerAt, renumbering, setSize } from './container-set.ts';
import { byText } from './evidence.ts';

const keys = (count: number): string[] => Array.from({ length: count }, (_, index) => `/var/spool/${index}`);

describe('sketch of omitted keys', () => {
  it.each([0, 1, 200, sketchSize - 1])('counts %i exactly', (count) => {
    expect(sketchCount(addToSketch([], keys(count)))).toBe(count);
  });

  it('estimates more, and does not count a key twice', () => {
    const sketch = addToSketch([], keys(20_000));
    expect(sketch).toHaveLength(sketchSize);
    // Four standard errors of 6 %.
    expect(Math.abs(sketchCount(sketch) - 20_000)).toBeLessThan(20_000 * 0.25);
    expect(addToSketch(mergeSketches(sketch, sketch), keys(500))).toEqual(sketch);
  });

  it('merges in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), fc.array(fc.string()), (a, b, c) => {
        const [x, y, z] = [a, b, c].map((list) => addToSketch([], list));
        expect(mergeSketches(mergeSketches(x ?? [], y ?? []), z ?? [])).toEqual(
          mergeSketches(x ?? [], mergeSketches(z ?? [], y ?? [])),
        );
      }),
    );
  });
});

describe('set of containers', () => {
  it('knows its size', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(2_000), { maxLength: 50 }), (members) => {
        expect(setSize(members.reduce((set, member) => set | containerAt(member), 0n))).toBe(members.length);
      }),
    );
  });

  it('means the same containers after it was renumbered', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { maxLength: 40 }),
        fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        (all, inOld) => {
          const to = all.toSorted(byText);
          const from = to.filter((_, index) => inOld[index]);
          const move = renumbering(from, to);
          for (const [index, id] of from.entries()) expect(move(containerAt(index))).toBe(containerAt(to.indexOf(id)));
        },
      ),
    );
  });

  it('cannot move to a table that lacks one of its containers', () => {
    expect(() => renumbering(['a', 'b'], ['a', 'c'])).toThrow('container b is missing');
  });
});
