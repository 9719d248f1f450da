import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../activity/snapshot.ts';
import { decodeEvidence, EvidenceFormatError } from './decode-evidence.ts';
import { encodeEvidence } from './encode-evidence.ts';
import { emptyEvidence, type Evidence } from './evidence.ts';
import { addSnapshot } from './from-snapshot.ts';
import { mergeEvidence } from './merge.ts';
import { publish } from './publish.ts';
import { recurrence } from './recurrence.ts';
import { contextOf, epoch, minute, seenAt, snapshotOf, someSnapshot } from './testing.ts';

/** The nth period of a container that runs one program, with these files. */
function period(number: number, files: readonly string[], phase: 'start' | 'run' = 'run', container = 1): Snapshot {
  const from = epoch + number * 30 * minute;
  return snapshotOf(container, {
    from,
    to: from + 30 * minute,
    processes: [{ ...seenAt(), parent: -1, executable: '/app', maxInstances: 1 }],
    files: files.map((path) => ({ ...seenAt(phase), process: 0, path, access: ['read'] })),
  });
}

function learned(snapshots: readonly Snapshot[], before: Evidence = emptyEvidence): Evidence {
  return snapshots.reduce((all, snapshot) => addSnapshot(all, snapshot, contextOf()), before);
}

const eight = Array.from({ length: 8 }, (_, number) =>
  period(number, number % 4 === 0 ? ['/conf', '/dump'] : ['/conf']),
);

function scores(evidence: Evidence): Record<string, number | undefined> {
  const { behavior, recurrence: profile } = publish(evidence, { lostPeriods: 0 });
  return { ...Object.fromEntries(behavior.files.map((file) => [file.path, file.recurrence])), profile };
}

describe('recurrence', () => {
  it('of one container is the share of its periods', () => {
    // 28 pairs of periods: program and /conf are in both of all, /dump in both of 1 and in one of 13.
    expect(scores(learned(eight))).toEqual({ '/conf': 100, '/dump': 25, profile: Math.round((100 * 57) / 69) });
  });

  it('takes eight periods', () => {
    expect(recurrence(learned(eight.slice(1)))).toBeUndefined();
    expect(scores(learned(eight.slice(1)))).toEqual({ '/conf': undefined, '/dump': undefined, profile: undefined });
  });

  it('goes with the second container, whichever came first, and leaves commonality as it is', () => {
    const other = period(3, ['/conf'], 'run', 2);
    for (const evidence of [learned([...eight, other]), learned([other, ...eight])]) {
      expect(scores(evidence)).toEqual({ '/conf': undefined, '/dump': undefined, profile: undefined });
      expect([...evidence.files.values()].map(({ periods }) => periods)).toEqual([undefined, undefined]);
      expect(publish(evidence, { lostPeriods: 0 }).behavior.files.map(({ commonality }) => commonality)).toEqual([
        100, 50,
      ]);
    }
  });

  it('has nothing to say of what only the start showed', () => {
    const start = learned([period(9, ['/init'], 'start')], learned(eight));
    expect(scores(start)['/init']).toBeUndefined();
  });

  it('counts a period in which a pattern had several names once', () => {
    const logs = Array.from({ length: 8 }, (_, number) =>
      period(
        number,
        number < 2 ? [`/srv/a-${number}1.log`, `/srv/a-${number}2.log`, `/srv/a-${number}3.log`] : ['/conf'],
      ),
    );
    expect(scores(learned(logs))).toMatchObject({ '/srv/a-{digits}.log': 25, '/conf': 75 });
  });

  it('comes out the same in every order, however often, and however it is split and stored', () => {
    const snapshots = fc.array(someSnapshot, { minLength: 1, maxLength: 8 }).map((all) =>
      all.map((one, index) => {
        const from = epoch + index * 30 * minute;
        return { ...snapshotOf(1), ...one, container: snapshotOf(1).container, from, to: from + 30 * minute };
      }),
    );
    const arrivals = snapshots.chain((all) => {
      const twice = [...all, ...all];
      return fc.record({ all: fc.constant(all), arrived: fc.shuffledSubarray(twice, { minLength: twice.length }) });
    });
    const stored = (evidence: Evidence): Evidence => decodeEvidence(encodeEvidence(evidence));
    fc.assert(
      fc.property(arrivals, fc.nat(8), ({ all, arrived }, cut) => {
        const [left, right] = [learned(arrived.slice(0, cut)), learned(arrived.slice(cut))];
        const expected = encodeEvidence(learned(all));
        expect(encodeEvidence(mergeEvidence(stored(left), right))).toEqual(expected);
        expect(encodeEvidence(mergeEvidence(right, stored(left)))).toEqual(expected);
        const shown = [...learned(all).processes.values()].map(({ periods }) => periods);
        expect(shown).not.toContain(undefined);
      }),
      { numRuns: 200 },
    );
  });
});

describe('stored periods', () => {
  const text = new TextDecoder().decode(encodeEvidence(learned(eight)));
  const reading = (changed: string) => () => decodeEvidence(new TextEncoder().encode(changed));

  it('are refused where no snapshot stands for them', () => {
    expect(text).toContain('"1:ff"');
    expect(reading(text.replace('"1:ff"', '"1:1ff"'))).toThrow(EvidenceFormatError);
    expect(reading(text.replace('"1:ff"', '"1:1ff"'))).toThrow(/names a snapshot that is not in the table/);
    expect(reading(text.replace('"1:ff"', '"1:"'))).toThrow(EvidenceFormatError);
  });

  it('are refused where there are several containers', () => {
    const two = new TextDecoder().decode(encodeEvidence(learned([...eight, period(3, [], 'run', 2)])));
    expect(two).not.toContain(':ff"');
    expect(reading(two.replace('"3"', '"3:1"'))).toThrow(/tells periods of several containers apart/);
  });

  it('are unknown of evidence that was stored before there were any, and stay so', () => {
    const old = reading(text.replaceAll(/"1:[0-9a-f]+"/g, '"1"'))();
    const more = learned([period(8, ['/conf', '/fresh'])], old);
    expect([...more.processes.values()].map(({ periods }) => periods)).toEqual([undefined]);
    expect(scores(more)).toMatchObject({ '/conf': undefined, '/fresh': 11, profile: undefined });
  });
});
