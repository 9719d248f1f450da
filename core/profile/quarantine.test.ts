import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../activity/snapshot.ts';
import { encodeEvidence } from './encode-evidence.ts';
import { emptyEvidence, type Evidence, lineageId } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { mergeEvidence } from './merge.ts';
import { publish } from './publish.ts';
import {
  addMark,
  type ContainerMark,
  markedProcesses,
  type QuarantineMark,
  quarantinedCount,
  withoutQuarantined,
} from './quarantine.ts';
import { containerNumber, contextOf, epoch, minute, snapshotOf, someSnapshotEvidence } from './testing.ts';

const app = lineageId(undefined, { executable: '/app' });
const shell = lineageId(app, { executable: '/bin/sh' });
const at = (time: number) => ({
  actors: ['entrypoint' as const],
  phases: ['run' as const],
  first: epoch + time,
  last: epoch + time,
});

/** The app reads its configuration early and another file late; below it a shell reads a key. */
function container(number: number, changes: Partial<Snapshot> = {}): Evidence {
  const snapshot = snapshotOf(number, {
    kindsCollected: ['process', 'file', 'syscall'],
    processes: [
      { ...at(0), parent: -1, executable: '/app', maxInstances: 1 },
      { ...at(minute), parent: 0, executable: '/bin/sh', maxInstances: 1 },
    ],
    files: [
      { ...at(0), process: 0, path: '/app.conf', access: ['read'] },
      { ...at(2 * minute), process: 0, path: '/late', access: ['read'] },
      { ...at(minute), process: 1, path: '/etc/key', access: ['read'] },
    ],
    syscalls: ['read'],
    ...changes,
  });
  return evidenceOfSnapshot(snapshot, contextOf());
}

const calm = (number: number): Evidence =>
  container(number, {
    processes: [{ ...at(0), parent: -1, executable: '/app', maxInstances: 1 }],
    files: [{ ...at(3 * minute), process: 0, path: '/late', access: ['read'] }],
  });

const shown = (evidence: Evidence): string[] =>
  [...evidence.processes.values()]
    .map(({ executable }) => executable)
    .concat([...evidence.files.values()].map(({ path }) => path))
    .sort();

const mark = (number: number, fields: Partial<ContainerMark>): ContainerMark => ({
  containerId: containerNumber(number),
  since: 0,
  ...fields,
});

