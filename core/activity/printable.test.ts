import { assert, integer, property, string } from 'fast-check';
import { expect, it } from 'vitest';
import { printable } from './printable.ts';

it('gives whole characters, none of which steers a terminal, within the length', () => {
  assert(
    property(string({ unit: 'binary' }), integer({ min: 1, max: 20 }), (text, maxLength) => {
      const shown = printable(text, maxLength);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(shown.length).toBeLessThanOrEqual(maxLength);
    }),
  );
});

it('cuts no character in two', () => {
  expect(printable('😀'.repeat(200), 256)).toBe(`${'😀'.repeat(127)}…`);
  expect(printable(`a${'😀'.repeat(200)}`, 256)).toBe(`a${'😀'.repeat(127)}…`);
});
