import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identityKey } from '../activity/identity.ts';
import type { Actor, Snapshot } from '../activity/snapshot.ts';
import { emptyEvidence, type Evidence, identityOf } from '../profile/evidence.ts';
import { evidenceOfSnapshot } from '../profile/from-snapshot.ts';
import { mergeEvidence } from '../profile/merge.ts';
import { publish } from '../profile/publish.ts';
import { containerNumber, contextOf, seenAt, snapshotOf, someSnapshot } from '../profile/testing.ts';
import { recordedImages, recordedSnapshots } from '../../test/fixtures/recorded-snapshots.ts';
import { type CheckResult, ProfileCheck } from './check.ts';
import { compileKnown } from './compile.ts';
import { openProfile } from './compiled-profile.ts';
import { type KnownBehaviour, knownByEvidence, knownByPublication } from './known-behaviour.ts';
import { reported } from './reported.ts';
import { resolve, secret } from './testing.ts';
import { UnknownRows } from './unknown-rows.ts';

const context = contextOf({ resolve });

function learn(snapshots: readonly Snapshot[]): Evidence {
  return snapshots
    .map((snapshot) => evidenceOfSnapshot(snapshot, context))
    .reduce((all, part) => mergeEvidence(all, part), emptyEvidence);
}

function checked(known: KnownBehaviour, snapshots: readonly Snapshot[]): CheckResult {
  const opened = openProfile(compileKnown(known, { secret }));
  if (!opened.ok) throw new Error(opened.reason);
  const check = new ProfileCheck({ profile: opened.profile, known });
  for (const snapshot of snapshots) check.add(snapshot, context);
  return check.result();
}

const published = (evidence: Evidence): KnownBehaviour => {
  const { behavior, evidence: facts } = publish(evidence, { lostPeriods: 0 });
  return knownByPublication(behavior, facts);
};

const sentences = (known: KnownBehaviour, { rows }: CheckResult): string[] =>
  rows.map((row) => reported(known, row).sentence);

const app = { ...seenAt('start'), parent: -1, executable: '/app', maxInstances: 1 };
const usual: Partial<Snapshot> = {
  kindsCollected: ['process', 'file', 'dns', 'network', 'syscall', 'capability'],
  processes: [app],
  files: [
    { ...seenAt(), process: 0, path: '/etc/app/main.conf', access: ['read'] },
    { ...seenAt(), process: 0, path: '/var/lib/app/data', access: ['read', 'write'] },
  ],
  dns: [{ ...seenAt(), process: 0, name: 'db.shop.svc.cluster.local', types: ['A'] }],
  network: [
    { ...seenAt(), process: 0, direction: 'listen', protocol: 'tcp', address: '0.0.0.0', port: 8080 },
    { ...seenAt(), process: 0, direction: 'connect', protocol: 'tcp', address: '10.0.0.1', port: 5432 },
  ],
  syscalls: ['openat'],
  capabilities: ['CAP_CHOWN'],
};
const evidence = learn([snapshotOf(1, usual)]);
const known = knownByEvidence(evidence);

