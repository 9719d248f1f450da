import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeEvidence } from '../../core/profile/encode-evidence.ts';
import { emptyEvidence, type Evidence } from '../../core/profile/evidence.ts';
import { evidenceOfSnapshot } from '../../core/profile/from-snapshot.ts';
import { mergeEvidence } from '../../core/profile/merge.ts';
import { contextOf, seenAt, snapshotOf, someSnapshot } from '../../core/profile/testing.ts';
import { byteShare, leavesRoom } from './byte-share.ts';

const processes = [{ ...seenAt(), parent: -1, executable: '/app', maxInstances: 1 }];

function taught(number: number, namespace: string, paths: readonly string[] = []): Evidence {
  const files = paths.map((path) => ({ ...seenAt(), process: 0, path, access: ['read' as const] }));
  const context = contextOf({ workload: `${namespace}/Deployment/web` });
  return evidenceOfSnapshot(snapshotOf(number, { processes, files }), context);
}

const merged = (parts: readonly Evidence[]): Evidence =>
  parts.reduce((all, one) => mergeEvidence(all, one), emptyEvidence);

it('is what a namespace alone shows, by the length of its names', () => {
  const both = merged([taught(1, 'shop', ['/a']), taught(2, 'tenant', [`/${'b'.repeat(5_000)}`])]);
  expect(byteShare(both, 'tenant')).toBeGreaterThan(0.8);
  expect(byteShare(both, 'shop')).toBeLessThan(0.1);
  // A whole name, not its beginning; of nobody who taught nothing.
  expect([byteShare(both, 'ten'), byteShare(both, 'x'), byteShare(emptyEvidence, 'x')]).toEqual([0, 0, 0]);
});

it("is nobody's of what several show", () => {
  const path = `/${'b'.repeat(5_000)}`;
  const both = merged([taught(1, 'shop', [path]), taught(2, 'tenant', [path])]);
  expect(byteShare(both, 'tenant') + byteShare(both, 'shop')).toBeLessThan(0.2);
});

it('counts bytes: letters of three are not one', () => {
  const both = merged([taught(1, 'shop', [`/${'b'.repeat(3_000)}`]), taught(2, 'tenant', [`/${'語'.repeat(1_000)}`])]);
  expect(byteShare(both, 'tenant')).toBeCloseTo(byteShare(both, 'shop'), 1);
});

it('counts what containers cost the rows of others: a bit in each of their sets', () => {
  const names = Array.from({ length: 26 }, (_, n) => `/${String.fromCharCode(97 + n).repeat(4)}`);
  const shop = taught(100_000, 'shop', names);
  const crowd = Array.from({ length: 1_000 }, (_, n) => taught(n + 1, 'tenant'));
  const { length: before } = encodeEvidence(merged([shop, taught(1, 'tenant')]));
  const all = merged([shop, ...crowd]);
  const { length: after } = encodeEvidence(all);
  expect(byteShare(all, 'tenant') * after).toBeGreaterThan((after - before) * 0.9);
});

it('of all namespaces together is never more than the whole', () => {
  const parts = fc.array(fc.tuple(someSnapshot, fc.constantFrom('shop', 'tenant', 'x')), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(parts, (list) => {
      const all = merged(
        list.map(([snapshot, name]) => evidenceOfSnapshot(snapshot, contextOf({ workload: `${name}/Pod/p` }))),
      );
      const shares = ['shop', 'tenant', 'x'].map((name) => byteShare(all, name));
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
      expect(shares.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(1 + 1e-9);
    }),
  );
});

it('leaves room up to half of the whole, and never beyond the whole', () => {
  const mine = taught(1, 'shop', ['/a']);
  const room = (jsonBytes: number, namespace: string) =>
    leavesRoom(mine, namespace, { jsonBytes, maxJsonBytes: 1_000 });
  expect([room(500, 'shop'), room(501, 'shop'), room(1_000, 'other'), room(1_001, 'other')]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
