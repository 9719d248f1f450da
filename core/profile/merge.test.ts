import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../activity/snapshot.ts';
import { sketchCount } from './sketch.ts';
import { setSize } from './container-set.ts';
import { decodeEvidence } from './decode-evidence.ts';
import { encodeEvidence } from './encode-evidence.ts';
import { behaviourKinds, emptyEvidence, type Evidence } from './evidence.ts';
import { addSnapshot, evidenceOfSnapshot, sightingsOf } from './from-snapshot.ts';
import { type BehaviourLimits, EvidenceBuilder, mergeEvidence } from './merge.ts';
import { contextOf, seenAt, snapshotOf, someSnapshot, someSnapshotEvidence } from './testing.ts';

const bytesOf = (evidence: Evidence): string => new TextDecoder().decode(encodeEvidence(evidence));
const mergeAll = (parts: readonly Evidence[]): Evidence =>
  parts.reduce((all, part) => mergeEvidence(all, part), emptyEvidence);
const someEvidence = fc.array(someSnapshotEvidence, { maxLength: 4 }).map(mergeAll);

describe('merge of evidence', () => {
  it('is commutative', () => {
    fc.assert(
      fc.property(someEvidence, someEvidence, (a, b) => {
        expect(bytesOf(mergeEvidence(a, b))).toBe(bytesOf(mergeEvidence(b, a)));
      }),
    );
  });

  it('is associative', () => {
    fc.assert(
      fc.property(someEvidence, someEvidence, someEvidence, (a, b, c) => {
        expect(bytesOf(mergeEvidence(mergeEvidence(a, b), c))).toBe(bytesOf(mergeEvidence(a, mergeEvidence(b, c))));
      }),
    );
  });

  it('is idempotent: what is contained changes nothing', () => {
    fc.assert(
      fc.property(someEvidence, someEvidence, (a, b) => {
        const merged = mergeEvidence(a, b);
        expect(bytesOf(mergeEvidence(merged, b))).toBe(bytesOf(merged));
        expect(bytesOf(mergeEvidence(emptyEvidence, a))).toBe(bytesOf(a));
      }),
    );
  });

  it('is monotone: no behaviour and no container of one is ever lost', () => {
    fc.assert(
      fc.property(someEvidence, someEvidence, (a, b) => {
        const merged = mergeEvidence(a, b);
        for (const kind of behaviourKinds) {
          for (const [key, behaviour] of a[kind]) {
            const now = merged[kind].get(key);
            expect(now && setSize(now.containers)).toBeGreaterThanOrEqual(setSize(behaviour.containers));
          }
        }
        expect(merged.containers.map((facts) => facts.id)).toEqual(
          [...new Set([...a.containers, ...b.containers].map((facts) => facts.id))].sort(),
        );
        for (const { id, blindSpots } of a.containers) {
          const now = merged.containers.find((facts) => facts.id === id);
          expect((now?.blindSpots ?? 0) & blindSpots).toBe(blindSpots);
        }
      }),
    );
  });

  it('is what adding a snapshot does', () => {
    fc.assert(
      fc.property(someEvidence, someSnapshot, (known, snapshot) => {
        const before = bytesOf(known);
        const merged = mergeEvidence(known, evidenceOfSnapshot(snapshot, contextOf()));
        expect(bytesOf(addSnapshot(known, snapshot, contextOf()))).toBe(bytesOf(merged));
        expect(bytesOf(known)).toBe(before);
      }),
    );
  });

  it('survives the store between any two merges', () => {
    fc.assert(
      fc.property(fc.array(someSnapshotEvidence, { maxLength: 6 }), (parts) => {
        const stored = parts.reduce(
          (all, part) => decodeEvidence(encodeEvidence(mergeEvidence(all, part))),
          emptyEvidence,
        );
        expect(bytesOf(stored)).toBe(bytesOf(mergeAll(parts)));
      }),
    );
  });

  it('unites what two containers did', () => {
    const of = (container: number, path: string, maxInstances: number): Evidence =>
      evidenceOfSnapshot(
        snapshotOf(container, {
          processes: [{ ...seenAt('start'), parent: -1, executable: '/usr/sbin/nginx', maxInstances }],
          files: [
            { ...seenAt(), process: 0, path, access: ['read'] },
            { ...seenAt(), process: 0, path: '/etc/nginx/nginx.conf', access: ['read', 'write'] },
          ],
        }),
        contextOf(),
      );
    // The container with the smaller ID comes second: its bit moves in front of the other's.
    const merged = mergeEvidence(of(9, '/nine', 2), of(4, '/four', 5));
    expect([...merged.processes.values()]).toMatchObject([{ maxInstances: 5, containers: 0b11n }]);
    expect([...merged.files.values()].map(({ path, access, containers }) => [path, access, containers])).toEqual([
      ['/nine', 'read', 0b10n],
      ['/etc/nginx/nginx.conf', 'read', 0b11n],
      ['/etc/nginx/nginx.conf', 'write', 0b11n],
      ['/four', 'read', 0b01n],
    ]);
  });
});

