import * as fc from 'fast-check';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../activity/snapshot.ts';
import { decodeEvidence } from './decode-evidence.ts';
import { encodeEvidence } from './encode-evidence.ts';
import { behaviourKinds, emptyEvidence, type Evidence, lineageId } from './evidence.ts';
import { evidenceOfSnapshot } from './from-snapshot.ts';
import { mergeEvidence } from './merge.ts';
import { publicationLimits } from './publication.ts';
import { publish } from './publish.ts';
import { contextOf, minute, seenAt, snapshotOf, someSnapshotEvidence } from './testing.ts';

const mergeAll = (parts: readonly Evidence[]): Evidence =>
  parts.reduce((all, part) => mergeEvidence(all, part), emptyEvidence);
const jsonOf = (evidence: Evidence, bytes: number): string =>
  JSON.stringify(publish(evidence, { lostPeriods: 0, bytes }));
const evidenceOf = (...snapshots: Snapshot[]): Evidence =>
  mergeAll(snapshots.map((snapshot) => evidenceOfSnapshot(snapshot, contextOf())));
const program = { ...seenAt('start'), parent: -1, executable: '/usr/sbin/nginx', maxInstances: 2 };
/** Of names without a digit nothing can be said but themselves. */
const letters = (number: number): string => Array.from(String(number), (digit) => 'abcdefghij'[Number(digit)]).join('');
const read = (path: string) => ({ ...seenAt(), process: 0, path, access: ['read' as const] });