describe('quarantine', () => {
  it('hides the subtree of the process, whenever it did it, and what is new in the container since', () => {
    const marks = [mark(1, { processId: shell, since: epoch + 90_000 })];
    const clean = withoutQuarantined(container(1), marks);
    expect(shown(clean)).toEqual(['/app', '/app.conf']);
    expect(quarantinedCount(container(1), clean)).toBe(3);
    expect([...clean.syscalls]).toEqual([]);
  });

  it('does not take the word of a container that was marked too, when only the first of them is known to have begun early', () => {
    const late = (number: number, time: number): Evidence =>
      container(number, { files: [{ ...at(time), process: 0, path: '/evil', access: ['read'] }] });
    const both = mergeEvidence(late(1, 2 * minute), late(2, 9 * minute));
    const since = [mark(1, { since: epoch + minute }), mark(2, { since: epoch + 8 * minute })];
    expect(shown(withoutQuarantined(both, since))).not.toContain('/evil');
    const subtree = [mark(1, { processId: app, since: epoch + 7 * minute }), mark(2, { since: epoch + 8 * minute })];
    expect(shown(withoutQuarantined(both, subtree))).not.toContain('/evil');
    const third = mergeEvidence(both, late(3, 9 * minute));
    expect(shown(withoutQuarantined(third, since))).toContain('/evil');
  });

  it('believes other containers, on their word alone', () => {
    const both = mergeEvidence(container(1), calm(2));
    const clean = withoutQuarantined(both, [mark(1, { since: epoch })]);
    expect(shown(clean)).toEqual(['/app', '/late']);
    const publication = publish(both, { lostPeriods: 0, quarantine: [mark(1, { since: epoch })] });
    expect(publication.behavior.files).toMatchObject([{ path: '/late', commonality: 50 }]);
    expect(publication.quarantined).toBe(3);
  });

  it('takes a container out of everything below the process that a rule matched', () => {
    const both = mergeEvidence(container(1), container(2));
    const clean = withoutQuarantined(both, [mark(1, { processId: app, since: epoch + 10 * minute })]);
    const entries = [...clean.processes.values(), ...clean.files.values()];
    expect(entries).toHaveLength(5);
    expect(new Set(entries.map(({ containers }) => containers))).toEqual(new Set([0b10n]));
  });

  it('takes a block of addresses that a marked container shares in also from those who talk to a part of it', () => {
    const talking = (number: number, time: number, blocks: readonly string[]): Evidence =>
      container(number, {
        network: blocks.map((address) => ({
          ...at(time),
          process: 0,
          direction: 'connect',
          protocol: 'tcp',
          address,
          port: 443,
        })),
      });
    const networks = Array.from({ length: 40 }, (_, second) => `20.${second}.7.0/24`);
    const [calm, bad] = [talking(2, 0, networks), talking(1, 5 * minute, networks)];
    const peersOf = (evidence: Evidence, marks: readonly QuarantineMark[]): string[] =>
      [...withoutQuarantined(evidence, marks).network.values()].map(({ peer }) => peer);
    const peers = (marks: readonly QuarantineMark[]): string[] => peersOf(mergeEvidence(calm, bad), marks);
    expect(peers([])).toEqual(['external 0.0.0.0/0']);
    expect(peers([mark(1, { since: epoch + 4 * minute })])).toEqual([]);
    expect(peers([mark(1, { processId: app, since: epoch + 9 * minute })])).toEqual([]);
    // Nothing was shown since.
    expect(peers([mark(1, { since: epoch + 6 * minute })])).toEqual(['external 0.0.0.0/0']);

    // Beside a block of one container the times of all are its times: what came after a mark cannot be told.
    const [alone, late] = [talking(1, 0, networks), talking(2, 5 * minute, networks.slice(0, 1))];
    const beside = (marks: readonly QuarantineMark[]): string[] => peersOf(mergeEvidence(alone, late), marks);
    expect(beside([])).toEqual(['external 0.0.0.0/0', 'external 20.0.7.0/24']);
    expect(beside([mark(2, { since: epoch + 4 * minute })])).toEqual(['external 0.0.0.0/0']);
    expect(beside([mark(1, { since: epoch })])).toEqual(['external 20.0.7.0/24']);
  });

  it('is no part of what is published, nor of its digest', () => {
    const marks = [mark(1, { processId: shell, since: epoch + 10 * minute })];
    const { behavior, evidence } = publish(container(1), { lostPeriods: 0, quarantine: marks });
    expect(JSON.stringify(behavior)).not.toMatch(/bin\/sh|etc\/key/);
    const other = container(1, {
      processes: [
        { ...at(0), parent: -1, executable: '/app', maxInstances: 1 },
        { ...at(minute), parent: 0, executable: '/bin/sh', maxInstances: 7 },
      ],
    });
    expect(publish(other, { lostPeriods: 0, quarantine: marks }).evidence.contentDigest).toBe(evidence.contentDigest);
  });

  it('of a namespace leaves nothing that only its containers taught, and of the image nothing at all', () => {
    const of = (number: number, namespace: string, file: string): Evidence =>
      evidenceOfSnapshot(
        snapshotOf(number, {
          processes: [{ ...at(0), parent: -1, executable: '/app', maxInstances: 1 }],
          files: ['/both', file].map((path) => ({ ...at(0), process: 0, path, access: ['read'] })),
          syscalls: [namespace],
        }),
        contextOf({ workload: `${namespace}/Deployment/web` }),
      );
    const both = mergeEvidence(mergeEvidence(of(1, 'shop', '/one'), of(2, 'tenant', '/two')), of(3, 'tenant_2', '/3'));
    const less = withoutQuarantined(both, [{ whole: 'namespace', namespace: 'tenant' }]);
    expect(shown(less)).toEqual(['/3', '/app', '/both', '/one']);
    expect([...less.files.values()].find(({ path }) => path === '/both')?.containers).toBe(0b101n);
    expect([...less.syscalls.keys()]).toEqual(['shop', 'tenant_2']);
    const nothing = withoutQuarantined(both, [{ whole: 'image' }]);
    expect([shown(nothing), [...nothing.syscalls.keys()]]).toEqual([[], []]);
    // Whoever comes later is of the namespace, or of the image, too.
    const later = mergeEvidence(both, of(4, 'tenant', '/four'));
    expect(shown(withoutQuarantined(later, [{ whole: 'namespace', namespace: 'tenant' }]))).toEqual(shown(less));
  });

  it('says nothing about containers that were never profiled', () => {
    const evidence = container(1);
    expect(withoutQuarantined(evidence, [mark(9, { since: 0 })])).toBe(evidence);
  });
});

