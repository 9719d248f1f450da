import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageFromText, imageText, parseImage } from './image.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('parseImage', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['bitnami/redis:7', 'docker.io/bitnami/redis:7'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/library/nginx:1', 'docker.io/library/nginx:1'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app', 'localhost:5000/app:latest'],
    ['registry.example.com:5000/team/app:v2', 'registry.example.com:5000/team/app:v2'],
    ['Registry.Example.com/app:V2', 'registry.example.com/app:V2'],
    ['[fd00::1]:5000/app:1', '[fd00::1]:5000/app:1'],
    [`nginx@${digest}`, 'docker.io/library/nginx:0123456789ab'],
    [`nginx:1.27@${digest}`, 'docker.io/library/nginx:1.27'],
    [`gcr.io/p/a__b-c.d@${digest}`, 'gcr.io/p/a__b-c.d:0123456789ab'],
  ])('reads %s as %s', (reference, text) => {
    const parsed = parseImage(reference);
    expect(parsed.ok ? imageText(parsed.image) : parsed.reason).toBe(text);
  });

  it.each([
    ['', 'registry or repository'],
    ['UPPER', 'registry or repository'],
    ['a//b', 'registry or repository'],
    ['a/../b', 'registry or repository'],
    ['/nginx', 'registry or repository'],
    ['nginx:', 'tag'],
    ['nginx:.hidden', 'tag'],
    [`nginx:${'t'.repeat(129)}`, 'tag'],
    ['nginx@sha256:short', 'digest'],
    [`nginx@${digest}@${digest}`, 'digest'],
    ['host.example:port/app', 'registry'],
    [`registry.example/${'a'.repeat(250)}`, 'longer than 255'],
    ['a'.repeat(5_000), 'longer than 1024'],
    ['nginx\n', 'repository'],
  ])('refuses %j and says why', (reference, why) => {
    const parsed = parseImage(reference);
    expect(parsed.ok ? 'accepted' : parsed.reason).toContain(why);
  });

  it('never shows control characters of what it refuses', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (reference) => {
        const parsed = parseImage(reference);
        expect(parsed.ok ? '' : parsed.reason).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });

  const host = fc.constantFrom('', 'localhost/', 'quay.io/', 'r.example:5000/', 'Docker.io/');
  const path = fc.array(fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?$/), { minLength: 1, maxLength: 4 });
  const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/));
  const suffix = fc.constantFrom('', `@${digest}`);

  it('reads what it wrote as the same image', () => {
    fc.assert(
      fc.property(host, path, tag, suffix, (host, path, tag, suffix) => {
        const parsed = parseImage(`${host}${path.join('/')}${tag === null ? '' : `:${tag}`}${suffix}`);
        expect(parsed.ok && parseImage(imageText(parsed.image))).toEqual(parsed);
        expect(parsed.ok && imageFromText(imageText(parsed.image))).toEqual(parsed.ok && parsed.image);
      }),
    );
  });

  it.each(['', 'nginx', 'localhost:5000/app'])('imageFromText refuses %j, which has no tag', (text) => {
    expect(imageFromText(text)).toBeUndefined();
  });
});
