import { expect, it } from 'vitest';
import { profileBytes } from '../../agent/link/testing/profile-bytes.ts';
import { compiledDigest } from '../../core/match/compiled-format.ts';
import { MemoryProfiles } from './memory-profiles.ts';

const [first, second] = [profileBytes('/bin/first'), profileBytes('/bin/second')];
const [ofFirst, ofSecond] = [compiledDigest(first), compiledDigest(second)];

it('holds what has the digest of its name, until it is named no more', () => {
  const profiles = new MemoryProfiles();
  expect(profiles.put(ofFirst, second)).toBe('digest');
  expect(profiles.has(ofFirst)).toBe(false);
  expect([profiles.put(ofFirst, first), profiles.put(ofSecond, second)]).toEqual([undefined, undefined]);
  expect(profiles.held).toEqual([ofFirst, ofSecond].toSorted());
  expect(profiles.bytes).toBe(first.length + second.length);
  profiles.keep(new Set([ofSecond]));
  expect([profiles.held, profiles.bytes]).toEqual([[ofSecond], second.length]);
  expect(profiles.since(ofFirst)).toBeUndefined();
  expect(profiles.since(ofSecond)).toBeTypeOf('number');
});

it('takes nothing that agents cannot read', () => {
  const newer = first.slice();
  newer[4] = 2;
  expect(new MemoryProfiles().put(compiledDigest(newer), newer)).toBe('format');
});
