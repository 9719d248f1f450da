import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Recording } from '../activity/testing/recording.ts';
import { maxDepth } from '../activity/node.ts';
import { emptyEvidence, type Evidence, lineageId } from '../profile/evidence.ts';
import { anyNames } from '../profile/generalise.ts';
import { withoutQuarantined } from '../profile/quarantine.ts';
import { containerNumber, someSnapshotEvidence } from '../profile/testing.ts';
import { mergeEvidence } from '../profile/merge.ts';
import { unattributed } from './compiled-profile.ts';
import type { Observed } from './observed.ts';
import { compiled, evidenceOf, matchAll, someEvents } from './testing.ts';

const unresolved = (observed: Observed): Observed => observed;
const known = { verdict: 'known' };

/** What matching says of the last event of a container, by the profile of others. */
function verdictOn(learned: Recording, seen: Recording, evidence: Evidence = evidenceOf(learned.events)): object {
  return matchAll(compiled(evidence), seen.events).at(-1)?.match ?? {};
}

const shell = (): Recording => new Recording().exec(100, '/bin/sh');

describe('what a container did', () => {
  it('is known to every profile that learned it, as single events', () => {
    fc.assert(
      fc.property(someEvents, fc.array(someSnapshotEvidence, { maxLength: 3 }), (events, others) => {
        const evidence = others.reduce((all, other) => mergeEvidence(all, other), evidenceOf(events, { container: 9 }));
        for (const matched of matchAll(compiled(evidence), events)) expect(matched).toMatchObject({ match: known });
      }),
      { numRuns: 300 },
    );
  });

  it('is never called unseen by who cannot resolve addresses', () => {
    fc.assert(
      fc.property(someEvents, (events) => {
        for (const { match } of matchAll(compiled(evidenceOf(events)), events, unresolved)) {
          expect([known, { verdict: 'undecidable', reason: 'peer-unresolved' }]).toContainEqual(match);
        }
      }),
    );
  });

  it('is unseen where a profile has none of it, and so is all that it did in an unseen process', () => {
    fc.assert(
      fc.property(someEvents, (events) => {
        const profile = compiled(evidenceOf(new Recording().exec(1, '/other').events));
        for (const { match } of matchAll(profile, events)) {
          expect(match).toEqual({ verdict: 'unseen', because: 'process' });
        }
      }),
    );
  });

  it('is unseen once anything of it is changed', () => {
    const alter = (observed: Observed): Observed => {
      if (observed.kind === 'file') return { ...observed, path: `${observed.path}x` };
      if (observed.kind === 'dns') return { ...observed, name: `${observed.name}x` };
      return { ...observed, port: observed.port === 7 ? 8 : 7, peer: 'node' };
    };
    fc.assert(
      fc.property(someEvents, (events) => {
        const matches = matchAll(compiled(evidenceOf(events)), events, alter).filter(
          ({ event }) => event.type !== 'exec',
        );
        // Of a port on which a server was called by too many to be told apart, no caller is unseen.
        for (const { event, match } of matches) {
          expect(event.type === 'accept' ? ['unseen', 'undecidable'] : ['unseen']).toContain(match.verdict);
        }
      }),
    );
  });
});

