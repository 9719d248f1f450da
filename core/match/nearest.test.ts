import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Recording } from '../activity/testing/recording.ts';
import { fileAccesses, networkDirections } from '../activity/snapshot.ts';
import { emptyEvidence, type Evidence } from '../profile/evidence.ts';
import { mergeEvidence } from '../profile/merge.ts';
import { publish } from '../profile/publish.ts';
import { someSnapshotEvidence } from '../profile/testing.ts';
import type { Miss } from './difference.ts';
import { knownByEvidence, knownByPublication, lineageOf } from './known-behaviour.ts';
import { nearestKnown } from './nearest.ts';
import { nearestSentence } from './nearest-sentence.ts';
import { evidenceOf } from './testing.ts';

const [app, sh, cat] = ['/app', '/bin/sh', '/bin/cat'].map((executable) => ({ executable }));
const lineage = (...programs: readonly (typeof app)[]): Miss['lineage'] => programs.flatMap((one) => one ?? []);

const learned = evidenceOf(
  new Recording()
    .exec(1, '/app')
    .open(1, '/etc/app/main.conf')
    .open(1, '/var/log/app/access.log', { flags: 1 })
    .open(1, '/srv/x')
    .dns(1, 'api.example.com')
    .dns(1, 'a.b.other.example')
    .socket(1, 'connect', '203.0.113.9:443')
    .socket(1, 'listen', '0.0.0.0:8080')
    .fork(1, 2)
    .exec(2, '/bin/sh', { argv: ['sh', '/run.sh'] })
    .open(2, '/etc/passwd')
    .dns(2, 'files.example.com')
    .exec(2, '/bin/cat').events,
);
const known = knownByEvidence(learned);
const script = { executable: '/bin/sh', script: '/run.sh' };

