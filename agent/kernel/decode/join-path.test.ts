import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinPath } from './join-path.ts';

const split = (path: string): string[] => path.split('/').filter((part) => part !== '');
const join = (directory: string, text: string, root = '/') => {
  const { components, ...others } = joinPath(split(directory), split(root), text);
  return { path: `/${components.join('/')}`, ...others };
};

const name = fc.constantFrom('a', 'b', 'usr', '..a', '...');
const canonical = fc.array(name, { maxLength: 5 });
const userPath = fc
  .array(fc.oneof(name, fc.constantFrom('', '.', '..')), { maxLength: 12 })
  .map((parts) => parts.join('/'));

describe('joinPath', () => {
  test.each([
    ['/srv', 'x', '/srv/x', true, true],
    ['/srv', './x', '/srv/x', true, true],
    ['/srv/app', '../../x', '/x', true, true],
    ['/srv', '..', '/', true, false],
    ['/srv', '.', '/srv', true, false],
    ['/srv', 'a/b', '/srv/a/b', false, true],
    ['/srv', 'a/../b', '/srv/b', false, true],
    ['/srv', 'x/', '/srv/x', true, false],
    ['/srv', 'x/.', '/srv/x', true, false],
    ['/', '/etc//passwd', '/etc/passwd', false, true],
    ['/', '', '/', true, false],
  ])('%s and %s', (directory, text, path, straight, endsInName) => {
    expect(join(directory, text)).toEqual({ path, straight, endsInName });
  });

  test('".." stops at the root of a chroot, and does not where the path begins outside of it', () => {
    expect(join('/jail/srv', '../../../x', '/jail').path).toBe('/jail/x');
    expect(join('/home/me', '../../x', '/jail').path).toBe('/x');
  });

  test('the result is normal, and normalising it again changes nothing', () => {
    fc.assert(
      fc.property(canonical, canonical, userPath, (directory, root, text) => {
        const { components } = joinPath(directory, root, text);
        expect(components.some((part) => part === '' || part === '.' || part === '..')).toBe(false);
        expect(joinPath([], [], components.join('/')).components).toEqual(components);
        expect(joinPath(components, root, '.').components).toEqual(components);
      }),
    );
  });

  test('whatever the text is, it stays below the root at which it began', () => {
    fc.assert(
      fc.property(canonical, canonical, userPath, (root, below, text) => {
        const { components } = joinPath([...root, ...below], root, text);
        expect(components.slice(0, root.length)).toEqual(root);
      }),
    );
  });

  test('one text after the other is both together', () => {
    fc.assert(
      fc.property(canonical, userPath, userPath, (directory, first, second) => {
        const once = joinPath(directory, [], `${first}/${second}`);
        const twice = joinPath(joinPath(directory, [], first).components, [], second);
        expect(once.components).toEqual(twice.components);
      }),
    );
  });
});
