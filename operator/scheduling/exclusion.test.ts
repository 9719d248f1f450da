import { expect, it } from 'vitest';
import { compileExclusions } from './exclusion.ts';

const busybox = { name: 'docker.io/library/busybox', tag: '1.36' };

it.each([
  ['docker.io/library/busybox', true],
  ['docker.io/library/busybox:1.36', true],
  ['docker.io/library/busybox:1.3*', true],
  ['docker.io/library/busybox:1.37', false],
  ['docker.io/*/busybox', true],
  ['docker.io/*', false],
  ['docker.io/**', true],
  ['**:1.36', true],
  ['**', true],
  ['*', false],
  ['**/busy*x', true],
  ['busybox', false],
  ['docker.io/library/busybox*', true],
  ['', false],
])('image pattern %j excludes docker.io/library/busybox:1.36: %s', (image, excluded) => {
  expect(compileExclusions([{ image }])('default', busybox) !== undefined).toBe(excluded);
});

it('tells a port of the registry from a tag', () => {
  const excludes = compileExclusions([{ image: 'localhost:5000/app' }]);
  expect(excludes('default', { name: 'localhost:5000/app', tag: 'v1' })).toBe('image localhost:5000/app');
  expect(excludes('default', { name: 'localhost', tag: '5000/app' })).toBeUndefined();
});

it('needs every field of an entry, and any entry of the list', () => {
  const excludes = compileExclusions([{ namespace: 'kube-system' }, { namespace: 'dev', image: '**/busybox' }]);
  expect(excludes('kube-system', busybox)).toBe('namespace kube-system');
  expect(excludes('dev', busybox)).toBe('namespace dev and image **/busybox');
  expect(excludes('dev', { name: 'docker.io/library/nginx', tag: '1.27' })).toBeUndefined();
  expect(excludes('prod', busybox)).toBeUndefined();
  // The second answer comes from memory.
  expect(excludes('prod', busybox)).toBeUndefined();
});

it('ends for patterns that are made to explode', () => {
  // Whoever tries all ways to share 255 letters among 190 stars is never done: no clock is needed to tell.
  const excludes = compileExclusions([{ image: `${'*a'.repeat(190)}*b` }]);
  expect(excludes('default', { name: 'a'.repeat(255), tag: 'v1' })).toBeUndefined();
});