const someMark: fc.Arbitrary<ContainerMark> = fc
  .record({
    container: fc.integer({ min: 1, max: 6 }),
    process: fc.option(fc.constantFrom('/bin/a', '/bin/b', '/bin/c'), { nil: undefined }),
    since: fc.integer({ min: epoch - 10, max: epoch + 45 }),
  })
  .map(({ container: number, process, since }) =>
    mark(number, { since, ...(process !== undefined && { processId: lineageId(undefined, { executable: process }) }) }),
  );

const merged = (parts: readonly Evidence[]): Evidence =>
  parts.reduce((all, one) => mergeEvidence(all, one), emptyEvidence);
const text = (evidence: Evidence): string => new TextDecoder().decode(encodeEvidence(evidence));

/** As the store keeps them: container by container. */
function collected(marks: readonly ContainerMark[]): readonly ContainerMark[] {
  return [...Map.groupBy(marks, ({ containerId }) => containerId).values()].flatMap((own) =>
    own.reduce<readonly ContainerMark[]>((all, one) => addMark(all, one), []),
  );
}

describe('laws of quarantine', () => {
  const parts = fc.array(someSnapshotEvidence, { minLength: 1, maxLength: 4 });

  it('quarantine then merge is merge then quarantine, in whatever order marks and snapshots come', () => {
    fc.assert(
      fc.property(parts, fc.array(someMark, { maxLength: 4 }), (evidences, marks) => {
        const one = withoutQuarantined(merged(evidences), collected(marks));
        const other = withoutQuarantined(merged(evidences.toReversed()), collected(marks.toReversed()));
        expect(text(other)).toBe(text(one));
      }),
    );
  });

  const anyMark: fc.Arbitrary<QuarantineMark> = fc.oneof(
    { weight: 4, arbitrary: someMark },
    fc.constantFrom<QuarantineMark>({ whole: 'image' }, { whole: 'namespace', namespace: 'shop' }),
  );

  it('only ever hides: less with every mark, nothing that another container shows since ever', () => {
    fc.assert(
      fc.property(parts, fc.array(anyMark, { maxLength: 4 }), anyMark, (evidences, marks, more) => {
        const evidence = merged(evidences);
        const less = withoutQuarantined(evidence, [...marks, more]);
        const some = withoutQuarantined(evidence, marks);
        for (const kind of ['processes', 'files', 'dns', 'network'] as const) {
          for (const [key, entry] of less[kind]) {
            const before = some[kind].get(key)?.containers ?? 0n;
            expect(entry.containers & ~before).toBe(0n);
            expect(before & ~(evidence[kind].get(key)?.containers ?? 0n)).toBe(0n);
          }
        }
      }),
    );
  });

  it('nothing of a subtree stays with its container', () => {
    fc.assert(
      fc.property(parts, someMark, (evidences, one) => {
        const evidence = withoutQuarantined(merged(evidences), [one]);
        const place = evidence.containers.findIndex(({ id }) => id === one.containerId);
        if (place < 0) return;
        const behaviours = [...evidence.files.values(), ...evidence.dns.values(), ...evidence.network.values()];
        const there = behaviours.filter(({ containers }) => ((containers >> BigInt(place)) & 1n) === 1n);
        expect(there.filter(({ processId, first }) => processId === one.processId || first >= one.since)).toEqual([]);
      }),
    );
  });
});

describe('marks of one container', () => {
  it('keep the earliest time of each process, and nothing twice', () => {
    const late = mark(1, { processId: shell, since: 9 });
    const early = mark(1, { processId: shell, since: 5 });
    expect(addMark([late], early)).toEqual([early]);
    const marks = [early];
    expect(addMark(marks, late)).toBe(marks);
  });

  it('become one for the whole container when there are too many, for good', () => {
    const many = Array.from({ length: markedProcesses + 1 }, (_, index) =>
      mark(1, { processId: `p${index}`, since: index }),
    );
    const whole = collected(many);
    expect(whole).toEqual([mark(1, { since: 0 })]);
    expect(collected(many.toReversed())).toEqual(whole);
    expect(addMark(whole, mark(1, { processId: 'x' }))).toBe(whole);
    expect(collected(many.slice(1))).toHaveLength(markedProcesses);
  });
});