describe('unseen', () => {
  const learned = shell()
    .open(100, '/data/a')
    .exec(100, '/bin/app')
    .open(100, '/data/b')
    .socket(100, 'bind', '0.0.0.0:80')
    .socket(100, 'connect', '203.0.113.9:443');
  const behaviour = { verdict: 'unseen', because: 'behaviour' };

  it.each<readonly [string, Recording]>([
    ['another file', shell().open(100, '/data/c')],
    ['a file of another process', shell().open(100, '/data/b')],
    ['another access', shell().open(100, '/data/a', { flags: 1 })],
    ['a name, where none is asked', shell().dns(100, 'evil.example')],
    ['another port', shell().exec(100, '/bin/app').socket(100, 'connect', '203.0.113.9:444')],
    ['another direction', shell().exec(100, '/bin/app').socket(100, 'listen', '203.0.113.9:443')],
    ['another protocol', shell().exec(100, '/bin/app').socket(100, 'connect', '203.0.113.9:443', { protocol: 'udp' })],
    ['another direction of no peer', shell().exec(100, '/bin/app').socket(100, 'listen', '0.0.0.0:80')],
    ['another peer', shell().exec(100, '/bin/app').socket(100, 'connect', '203.0.113.8:443')],
  ])('is %s', (_, seen) => {
    expect(verdictOn(learned, seen)).toEqual(behaviour);
  });

  it.each<readonly [string, Recording]>([
    ['a known program in another lineage', new Recording().exec(100, '/bin/app')],
    ['what an unseen program does, even known things', shell().exec(100, '/bin/evil').open(100, '/data/a')],
    ['a known program below an unseen one', shell().exec(100, '/bin/evil').exec(100, '/bin/app')],
  ])('is %s', (_, seen) => {
    expect(verdictOn(learned, seen)).toEqual({ verdict: 'unseen', because: 'process' });
  });

  it('is what only people and probes were seen to do', () => {
    const events = shell().exec(200, '/bin/id').open(200, '/etc/shadow').events;
    const learnedFrom = (injected: 'interactive' | 'probe' | 'exec'): object[] =>
      matchAll(compiled(evidenceOf(events, { injected })), events).map(({ match }) => match);
    const unseen = { verdict: 'unseen', because: 'process' };
    expect(learnedFrom('interactive')).toEqual([known, unseen, unseen]);
    expect(learnedFrom('probe')).toEqual([known, unseen, unseen]);
    expect(learnedFrom('exec')).toEqual([known, known, known]);
  });
});

describe('what is in quarantine', () => {
  it('is unseen, as is all that came below it, until it is released', () => {
    const events = shell().open(100, '/a').exec(100, '/tmp/dropper').open(100, '/b').events;
    const evidence = evidenceOf(events);
    const processId = lineageId(lineageId(undefined, { executable: '/bin/sh' }), { executable: '/tmp/dropper' });
    const marks = [{ containerId: containerNumber(1), processId, since: Number.MAX_SAFE_INTEGER }];
    const verdicts = (learned: Evidence): string[] =>
      matchAll(compiled(learned), events).map(({ match }) => match.verdict);
    expect(verdicts(withoutQuarantined(evidence, marks))).toEqual(['known', 'known', 'unseen', 'unseen']);
    expect(verdicts(withoutQuarantined(evidence, []))).toEqual(['known', 'known', 'known', 'known']);
  });
});

describe('what lies under a pattern', () => {
  const questions = shell();
  for (const number of [1, 2, 3, 4])
    questions.dns(100, `node${number}.shard.example.com`).open(100, `/data/file${number}.log`);

  it.each<readonly [string, Recording]>([
    ['a name', shell().dns(100, 'node77.shard.example.com')],
    ['a name on its way through the search list', shell().dns(100, 'node77.shard.example.com.shop.svc.cluster.local')],
    ['a file', shell().open(100, '/data/file77.log')],
  ])('is known: %s', (_, seen) => {
    expect(verdictOn(questions, seen)).toEqual(known);
  });

  it('is known where names are arbitrary, as a reader of the profile sees it', () => {
    const learned = shell();
    for (let number = 0; number < anyNames; number += 1) {
      const word = String.fromCharCode(97 + (number % 8), 97 + (number >> 3));
      learned.open(100, `/var/spool/${word}_7x${number}`);
    }
    expect(verdictOn(learned, shell().open(100, '/var/spool/zz_9q'))).toEqual(known);
    expect(verdictOn(learned, shell().open(100, '/var/spool/zz_9q.sh'))).toMatchObject({ verdict: 'unseen' });
  });

  it.each<readonly [string, Recording]>([
    ['a look-alike domain', shell().dns(100, 'node77.shard.examp1e.com')],
    ['another label', shell().dns(100, 'node77.evil.example.com')],
    ['a label more', shell().dns(100, 'x.node77.shard.example.com')],
    ['another extension', shell().open(100, '/data/file77.php')],
    ['another access', shell().open(100, '/data/file77.log', { flags: 1 })],
    ['another process', shell().exec(100, '/bin/cat').open(100, '/data/file77.log')],
  ])('is not %s', (_, seen) => {
    expect(verdictOn(questions, seen)).toMatchObject({ verdict: 'unseen' });
  });
});

