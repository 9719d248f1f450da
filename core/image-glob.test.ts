import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageGlob } from './image-glob.ts';

const nginx = { name: 'docker.io/library/nginx', tag: '1.27' };

describe('imageGlob', () => {
  it.each([
    ['docker.io/library/nginx', true],
    ['docker.io/library/nginx:1.27', true],
    ['docker.io/library/nginx:1.2*', true],
    ['docker.io/library/*', true],
    ['docker.io/**', true],
    ['**/nginx', true],
    ['**:1.27', true],
    ['**', true],
    ['docker.io/*/nginx:*', true],
    ['docker.io/*', false],
    ['*', false],
    ['nginx', false],
    ['docker.io/library/ngin', false],
    ['docker.io/library/nginx:1.2', false],
    ['registry.example:5000/**', false],
    ['docker+io/library/nginx', false],
  ])('%s', (pattern, expected) => {
    expect(imageGlob(pattern)(nginx)).toBe(expected);
  });

  it('answers at once, whatever the pattern', () => {
    const image = { name: 'a'.repeat(255), tag: 'b' };
    expect(imageGlob(`${'*a'.repeat(190)}c`)(image)).toBe(false);
    expect(imageGlob(`${'**a'.repeat(120)}**`)(image)).toBe(true);
  });

  it('matches what was made of it', () => {
    const piece = fc.stringMatching(/^[a-z0-9./-]{0,8}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, piece), { maxLength: 5 }), piece, (pieces, end) => {
        const pattern = `${pieces.map(([literal]) => `${literal}**`).join('')}${end}`;
        const name = `${pieces.map(([literal, any]) => literal + any).join('')}${end}`;
        expect(imageGlob(pattern)({ name, tag: 't' })).toBe(true);
      }),
    );
  });
});
