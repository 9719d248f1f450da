import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compiledDigest, compiledLimits } from '../../core/match/compiled-format.ts';
import { ProfileFiles } from './profile-files.ts';
import { profileBytes } from './testing/profile-bytes.ts';

let directory: string;
const warnings: unknown[] = [];
const log = { debug: () => {}, info: () => {}, warn: (facts: unknown) => void warnings.push(facts), error: () => {} };
const files = (maxBytes = 1_000_000): ProfileFiles => new ProfileFiles({ directory, maxBytes, log });

const [first, second] = [profileBytes('/bin/first'), profileBytes('/bin/second')];
const [ofFirst, ofSecond] = [compiledDigest(first), compiledDigest(second)];
/** As a newer operator may write it. */
const newer = first.slice();
newer[4] = 2;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsp-profiles-'));
  warnings.length = 0;
});
afterEach(() => rmSync(directory, { recursive: true }));

it('holds profiles across a restart, and lets go of what is not wanted any more', () => {
  const before = files();
  expect(before.put(ofFirst, first)).toBeUndefined();
  expect(before.put(ofSecond, second)).toBeUndefined();
  const after = files();
  expect(after.held).toEqual([ofFirst, ofSecond].toSorted());
  expect(after.bytes).toBe(first.length + second.length);
  after.keep(new Set([ofSecond, 'sha256:other']));
  expect([after.held, after.bytes]).toEqual([[ofSecond], second.length]);
  expect(readdirSync(directory)).toEqual([ofSecond.slice(7)]);
  expect(warnings).toEqual([]);
});

it.each([
  ['other bytes than those of the digest', ofFirst, second, 'digest'],
  ['what it cannot read', compiledDigest(newer), newer, 'format'],
  ['what is no profile', compiledDigest(new Uint8Array(5)), new Uint8Array(5), 'format'],
  ['what is too large for one', ofFirst, new Uint8Array(compiledLimits.bytes + 1), 'format'],
])('refuses %s', (_, digest, bytes, reason) => {
  const held = files();
  expect(held.put(digest, bytes)).toBe(reason);
  expect([held.held, held.bytes, readdirSync(directory)]).toEqual([[], 0, []]);
});

it('leaves nothing behind of what the disk did not take', () => {
  const held = files();
  mkdirSync(join(directory, ofFirst.slice(7)));
  expect(() => held.put(ofFirst, first)).toThrow(/EISDIR|directory/);
  expect([held.held, held.bytes, readdirSync(directory)]).toEqual([[], 0, [ofFirst.slice(7)]]);
});

it('takes no more than there is room for, until others are gone', () => {
  const small = files(first.length + second.length - 1);
  expect(small.put(ofFirst, first)).toBeUndefined();
  expect(small.put(ofSecond, second)).toBe('room');
  small.keep(new Set());
  expect(small.put(ofSecond, second)).toBeUndefined();
});

it('removes what it finds on disk and cannot be what its name says', () => {
  files().put(ofFirst, first);
  writeFileSync(join(directory, ofSecond.slice(7)), first);
  writeFileSync(join(directory, '.unfinished-x'), 'half');
  writeFileSync(join(directory, 'a'.repeat(64)), Buffer.alloc(compiledLimits.bytes + 1));
  mkdirSync(join(directory, 'b'.repeat(64)));
  writeFileSync(join(directory, compiledDigest(newer).slice(7)), newer);
  expect(files().held).toEqual([ofFirst]);
  expect(readdirSync(directory)).toEqual([ofFirst.slice(7)]);
  expect(warnings).toHaveLength(5);
});
