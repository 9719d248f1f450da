import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { objectName } from './object-name.ts';

describe('objectName', () => {
  it('is readable', () => {
    expect(objectName({ name: 'docker.io/library/nginx', tag: '1.27' })).toMatch(/^nginx-1\.27-[0-9a-f]{10}$/);
    expect(objectName({ name: 'quay.io/team/app__x', tag: '_V2' })).toMatch(/^app-x-v2-[0-9a-f]{10}$/);
  });

  it('keeps registries, tags and letter case apart', () => {
    const names = [
      { name: 'docker.io/library/nginx', tag: 'a' },
      { name: 'quay.io/library/nginx', tag: 'a' },
      { name: 'docker.io/library/nginx', tag: 'A' },
    ].map(objectName);
    expect(new Set(names).size).toBe(3);
  });

  const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[a.\-_]{0,70}$/));

  it('is a DNS subdomain of at most 61 characters, whatever the image', () => {
    fc.assert(
      fc.property(text, text, (name, tag) => {
        const result = objectName({ name, tag });
        expect(result).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/);
        expect(result.length).toBeLessThanOrEqual(61);
      }),
    );
  });
});