describe('undecidable', () => {
  const undecidable = (reason: string): object => ({ verdict: 'undecidable', reason });

  it('is a kind that no container was watched for', () => {
    const evidence = evidenceOf(shell().events, { kinds: ['process', 'dns'] });
    expect(verdictOn(shell(), shell().open(100, '/a'), evidence)).toEqual(undecidable('kind-not-collected'));
    expect(verdictOn(shell(), shell().dns(100, 'a'), evidence)).toMatchObject({ verdict: 'unseen' });
  });

  it('is a kind of which the evidence had to leave something out', () => {
    const learned = evidenceOf(shell().events);
    const evidence = { ...learned, omitted: { ...learned.omitted, files: [5], processes: [6] } };
    expect(verdictOn(shell(), shell().open(100, '/a'), evidence)).toEqual(undecidable('omitted'));
    expect(verdictOn(shell(), shell().exec(100, '/bin/evil').dns(100, 'a'), evidence)).toEqual(undecidable('omitted'));
    expect(verdictOn(shell(), shell().dns(100, 'a'), evidence)).toMatchObject({ verdict: 'unseen' });
  });

  it('is a kind of which the compiled form had to leave something out, files first', () => {
    const container = shell().open(100, '/a').open(100, '/b').dns(100, 'a.example');
    const seen = container.open(100, '/c').dns(100, 'b.example');
    const matches = matchAll(compiled(evidenceOf(container.events.slice(0, 4)), 3), seen.events);
    expect(matches.map(({ match }) => match)).toEqual([
      known,
      known,
      undecidable('omitted'),
      known,
      undecidable('omitted'),
      { verdict: 'unseen', because: 'behaviour' },
    ]);
  });

  it('is a path of which a part is missing, unless it was learned like that', () => {
    const profile = compiled(evidenceOf(shell().open(100, '…/a').events));
    const place = profile.place(undefined, { executable: '/bin/sh' });
    const file = { kind: 'file', access: 1, truncated: true } as const;
    expect(profile.match(place, { ...file, path: '…/a' })).toEqual(known);
    expect(profile.match(place, { ...file, path: '…/b' })).toEqual(undecidable('truncated'));
    expect(profile.place(place, { executable: '…/b' }, true).match).toEqual(undecidable('truncated'));
  });

  it('is an exec deeper than lineages are told apart; what happens there belongs to the deepest', () => {
    const deep = new Recording();
    for (let depth = 0; depth < maxDepth; depth += 1) deep.exec(100, `/bin/${depth}`);
    const matches = matchAll(
      compiled(evidenceOf(deep.exec(100, '/bin/deeper').open(100, '/a').events)),
      deep.exec(100, '/bin/deepest').open(100, '/a').open(100, '/b').events,
    ).map(({ match }) => match);
    expect(matches.slice(maxDepth)).toEqual([
      undecidable('lineage-too-deep'),
      known,
      undecidable('lineage-too-deep'),
      known,
      { verdict: 'unseen', because: 'behaviour' },
    ]);
  });

  it('is what a process does whose program nobody saw', () => {
    const profile = compiled(evidenceOf(shell().events));
    expect(profile.match(unattributed, { kind: 'dns', name: 'a' })).toEqual(undecidable('program-unknown'));
    expect(profile.place(unattributed, { executable: '/bin/sh' }).match).toEqual(undecidable('program-unknown'));
  });

  it('is a caller that is not resolved, or that came after too many to be told apart', () => {
    const server = shell();
    for (let caller = 0; caller < 80; caller += 1) {
      server.socket(100, 'accept', '10.0.0.9:80', { remote: { family: 'ipv4', ip: `203.0.113.${caller}`, port: 9 } });
    }
    const evidence = evidenceOf(server.events);
    const local = shell().socket(100, 'accept', '10.0.0.9:80', { remote: { family: 'ipv4', ip: '10.0.0.1', port: 9 } });
    expect(verdictOn(server, local, evidence)).toEqual(undecidable('peer-unresolved'));
    expect(verdictOn(server, server, evidence)).toEqual(known);
    expect(matchAll(compiled(evidence), server.events, unresolved).at(-1)?.match).toEqual(
      undecidable('peer-unresolved'),
    );
  });

  it('is everything in a profile of nothing', () => {
    expect(compiled(emptyEvidence).place(undefined, { executable: '/bin/sh' }).match).toEqual(
      undecidable('kind-not-collected'),
    );
  });
});