describe('a check', () => {
  it('knows whatever taught the profile, by its evidence and by its object', () => {
    const teach = <Node extends { readonly actors: Actor[] }>(nodes: readonly Node[]): Node[] =>
      nodes.map((node) => ({ ...node, actors: ['entrypoint', ...node.actors] }));
    // In a tree of an agent, a program that executes itself is one node.
    const isTree = ({ processes }: Snapshot): boolean =>
      processes.every((node) => {
        const parent = processes[node.parent];
        return parent === undefined || identityKey(identityOf(parent)) !== identityKey(identityOf(node));
      });
    const taught = someSnapshot.filter(isTree).map((snapshot): Snapshot => ({
      ...snapshot,
      processes: teach(snapshot.processes),
      files: teach(snapshot.files),
      dns: teach(snapshot.dns),
      network: teach(snapshot.network),
    }));
    fc.assert(
      fc.property(fc.array(taught, { minLength: 1, maxLength: 3 }), (snapshots) => {
        const all = learn(snapshots);
        for (const whole of [knownByEvidence(all), published(all)]) {
          const { counts, undecided, rows } = checked(whole, snapshots);
          expect({ ...counts, undecided, rows }).toMatchObject({ unknown: 0, undecided: {}, rows: [] });
        }
      }),
    );
  });

  it('says of an attack what is new, the most telling first, with what is near', () => {
    const attack = snapshotOf(2, {
      ...usual,
      processes: [
        app,
        { ...seenAt(), parent: 0, executable: '/bin/sh', inline: true, maxInstances: 1 },
        { ...seenAt(), parent: 1, executable: '/tmp/x', maxInstances: 1 },
      ],
      files: [
        { ...seenAt(), process: 0, path: '/etc/app/main.conf', access: ['read', 'write'] },
        { ...seenAt(), process: 0, path: '/etc/shadow', access: ['read'] },
        { ...seenAt(), process: 1, path: '/tmp/x', access: ['create', 'write'] },
      ],
      dns: [{ ...seenAt(), process: 2, name: 'pool.example.com', types: ['A'] }],
      network: [{ ...seenAt(), process: 0, direction: 'connect', protocol: 'tcp', address: '203.0.113.9', port: 443 }],
      capabilities: ['CAP_CHOWN', 'CAP_SYS_ADMIN'],
      syscalls: ['openat', 'ptrace'],
    });
    const result = checked(known, [attack, attack]);
    expect(result.rows.map(({ relevance }) => relevance)).toEqual([
      'dropped-program',
      'shell',
      'sensitive-write',
      'strong-capability',
      'secret-read',
      'outbound',
      'name',
      'strong-syscall',
      'write',
    ]);
    expect(sentences(known, result)).toEqual([
      'Running /app > /bin/sh -c … > /tmp/x is not known; its lineage is known up to /app; nothing like it is.',
      'Running /app > /bin/sh -c … is not known; its lineage is known up to /app; nothing like it is.',
      'Writing /etc/app/main.conf by /app is not known; nearest is reading /etc/app/main.conf by /app, which differs in the access.',
      'Using CAP_SYS_ADMIN is not known.',
      'Reading /etc/shadow by /app is not known; nearest is reading /etc/app/main.conf by /app, which differs in the path.',
      'Connecting to external 203.0.113.9 on tcp port 443 by /app is not known; nearest is connecting to service shop/db on tcp port 80 by /app, which differs in the peer and the port.',
      'Asking for pool.example.com by /app > /bin/sh -c … > /tmp/x is not known; its lineage is known up to /app; nothing like it is.',
      'Calling ptrace is not known.',
      'Writing /tmp/x by /app > /bin/sh -c … is not known; its lineage is known up to /app; nothing like it is.',
    ]);
    expect(result).toMatchObject({ snapshots: 2, containers: 1, omitted: 0 });
    expect(result.counts).toEqual({ known: 2 * 3, unknown: 2 * 9, undecided: 0, probes: 0 });
    expect(reported(known, result.rows[2] ?? fail())).toMatchObject({
      kind: 'file',
      path: '/etc/app/main.conf',
      access: ['write'],
      relevance: 'sensitive-write',
      nearest: { kind: 'file', path: '/etc/app/main.conf', access: 'read', lineage: ['/app'] },
      difference: [{ field: 'access', known: 'read', seen: 'write' }],
      containers: 1,
      containerIds: [containerNumber(2)],
    });
  });

  it('leaves out what only probes did, and names the person at a terminal', () => {
    const probe = { ...app, actors: ['probe' as const], executable: '/bin/health' };
    const person = { ...app, actors: ['interactive' as const], executable: '/bin/bash' };
    const result = checked(known, [snapshotOf(3, { processes: [app, probe, person] })]);
    expect(result.counts).toEqual({ known: 1, unknown: 1, undecided: 0, probes: 1 });
    expect(reported(known, result.rows[0] ?? fail())).toMatchObject({ executable: '/bin/bash', by: ['interactive'] });
  });

  it('does not decide what was not watched, found no room, or has an address that nobody resolved', () => {
    const file = { ...seenAt(), process: 0, path: '/x', access: ['read' as const] };
    const snapshot = snapshotOf(4, {
      ...usual,
      files: [file],
      network: [{ ...seenAt(), process: 0, direction: 'connect', protocol: 'tcp', address: '', port: 5432 }],
    });
    const processOnly = learn([snapshotOf(1, { kindsCollected: ['process'], processes: [app] })]);
    const watched = checked(knownByEvidence(processOnly), [snapshot]);
    expect(watched.notWatched).toEqual(['file', 'dns', 'network', 'syscall', 'capability']);
    expect(watched.counts).toEqual({ known: 1, unknown: 0, undecided: 0, probes: 0 });
    const full = checked({ ...known, omitted: { ...known.omitted, files: 3 } }, [snapshot]);
    expect(full.undecided).toEqual({ omitted: 1, 'peer-unresolved': 1 });
    expect(full.counts).toMatchObject({ unknown: 0, undecided: 2 });
  });
});