describe('merge beyond the limits', () => {
  const limits: BehaviourLimits = { processes: 4, files: 3, dns: 1, network: 2, siblings: 3, shapes: 32 };
  const bounded = (a: Evidence, b: Evidence): Evidence => mergeEvidence(a, b, limits);
  const fold = (parts: readonly Evidence[]): Evidence => parts.reduce(bounded, emptyEvidence);
  const parts = fc.array(someSnapshotEvidence, { minLength: 1, maxLength: 6 });
  /** Files count once, whatever is done with them. */
  const places = (entries: ReadonlyMap<string, object>): number =>
    new Set([...entries.keys()].map((key) => key.replace(/\n.*/, ''))).size;

  it('keeps the same in every order and grouping', () => {
    fc.assert(
      fc.property(parts, fc.nat(5), (list, cut) => {
        const expected = bytesOf(fold(list));
        expect(bytesOf(fold(list.toReversed()))).toBe(expected);
        expect(bytesOf(bounded(fold(list.slice(0, cut)), fold(list.slice(cut))))).toBe(expected);
        expect(bytesOf(bounded(fold(list), fold(list)))).toBe(expected);
      }),
    );
  });

  it('keeps no more than the limits, counts the rest, and never a child without its parent', () => {
    fc.assert(
      fc.property(parts, (list) => {
        const all = mergeAll(list);
        const kept = fold(list);
        for (const kind of behaviourKinds) {
          expect(places(kept[kind])).toBeLessThanOrEqual(limits[kind]);
          expect(kept[kind].size + sketchCount(kept.omitted[kind])).toBe(all[kind].size);
        }
        for (const { parentId } of kept.processes.values()) {
          const names = parentId === undefined ? [] : [parentId, `~${parentId}`];
          expect(names.length === 0 || names.some((name) => kept.processes.has(name))).toBe(true);
        }
      }),
    );
  });
});

describe('a builder of evidence', () => {
  const tight: BehaviourLimits = { processes: 4, files: 3, dns: 1, network: 2, siblings: 3, shapes: 32 };
  const context = contextOf();

  it('comes to what adding one by one does, and changes neither what it began with nor what it gave away', () => {
    const some = fc.array(someSnapshot, { maxLength: 4 });
    fc.assert(
      fc.property(someEvidence, some, some, fc.constantFrom(undefined, tight), (unbounded, early, late, limits) => {
        const known = mergeEvidence(emptyEvidence, unbounded, limits);
        const oneByOne = (from: Evidence, snapshots: readonly Snapshot[]): Evidence =>
          snapshots.reduce((all, snapshot) => addSnapshot(all, snapshot, context, limits), from);
        const before = bytesOf(known);
        const builder = new EvidenceBuilder(known, limits);
        for (const snapshot of early) builder.add(sightingsOf(snapshot, context));
        const given = builder.evidence();
        const then = bytesOf(given);
        for (const snapshot of late) builder.add(sightingsOf(snapshot, context));
        expect(bytesOf(builder.evidence())).toBe(bytesOf(oneByOne(oneByOne(known, early), late)));
        expect(then).toBe(bytesOf(oneByOne(known, early)));
        expect(bytesOf(given)).toBe(then);
        expect(bytesOf(known)).toBe(before);
      }),
    );
  });

  it('finds the patterns of more names than it keeps waiting', () => {
    const snapshots = [1, 2, 3, 4].map((number) =>
      snapshotOf(number, {
        processes: [{ ...seenAt(), parent: -1, executable: '/bin/a', maxInstances: 1 }],
        files: Array.from({ length: 700 }, (_, index) => ({
          ...seenAt(),
          process: 0,
          path: index % 2 === 0 ? `/srv/${number}/page-${index}` : `/srv/all/${'x'.repeat(index % 350)}-${number}`,
          access: ['read'],
        })),
      }),
    );
    const builder = new EvidenceBuilder();
    for (const snapshot of snapshots) builder.add(sightingsOf(snapshot, context));
    const built = builder.evidence();
    expect(bytesOf(built)).toBe(bytesOf(mergeAll(snapshots.map((snapshot) => evidenceOfSnapshot(snapshot, context)))));
    expect([...built.files.values()].map(({ path }) => path)).toContain('/srv/{digits}/page-{digits}');
  });
});
