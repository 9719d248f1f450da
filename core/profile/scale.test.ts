/** A container that was played from its kernel events on, with names without end. Order is test/fixtures/orders.test.ts. */
import { describe, expect, it } from 'vitest';
import { noLosses, type Snapshot, snapshotId } from '../activity/snapshot.ts';
import { hostMountNamespace, Recording } from '../activity/testing/recording.ts';
import { ActivityTree, profilingBytes } from '../activity/tree.ts';
import { encodeEvidence } from './encode-evidence.ts';
import { emptyEvidence, type Evidence, evidenceLimits } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { mergeEvidence } from './merge.ts';
import { publish } from './publish.ts';
import { containerNumber, contextOf, minute } from './testing.ts';

/** Numbers as random as needed, and the same in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const start = 1_800_000_000_000;

function played(act: (recording: Recording) => void): Snapshot {
  const recording = new Recording();
  act(recording.exec(100, '/usr/bin/server'));
  const tree = new ActivityTree({
    hostMountNamespace,
    startSeen: true,
    startPhaseSeconds: 180,
    maxBytes: profilingBytes,
    injectedBy: () => 'exec',
  });
  for (const event of recording.events) tree.apply(event);
  return tree.snapshot({
    slotId: 'slot',
    container: { id: containerNumber(1), name: 'web', podUid: 'u', podName: 'p', podNamespace: 'shop' },
    from: start,
    to: start + 30 * minute,
    ended: false,
    gaps: [],
    blindSpots: [],
    losses: noLosses(),
    kindsCollected: ['process', 'file', 'dns', 'network'],
  });
}

function learn(snapshot: Snapshot): Evidence {
  const notBefore = snapshot.from - 5 * minute;
  return evidenceOfSnapshot(snapshot, contextOf({ notBefore, notAfter: snapshot.to + 5 * minute }));
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

describe('a program that opens a million random names', () => {
  it('makes a small profile of small evidence, and pushes nothing else out', { timeout: 300_000 }, () => {
    const random = generator(1);
    const name = (): string => {
      let text = '';
      while (text.length < 10) text += letters.charAt(random(letters.length));
      return text;
    };
    const first = played((recording) => {
      recording.open(100, '/etc/app.conf').open(100, '/srv/first-0');
      for (let count = 0; count < 9_950; count += 1) recording.open(100, `/var/spool/app/${name()}`);
    });
    expect(first.losses.treeFull).toBe(0);
    expect(first.files).toHaveLength(9_952);
    /** What the tree would say of the same with other names. */
    const later = (period: number): Snapshot => {
      const from = start + period * 30 * minute;
      const files = first.files.map((file) => ({
        ...file,
        path: file.path.replace(/^(\/srv\/first-|\/var\/spool\/app\/).*/, (_, directory: string) =>
          directory.startsWith('/srv') ? `${directory}${period}` : `${directory}${name()}`,
        ),
      }));
      return { ...first, snapshotId: snapshotId(first.container.id, from), from, to: from + 30 * minute, files };
    };
    let evidence = emptyEvidence;
    let most = 0;
    for (let period = 0; period < 101; period += 1) {
      evidence = mergeEvidence(evidence, learn(period === 0 ? first : later(period)));
      most = Math.max(most, evidence.files.size);
    }
    expect(most).toBeLessThanOrEqual(evidenceLimits.siblings + 10);
    expect(encodeEvidence(evidence).length).toBeLessThan(256 * 1024);
    const publication = publish(evidence, { lostPeriods: 0 });
    expect(publication.behavior.files).toMatchObject([
      { path: '/etc/app.conf' },
      { path: '/srv/first-{digits}', pattern: { rule: 'signature' } },
      { path: '/var/spool/app/{any}', pattern: { rule: 'any' } },
    ]);
    const counted = publication.behavior.files[2]?.pattern?.count ?? 0;
    // Four of five such names are neither a word nor a word and a number; less three standard errors of the sketch, 18 % each.
    expect(counted).toBeGreaterThan(800_000 * 0.46);
    expect(JSON.stringify(publication).length).toBeLessThan(4_096);
  });
});
