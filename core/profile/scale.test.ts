/** Containers that were played from their kernel events on: names without end, and snapshots in any order. */
import { describe, expect, it } from 'vitest';
import { noLosses, type Snapshot } from '../activity/snapshot.ts';
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

function played(container: number, period: number, act: (recording: Recording) => void): Snapshot {
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
  const from = 1_800_000_000_000 + period * 30 * minute;
  return tree.snapshot({
    slotId: `slot-${container}`,
    container: { id: containerNumber(container), name: 'web', podUid: 'u', podName: 'p', podNamespace: 'shop' },
    from,
    to: from + 30 * minute,
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
    const name = (): string => Array.from({ length: 10 }, () => letters.charAt(random(letters.length))).join('');
    let evidence = emptyEvidence;
    let most = 0;
    for (let period = 0; period < 101; period += 1) {
      const snapshot = played(1, period, (recording) => {
        recording.open(100, '/etc/app.conf').open(100, `/srv/first-${period}`);
        for (let count = 0; count < 9_950; count += 1) recording.open(100, `/var/spool/app/${name()}`);
      });
      expect(snapshot.losses.treeFull).toBe(0);
      evidence = mergeEvidence(evidence, learn(snapshot));
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

describe('recorded snapshots', () => {
  const random = generator(2);
  const snapshots = Array.from({ length: 18 }, (_, index) =>
    played(index % 6, Math.floor(index / 6), (recording) => {
      const hex = (length: number): string => Array.from({ length }, () => random(16).toString(16)).join('');
      recording.open(100, '/etc/app.conf').open(100, '/var/lib/app/PG_VERSION');
      for (let count = 0; count < 6; count += 1) {
        recording
          .open(100, `/var/lib/app/base/${random(6)}/${2_600 + random(40)}`)
          .open(100, `/var/lib/app/wal/${hex(24)}`)
          .open(100, `/tmp/work-${hex(6)}/part-${random(9)}.tmp`, { flags: 0o101, created: true })
          .dns(100, `node-${random(9)}.db.example.com`)
          .socket(100, 'connect', `203.0.${random(4)}.7:${random(2) === 0 ? 443 : 40_000 + random(9_000)}`);
      }
      recording.fork(100, 200 + index).exec(200 + index, `/usr/bin/tool-${random(3)}`, { ppid: 100 });
      recording.open(200 + index, `/var/log/app/run.${random(9)}.log`, { flags: 0o101 });
    }),
  );

  it('make one profile, byte for byte, in 1,000 orders and splits over builders', { timeout: 300_000 }, () => {
    const parts = snapshots.map(learn);
    const textOf = (evidence: Evidence): string =>
      new TextDecoder().decode(encodeEvidence(evidence)) + JSON.stringify(publish(evidence, { lostPeriods: 0 }));
    const whole = parts.reduce((all, part) => mergeEvidence(all, part), emptyEvidence);
    const expected = textOf(whole);
    expect(whole.files.size).toBeLessThan(parts.reduce((sum, { files }) => sum + files.size, 0) / 4);
    const choose = generator(3);
    const differing = Array.from({ length: 1_000 }, () => {
      // Any two builders merge what they have, until one is left; now and then something is delivered twice.
      const builders = [...parts];
      if (choose(4) === 0) builders.push(parts[choose(parts.length)] ?? emptyEvidence);
      while (builders.length > 1) {
        const [one] = builders.splice(choose(builders.length), 1);
        const [other] = builders.splice(choose(builders.length), 1);
        builders.push(mergeEvidence(one ?? emptyEvidence, other ?? emptyEvidence));
      }
      return builders[0] ?? emptyEvidence;
    }).filter((evidence) => textOf(evidence) !== expected);
    expect(differing).toHaveLength(0);
  });
});
