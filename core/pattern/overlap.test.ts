import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { mayOverlap, outlineOf } from './outline.ts';
import { elementsOverlap } from './overlap.ts';
import { matchesTemplate } from './template.ts';
import { someName, someTemplate } from './testing.ts';

it.each([
  ['{mixed8}.log', 'ab{digits}.log', true],
  ['{mixed2}.log', 'ab{digits}.log', false],
  ['{mixed8}.log', 'ab{digits}.tmp', false],
  ['{mixed8}.log', '{mixed9}.log', false],
  ['a-{digits}', '{mixed1}-{mixed3}', true],
  ['{any}', '{digits}.tmp', false],
  ['{any}', '{digits}-{digits}', true],
  ['a-{digits}', '{digits}-{digits}', false],
  ['tmp{random8}', 'tmpfiles{digits}', true],
  ['tmp{random8}', 'tmpfilesystems{digits}', false],
  ['tmp{random8}', '{mixed11}', true],
  ['tmp{random8}', 'tmpAb_{mixed5}', false],
  ['cc{random6}.s', 'php{random6}.s', false],
  ['upload-{any8}.part', 'upload-{numbered}.part', true],
  ['upload-{any8}.part', 'upload-{mixed3}_{digits}.part', true],
  ['upload-{any8}.part', 'upload-{mixed3}_{mixed3}.part', false],
  ['upload-{any8}.part', 'other-{any8}.part', false],
  ['{any}.tmp', '{digits}-x.tmp', true],
  ['{any}.tmp', '{digits}-x', false],
  ['{any}', '{any}.tmp', false],
  ['{mixed10}', 'kdevtmpfsi', false],
  ['{mixed10}', 'Xa3kQ9fT2b', true],
  ['plain', 'plain', true],
  ['plain', 'other', false],
  ['{mixed99999}', '{mixed99999}.{digits}', false],
])('%s and %s: %s', (one, other, overlap) => {
  expect(elementsOverlap(one, other)).toBe(overlap);
  expect(elementsOverlap(other, one)).toBe(overlap);
});

it('is said of all patterns that one name belongs to', () => {
  fc.assert(
    fc.property(someTemplate, someTemplate, someName, (one, other, name) => {
      const shared = matchesTemplate(one, name) && matchesTemplate(other, name);
      expect(!shared || elementsOverlap(one, other)).toBe(true);
      expect(elementsOverlap(other, one)).toBe(elementsOverlap(one, other));
    }),
    { numRuns: 5_000 },
  );
});

it('is seen at a glance of none that overlap that they do not', () => {
  const some = fc.array(fc.oneof(someTemplate, someName), { minLength: 2, maxLength: 2 });
  fc.assert(
    fc.property(some, some, (one, other) => {
      const overlap = one.every((element, index) => elementsOverlap(element, other[index] ?? ''));
      expect(!overlap || mayOverlap(outlineOf(one), outlineOf(other))).toBe(true);
      expect(mayOverlap(outlineOf(other), outlineOf(one))).toBe(mayOverlap(outlineOf(one), outlineOf(other)));
    }),
    { numRuns: 5_000 },
  );
});

/** Of few characters and short, so that all of them can be tried. */
const short = fc
  .array(fc.constantFrom('{digits}', '{mixed1}', '{mixed2}', 'a', '1', '-'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('-'));
const names = ['a', '1', '-'].reduce<string[]>(
  (all) => all.flatMap((name) => ['a', '1', '-', ''].map((end) => name + end)),
  ['a', '1', '-'],
);
const few = [...new Set(names.flatMap((name) => [name, ...names.map((end) => name + end)]))];

it('is said of short templates only where one name belongs to both', () => {
  const within = (text: string): boolean => text.replaceAll(/\{[^}]*\}/g, 'xx').length <= 6;
  fc.assert(
    fc.property(short.filter(within), short.filter(within), (one, other) => {
      const shared = few.some((name) => matchesTemplate(one, name) && matchesTemplate(other, name));
      expect(elementsOverlap(one, other)).toBe(shared);
    }),
    { numRuns: 500 },
  );
});
