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

it('is divided among those who show the same, so that they have no room for free', () => {
  const path = `/${'b'.repeat(5_000)}`;
  const all = merged([taught(1, 'shop', [path]), taught(2, 'tenant', [path]), taught(3, 'idle')]);
  expect(byteShare(all, 'tenant')).toBeCloseTo(0.5, 1);
  expect(byteShare(all, 'shop')).toBeCloseTo(byteShare(all, 'tenant'), 2);
  expect(byteShare(all, 'idle')).toBeLessThan(0.1);
});

it('leaves a quarter to others when two namespaces show the same in turns', () => {
  let evidence = emptyEvidence;
  let taken = 0;
  const maxJsonBytes = 40_000;
  for (let turn = 0; turn < 80; turn += 1) {
    const namespace = turn % 2 === 0 ? 'one' : 'two';
    const path = `/${String.fromCharCode(97 + Math.floor(turn / 4))}${'x'.repeat(2_000)}`;
    const more = mergeEvidence(evidence, taught(1 + (turn % 2), namespace, [path]));
    const jsonBytes = encodeEvidence(more).length;
    if (leavesRoom(more, namespace, { jsonBytes, maxJsonBytes })) [evidence, taken] = [more, jsonBytes];
  }
  expect(taken / maxJsonBytes).toBeGreaterThan(0.5);
  expect(taken / maxJsonBytes).toBeLessThan(0.75);
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