describe('publication', () => {
  const parts = fc.array(someSnapshotEvidence, { maxLength: 6 });

  it('is the same for equal evidence', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 0, max: 6_000 }), (list, bytes) => {
        const expected = jsonOf(mergeAll(list), bytes);
        expect(jsonOf(mergeAll(list.toReversed()), bytes)).toBe(expected);
        expect(jsonOf(decodeEvidence(encodeEvidence(mergeAll(list))), bytes)).toBe(expected);
      }),
    );
  });

  it('stays within its bytes, counts what it leaves out and refers to nothing absent', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1_200, max: 6_000 }), (list, bytes) => {
        const { behavior, evidence } = publish(mergeAll(list), { lostPeriods: 0, bytes });
        expect(JSON.stringify({ behavior, evidence }).length).toBeLessThanOrEqual(bytes);
        const whole = publish(mergeAll(list), { lostPeriods: 0 });
        for (const kind of behaviourKinds) {
          expect(behavior[kind].length + evidence.omitted[kind]).toBe(whole.behavior[kind].length);
        }
        const known = new Set(behavior.processes.map((process) => process.id));
        for (const { parentId } of behavior.processes) expect(parentId === undefined || known.has(parentId)).toBe(true);
        for (const { processId } of [...behavior.files, ...behavior.dns, ...behavior.network]) {
          expect(known.has(processId)).toBe(true);
        }
      }),
    );
  });

  it('reads as a person expects', () => {
    const resolve = () => ({ peer: { kind: 'service', namespace: 'shop', name: 'redis' }, port: 6379 }) as const;
    const snapshot = snapshotOf(1, {
      processes: [program],
      files: [{ ...read('/var/log/access.log'), access: ['write', 'create'] }],
      dns: [{ ...seenAt(), process: 0, name: 'redis.shop.svc.cluster.local', types: ['AAAA', 'A'] }],
      network: [
        { ...seenAt(), process: 0, direction: 'listen', protocol: 'tcp', address: '0.0.0.0', port: 80 },
        { ...seenAt(), process: 0, direction: 'connect', protocol: 'tcp', address: '10.96.0.7', port: 6379 },
      ],
    });
    const learned = evidenceOfSnapshot(snapshot, contextOf({ resolve }));
    const publication = publish(learned, { lostPeriods: 1 });
    const processId = lineageId(undefined, { executable: '/usr/sbin/nginx' });
    const digest = bytesToHex(sha256(encodeEvidence(learned)));
    expect(publication).toEqual({
      behavior: {
        processes: [
          {
            id: processId,
            executable: '/usr/sbin/nginx',
            maxInstances: 2,
            actors: ['entrypoint'],
            phases: ['start'],
            commonality: 100,
          },
        ],
        files: [{ processId, path: '/var/log/access.log', access: ['write', 'create'], commonality: 100 }],
        dns: [{ processId, name: 'redis', types: ['A', 'AAAA'], commonality: 100 }],
        network: [
          {
            processId,
            direction: 'connect',
            protocol: 'tcp',
            peer: 'service shop/redis',
            peerRef: { kind: 'service', namespace: 'shop', name: 'redis' },
            port: 6379,
            commonality: 100,
          },
          { processId, direction: 'listen', protocol: 'tcp', port: 80, commonality: 100 },
        ],
      },
      evidence: {
        snapshots: 1,
        containers: 1,
        nodes: 1,
        workloads: ['shop/Deployment/web'],
        firstSeen: '2026-01-01T00:00:00.000Z',
        lastSeen: '2026-01-01T00:30:00.000Z',
        digests: ['sha256:aa'],
        completeness: {
          losses: { ringDrops: 0, recursionMisses: 0, mapFull: 0, truncated: 0, decodeErrors: 0, treeFull: 0 },
          events: 0,
          lostPerMillion: 0,
          startsSeen: 1,
          gaps: 0,
          gapSeconds: 0,
          watchedSeconds: 1_800,
          lostPeriods: 1,
          kindsCollected: ['process', 'file', 'dns', 'network'],
        },
        omitted: { processes: 0, files: 0, dns: 0, network: 0 },
        setAside: { processes: 0, files: 0, dns: 0, network: 0 },
        contentDigest: `sha256:${digest}`,
      },
      quarantined: 0,
    });
  });

  it('says how many containers went past the agent, and nothing if none did', () => {
    const blind = snapshotOf(2, { blindSpots: ['compat-syscalls'] });
    const completenessOf = (...snapshots: Snapshot[]) =>
      publish(evidenceOf(...snapshots), { lostPeriods: 0 }).evidence.completeness;
    expect(completenessOf(snapshotOf(1), blind).blindSpots).toEqual([{ name: 'compat-syscalls', containers: 1 }]);
    expect(completenessOf(snapshotOf(1))).not.toHaveProperty('blindSpots');
  });

  it('names 64 workloads, one of each namespace first, and counts the others', () => {
    const teams = Array.from({ length: 70 }, (_, index) => `team-${String(index + 1).padStart(2, '0')}`);
    const learned = (...names: string[]) =>
      names
        .map((workload, index) => evidenceOfSnapshot(snapshotOf(index + 1), contextOf({ workload })))
        .reduce((all, one) => mergeEvidence(all, one), emptyEvidence);
    const all = publish(learned(...teams.map((team) => `${team}/Deployment/web`)), { lostPeriods: 0 });
    expect(all.evidence.workloads).toHaveLength(64);
    expect(all.evidence.workloadsOmitted).toBe(6);
    const flood = Array.from({ length: 100 }, (_, index) => `a/Pod/${index}`);
    const flooded = publish(learned(...flood, 'z/Deployment/web'), { lostPeriods: 0 });
    expect(flooded.evidence).toMatchObject({ workloadsOmitted: 37 });
    expect(flooded.evidence.workloads.at(-1)).toBe('z/Deployment/web');
    expect(publish(learned(...flood), { lostPeriods: 0, entries: 100 }).evidence).not.toHaveProperty(
      'workloadsOmitted',
    );
  });

  it('shows what one container alone does with a file that all use', () => {
    const all = [1, 2, 3].map((number) => snapshotOf(number, { processes: [program], files: [read('/etc/passwd')] }));
    const writer = snapshotOf(1, {
      from: snapshotOf(1).to + minute,
      processes: [program],
      files: [{ ...read('/etc/passwd'), access: ['write'] }],
    });
    const { behavior } = publish(evidenceOf(...all, writer), { lostPeriods: 0 });
    expect(behavior.files).toMatchObject([
      { access: ['read'], commonality: 100 },
      { access: ['write'], commonality: 33 },
    ]);
  });

  it('lists system calls and capabilities of all containers if any was watched for them, and else none', () => {
    const watched = snapshotOf(1, {
      kindsCollected: ['process', 'syscall'],
      syscalls: ['write', 'openat'],
    });
    const other = snapshotOf(2, { kindsCollected: ['process', 'syscall'], syscalls: ['mount', 'openat'] });
    const blind = snapshotOf(3);
    const { behavior } = publish(evidenceOf(watched, blind, other), { lostPeriods: 0 });
    expect(behavior.syscalls).toEqual(['mount', 'openat', 'write']);
    expect(behavior).not.toHaveProperty('capabilities');
    expect(evidenceOf(watched, blind, other).syscalls).toEqual(
      new Map([
        ['mount', 0b010n],
        ['openat', 0b011n],
        ['write', 0b001n],
      ]),
    );
  });

  it('leaves out the rarest files first, and of those the deepest', () => {
    const files = ['/common/a/b/c', '/rare', '/rare/deep/er'].map(read);
    const evidence = evidenceOf(
      snapshotOf(1, { processes: [program], files }),
      snapshotOf(2, { processes: [program], files: files.slice(0, 1) }),
    );
    const full = JSON.stringify(publish(evidence, { lostPeriods: 0 })).length;
    const kept = (bytes: number): string[] =>
      publish(evidence, { lostPeriods: 0, bytes }).behavior.files.map((file) => file.path);
    const seen = new Set([0, 50, 100, 150, 200, 250, 300, 350, 400].map((less) => kept(full + 100 - less).join(' ')));
    expect([...seen]).toEqual(['/common/a/b/c /rare /rare/deep/er', '/common/a/b/c /rare', '/common/a/b/c', '']);
  });

  it('has no more entries in a list than the object takes, or than it is asked for', () => {
    const letters = 'abcdefghijklmnopqrst'.split('');
    const files = letters.flatMap((a) =>
      letters.flatMap((b) => [...letters.slice(0, 10), 'v'].map((c) => read(`/srv/${a}/${b}/${c}`))),
    );
    const evidence = evidenceOf(snapshotOf(1, { processes: [program], files }));
    const listed = (entries?: number): [number, number] => {
      const room = { bytes: 2 ** 24, ...(entries !== undefined && { entries }) };
      const { behavior, evidence: facts } = publish(evidence, { lostPeriods: 0, ...room });
      return [behavior.files.length, facts.omitted.files];
    };
    expect([listed(), listed(4_399), listed(4_400)]).toEqual([
      [4_000, 400],
      [4_399, 1],
      [4_400, 0],
    ]);
  });

  it('counts bytes as they are: with the room of its own size it leaves nothing out, with less it keeps to that', () => {
    const name = fc
      .stringMatching(/^[a-c]{1,3}[-_.]?[0-9]{0,2}[a-z]{0,2}(\.log)?$/)
      .filter((one) => !/^\.*$/.test(one));
    const paths = fc.array(fc.tuple(name, name), { maxLength: 40 });
    fc.assert(
      fc.property(paths, fc.nat(2_000), (list, less) => {
        const files = list
          .map(([place, file]) => read(`/srv/${place}/${file}ä`))
          .concat(list.map(([, file]) => read(`/srv/${file}`)));
        const dns = list.map(([host]) => ({ ...seenAt(), process: 0, name: `${host}.example.com`, types: ['A'] }));
        const learned = evidenceOf(snapshotOf(1, { processes: [program], files, dns }));
        const sizeOf = ({ behavior, evidence }: ReturnType<typeof publish>): number =>
          new TextEncoder().encode(JSON.stringify({ behavior, evidence })).length;
        const whole = publish(learned, { lostPeriods: 0 });
        // Counts of what is omitted take up to 16 digits, and each list has one comma less than entries.
        const room = sizeOf(whole) + 4 * 15 + 4;
        expect(publish(learned, { lostPeriods: 0, bytes: room })).toEqual(whole);
        const bytes = Math.max(1_200, room - less);
        expect(sizeOf(publish(learned, { lostPeriods: 0, bytes }))).toBeLessThanOrEqual(bytes);
      }),
    );
  });

  it('says of a pattern by which rule it is one, how many names it had and some of them', () => {
    const files = ['1259', '2619', '2840', '3456', '16384'].map((relation) => read(`/data/base/5/${relation}`));
    const dns = ['a1', 'b2', 'c3', 'd4'].map((host) => ({
      ...seenAt(),
      process: 0,
      name: `x-${host}.example.com`,
      types: ['A'],
    }));
    const { behavior } = publish(evidenceOf(snapshotOf(1, { processes: [program], files, dns })), { lostPeriods: 0 });
    expect(behavior.files).toMatchObject([
      { path: '/data/base/5/{digits}', pattern: { rule: 'signature', count: 5 }, commonality: 100 },
    ]);
    expect(files.map(({ path }) => path)).toEqual(
      expect.arrayContaining([...(behavior.files[0]?.pattern?.examples ?? [])]),
    );
    expect(behavior.files[0]?.pattern?.examples).toHaveLength(3);
    expect(behavior.dns).toMatchObject([{ name: 'x-{mixed2}.example.com', pattern: { rule: 'signature', count: 4 } }]);
  });

  it('shows coarser patterns before it leaves anything out', () => {
    const files = Array.from({ length: 40 }, (_, index) => read(`/srv/${letters(index)}_7x${index}`)).concat(
      read('/etc/app7'),
    );
    const learned = evidenceOf(snapshotOf(1, { processes: [program], files }));
    const full = publish(learned, { lostPeriods: 0 });
    const short = publish(learned, { lostPeriods: 0, bytes: 2_000 });
    expect(full.behavior.files).toHaveLength(41);
    expect(short.behavior.files).toMatchObject([
      { path: '/etc/app7' },
      { path: '/srv/{any}', pattern: { rule: 'any' } },
    ]);
    expect(short.evidence.omitted.files).toBe(0);
    expect(short.evidence.contentDigest).toBe(full.evidence.contentDigest);
  });

  it('holds a profile at its limits within 192 KiB', () => {
    const files = Array.from({ length: 10_000 }, (_, index) =>
      read(`/srv/data/${letters(index % 97)}/${letters(index)}`),
    );
    const dns = Array.from({ length: 2_000 }, (_, index) => ({
      ...seenAt(),
      process: 0,
      name: `${letters(index)}.example.com`,
      types: ['A'],
    }));
    const { behavior, evidence } = publish(evidenceOf(snapshotOf(1, { processes: [program], files, dns })), {
      lostPeriods: 0,
    });
    const size = JSON.stringify({ behavior, evidence }).length;
    expect(size).toBeLessThanOrEqual(publicationLimits.bytes);
    expect(size).toBeGreaterThan(publicationLimits.bytes - 2_048);
    expect(evidence.omitted.files + behavior.files.length).toBe(10_000);
    expect(behavior.dns.length).toBeGreaterThan(300);
  });

  it('leaves out what the resource cannot hold, with everything below it', () => {
    const monster = { ...program, executable: `/${'x'.repeat(publicationLimits.pathLength)}` };
    const child = { ...program, parent: 0, executable: '/bin/sh' };
    const { behavior, evidence } = publish(evidenceOf(snapshotOf(1, { processes: [monster, child] })), {
      lostPeriods: 0,
    });
    expect(behavior.processes).toEqual([]);
    expect(evidence.omitted.processes).toBe(2);
  });
});