function fail(): never {
  throw new Error('there is no such row');
}

describe('rows', () => {
  const shown = (path: string, access: 'read' | 'write') => ({
    actors: ['entrypoint' as const],
    first: 1,
    last: 2,
    process: 'p',
    lineage: [{ executable: '/app' }],
    subject: { kind: 'file' as const, path },
    access: [access],
  });

  it('keep what is relevant, however much noise there is', () => {
    const rows = new UnknownRows({ rows: 3, characters: 1_000 });
    rows.add(shown('/etc/cron.d/x', 'write'), false, 'a');
    for (let n = 0; n < 50; n += 1) rows.add(shown(`/noise/${n}`, 'read'), false, 'b');
    const { rows: kept, omitted } = rows.ordered();
    expect(kept.map(({ subject }) => 'path' in subject && subject.path)).toContain('/etc/cron.d/x');
    expect([kept.length, omitted]).toEqual([3, 48]);
  });

  it('of what an unknown process did come after those of known ones, however many containers showed them', () => {
    const rows = new UnknownRows();
    for (const container of ['a', 'b']) rows.add(shown('/a', 'read'), true, container);
    rows.add(shown('/b', 'read'), false, 'a');
    rows.add(shown('/c', 'write'), true, 'a');
    const paths = rows.ordered().rows.map(({ subject }) => 'path' in subject && subject.path);
    expect(paths).toEqual(['/c', '/b', '/a']);
  });

  it('stay within their characters', () => {
    const rows = new UnknownRows({ rows: 100, characters: 100 });
    for (let n = 0; n < 50; n += 1) rows.add(shown(`/${n}/${'x'.repeat(40)}`, 'read'), false, 'b');
    expect(rows.ordered()).toMatchObject({ rows: [{}, {}], omitted: 48 });
  });

  it('are one for what was seen again, with what all sightings say', () => {
    const rows = new UnknownRows();
    rows.add(shown('/etc/x', 'read'), false, 'a');
    rows.add({ ...shown('/etc/x', 'write'), first: 0, last: 9 }, false, 'b');
    expect(rows.ordered().rows).toMatchObject([
      { access: ['read', 'write'], relevance: 'sensitive-write', first: 0, last: 9, containers: new Set(['a', 'b']) },
    ]);
  });
});

/** What the last container of an image did and its siblings did not, and how often: files without a number of their own. */
const news: Readonly<Partial<Record<(typeof recordedImages)[number], readonly string[]>>> = {
  app: [],
  flask: [],
  java: ['CAP_SYS_ADMIN', 'mount'],
  nginx: [],
  postgres: ['/var/lib/postgresql/data/pgdata/global/*'],
  redis: [],
};

describe.each(Object.entries(news))('a container of %s', (name, expected) => {
  const snapshots = recordedSnapshots(recordedImages.find((image) => image === name) ?? fail());
  const last = snapshots.at(-1)?.container.id;
  const own = snapshots.filter(({ container }) => container.id === last);

  it('is known to what it taught', () => {
    const { counts, rows } = checked(published(learn(snapshots)), own);
    expect([counts.unknown, counts.undecided, rows]).toEqual([0, 0, []]);
  });

  it('is known to what its siblings taught, but for what really is new, which has something near', () => {
    const siblings = published(learn(snapshots.filter(({ container }) => container.id !== last)));
    const rows = checked(siblings, own).rows.map((row) => reported(siblings, row));
    const objects = rows.map((row) => ('path' in row ? row.path : 'name' in row ? row.name : row.kind));
    const masked = objects.map((object) => object.replace(/(?<=\/global\/)[^.]*/, '*'));
    expect([...new Set(masked)]).toEqual(expected);
    for (const row of rows) expect('path' in row && row.nearest === undefined).toBe(false);
  });
});
