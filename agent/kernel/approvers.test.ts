import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupByKey, keyOf } from './approvers.ts';
import { hashName } from './name-hash.ts';

const SEED = 0x0123_4567_89ab_cdefn;

describe('hash of a name', () => {
  const name = fc
    .uint8Array({ minLength: 1, maxLength: 40 })
    .map((bytes) => Buffer.from(bytes.map((byte) => byte || 1)));

  const withoutCase = (bytes: Buffer): string =>
    bytes.toString('latin1').replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

  test('is one of 64 bits, and tells names apart', () => {
    fc.assert(
      fc.property(name, name, (left, right) => {
        const hash = hashName(left, SEED);
        expect(hash).toBe(BigInt.asUintN(64, hash));
        expect(hashName(right, SEED) === hash).toBe(withoutCase(left) === withoutCase(right));
      }),
    );
  });

  test('has no case, and depends on the seed and on what came before', () => {
    expect(hashName(Buffer.from('Shadow.BAK'), SEED)).toBe(hashName(Buffer.from('shadow.bak'), SEED));
    expect(hashName(Buffer.from('shadow'), SEED)).not.toBe(hashName(Buffer.from('shadow'), SEED + 1n));
    expect(hashName(Buffer.from('ab'), SEED)).not.toBe(hashName(Buffer.from('b'), hashName(Buffer.from('a'), SEED)));
  });
});

describe('keys', () => {
  test('a prefix counts by whole names, at most eight; the root is everything', () => {
    const prefix = (path: string) => keyOf({ record: 'open', prefix: path }, SEED);
    expect(prefix('/etc/')).toEqual(prefix('/etc'));
    expect(prefix('/a/b/c/d/e/f/g/h/i')).toEqual(prefix('/a/b/c/d/e/f/g/h'));
    expect(prefix('/a/b')).not.toEqual(prefix('/ab'));
    expect(prefix('/')).toEqual(keyOf({ record: 'open' }, SEED));
  });

  test('where the kernel side does not look at files, every event passes', () => {
    expect(keyOf({ record: 'connect', name: 'shadow' }, SEED)).toEqual({ record: 'connect', how: 'any', hash: 0n });
  });

  test.each([
    [{ name: '' }, 'is not the base name'],
    [{ name: 'a/b' }, 'is not the base name'],
    [{ name: 'x'.repeat(256) }, 'at most 255 bytes'],
    [{ prefix: 'etc' }, 'is not absolute'],
    [{ name: 'a', prefix: '/b' }, 'narrower'],
    [{ limit: { perSecond: 0, burst: 1 } }, 'more than 0'],
    [{ limit: { perSecond: Number.NaN, burst: 1 } }, 'more than 0'],
  ])('%o is refused', (approver, message) => {
    expect(() => keyOf({ record: 'open', ...approver }, SEED)).toThrow(message);
  });

  test('approvers of one condition share its key', () => {
    const groups = groupByKey([{ record: 'open', name: 'a' }, { record: 'exec' }, { record: 'open', name: 'A' }], SEED);
    expect(groups.map(({ numbers }) => numbers)).toEqual([[1, 3], [2]]);
  });

  test('more than the maps hold are refused', () => {
    const many = (count: number, name: (index: number) => string) =>
      Array.from({ length: count }, (_, index) => ({ record: 'open' as const, name: name(index) }));
    expect(groupByKey(many(511, String), SEED)).toHaveLength(511);
    expect(() => groupByKey(many(512, String), SEED)).toThrow('511 fit');
    expect(() =>
      groupByKey(
        many(9, () => 'same'),
        SEED,
      ),
    ).toThrow('more than 8 approvers of open');
  });
});