describe('nearest known behaviour', () => {
  it.each<readonly [Miss, string]>([
    [
      { kind: 'file', lineage: lineage(app), path: '/var/log/app/error.log', access: 'write' },
      'Writing /var/log/app/error.log by /app is not known; nearest is writing /var/log/app/access.log by /app, which differs in the path.',
    ],
    [
      { kind: 'file', lineage: lineage(app), path: '/etc/passwd', access: 'read' },
      'Reading /etc/passwd by /app is not known; nearest is reading /etc/passwd by /app > /bin/sh /run.sh, which differs in the lineage.',
    ],
    [
      { kind: 'file', lineage: lineage(app), path: '/etc/app/main.conf', access: 'write' },
      'Writing /etc/app/main.conf by /app is not known; nearest is reading /etc/app/main.conf by /app, which differs in the access.',
    ],
    [
      { kind: 'file', lineage: lineage(app), path: '/opt/x', access: 'read' },
      'Reading /opt/x by /app is not known; nearest is reading /srv/x by /app, which differs in the path.',
    ],
    [
      { kind: 'file', lineage: lineage(app), path: '/opt/miner', access: 'read' },
      'Reading /opt/miner by /app is not known; nothing like it is.',
    ],
    [
      { kind: 'file', lineage: lineage(app, cat), path: '/etc/app/main.conf', access: 'read' },
      'Reading /etc/app/main.conf by /app > /bin/cat is not known; its lineage is known up to /app, below which run /bin/sh /run.sh; nearest is reading /etc/app/main.conf by /app, which differs in the lineage.',
    ],
    [
      { kind: 'process', lineage: [...lineage(app), { executable: '/bin/sh', inline: true }] },
      'Running /app > /bin/sh -c … is not known; its lineage is known up to /app, below which run /bin/sh /run.sh; nearest is running /app > /bin/sh /run.sh, which differs in the script and code from the command line.',
    ],
    [
      { kind: 'process', lineage: [...lineage(app), { executable: '/tmp/sh' }] },
      'Running /app > /tmp/sh is not known; its lineage is known up to /app, below which run /bin/sh /run.sh; nearest is running /app > /bin/sh /run.sh, which differs in the executable and the script.',
    ],
    [
      { kind: 'process', lineage: lineage(cat, sh) },
      'Running /bin/cat > /bin/sh is not known; of its lineage nothing is known, others begin with /app; nearest is running /app > /bin/sh /run.sh > /bin/cat, which differs in the lineage.',
    ],
    [
      { kind: 'dns', lineage: lineage(app), name: 'evil.example.com' },
      'Asking for evil.example.com by /app is not known; nearest is asking for api.example.com by /app, which differs in the name.',
    ],
    [
      { kind: 'dns', lineage: lineage(app), name: 'files.example.com' },
      'Asking for files.example.com by /app is not known; nearest is asking for files.example.com by /app > /bin/sh /run.sh, which differs in the lineage.',
    ],
    [
      { kind: 'dns', lineage: lineage(app), name: 'api.examp1e.com' },
      'Asking for api.examp1e.com by /app is not known; nothing like it is.',
    ],
    [
      {
        kind: 'network',
        lineage: lineage(app),
        direction: 'connect',
        protocol: 'tcp',
        peer: 'external 203.0.113.9',
        port: 22,
      },
      'Connecting to external 203.0.113.9 on tcp port 22 by /app is not known; nearest is connecting to external 203.0.113.9 on tcp port 443 by /app, which differs in the port.',
    ],
    [
      { kind: 'network', lineage: lineage(app), direction: 'connect', protocol: 'tcp', peer: 'node', port: 443 },
      'Connecting to node on tcp port 443 by /app is not known; nearest is connecting to external 203.0.113.9 on tcp port 443 by /app, which differs in the peer.',
    ],
    [
      {
        kind: 'network',
        lineage: [...lineage(app), script],
        direction: 'listen',
        protocol: 'tcp',
        peer: '',
        port: 8080,
      },
      'Listening on tcp port 8080 by /app > /bin/sh /run.sh is not known; nearest is listening on tcp port 8080 by /app, which differs in the lineage.',
    ],
  ])('is told in a sentence: %o', (miss, sentence) => {
    expect(nearestSentence(miss, nearestKnown(known, miss))).toBe(sentence);
  });

  it('comes with what differs, as data', () => {
    const miss: Miss = { kind: 'file', lineage: lineage(app), path: '/etc/app/other.conf', access: 'write' };
    expect(nearestKnown(known, miss)).toEqual({
      kind: 'file',
      ancestor: [app],
      children: [],
      nearest: { kind: 'file', lineage: [app], path: '/etc/app/main.conf', access: 'read' },
      difference: [
        { field: 'path', known: '/etc/app/main.conf', seen: '/etc/app/other.conf' },
        { field: 'access', known: 'read', seen: 'write' },
      ],
    });
  });

  it('stays a sentence whatever names a container invents', () => {
    const miss: Miss = { kind: 'file', lineage: lineage(app), path: `/x/${'\u{1f600}'.repeat(9_000)}`, access: 'read' };
    const sentence = nearestSentence(miss, nearestKnown(known, miss));
    expect(sentence.length).toBeLessThan(500);
    expect(sentence.isWellFormed()).toBe(true);
  });

  const program = fc.constantFrom(
    { executable: '/bin/a' },
    { executable: '/bin/b' },
    { executable: '/bin/a', script: '/s.sh' },
  );
  const miss: fc.Arbitrary<Miss> = fc
    .record({
      kind: fc.constantFrom<Miss['kind'][]>('process', 'file', 'dns', 'network'),
      lineage: fc.array(program, { minLength: 1, maxLength: 3 }),
      path: fc.constantFrom('/etc/x', '/etc/y', '/a/b/d', '/q'),
      access: fc.constantFrom(...fileAccesses),
      name: fc.constantFrom('redis', 'www.example.com'),
      direction: fc.constantFrom(...networkDirections),
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      peer: fc.constantFrom('external 10.0.0.1', 'node'),
      port: fc.constantFrom(80, 22),
    })
    .map(({ kind, ...all }): Miss => ({ kind, ...all }));
  const united = (parts: readonly Evidence[]): Evidence =>
    parts.reduce((left, right) => mergeEvidence(left, right), emptyEvidence);
  const some = fc.array(someSnapshotEvidence, { maxLength: 4 });

  it('is the same in whatever order the profile was learned, and from its object if that omits nothing', () => {
    fc.assert(
      fc.property(some, miss, (parts, seen) => {
        const evidence = united(parts);
        const nearest = nearestKnown(knownByEvidence(evidence), seen);
        expect(nearestKnown(knownByEvidence(united(parts.toReversed())), seen)).toEqual(nearest);
        const { behavior } = publish(evidence, { lostPeriods: 0 });
        expect(nearestKnown(knownByPublication(behavior), seen)).toEqual(nearest);
        expect(nearestSentence(seen, nearest)).toMatch(/ is not known; .*\.$/);
      }),
    );
  });

  it('of what is known is that itself, without a difference', () => {
    fc.assert(
      fc.property(some, (parts) => {
        const one = knownByEvidence(united(parts));
        const misses: Miss[] = [
          ...one.files.map(({ processId, ...file }) => ({
            kind: 'file' as const,
            lineage: lineageOf(one, processId),
            ...file,
          })),
          ...one.endpoints.map((endpoint) => {
            const { direction, protocol, peer, port } = endpoint;
            const of = lineageOf(one, endpoint.processId);
            return { kind: 'network' as const, lineage: of, direction, protocol, peer, port };
          }),
        ];
        for (const seen of misses) expect(nearestKnown(one, seen).difference).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
