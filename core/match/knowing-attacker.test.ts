/** An attacker in a web server who knows the profile and picks names that fit its patterns: what stays visible, and what does not. */
import { describe, expect, it } from 'vitest';
import { Recording } from '../activity/testing/recording.ts';
import type { Evidence } from '../profile/evidence.ts';
import { mergeEvidence } from '../profile/merge.ts';
import { publish } from '../profile/publish.ts';
import { type KnownBehaviour, knownByEvidence, knownByPublication } from './known-behaviour.ts';
import { compiled, evidenceOf, matchAll } from './testing.ts';

const [server, shell, child] = [100, 101, 102];
const write = { flags: 0o1102, created: true } as const;
const python = '/usr/bin/python3.11';
const cache = '/usr/lib/python3/__pycache__/json.cpython-311.pyc';

/** A server of Python that makes temporary files, caches modules and asks for shards, and whose start script edits with sed. */
function started(): Recording {
  const recording = new Recording().exec(shell, '/bin/sh', { argv: ['/bin/sh', '/start.sh'] }).fork(shell, child);
  recording.exec(child, '/usr/bin/sed').open(child, '/etc/nginx/conf.d/sedQ3xZ1a', write);
  recording.change(child, 'rename', '/etc/nginx/conf.d/sedQ3xZ1a', { to: '/etc/nginx/conf.d/default.conf' });
  return recording.exec(server, python, { argv: [python, '/app/serve.py'] });
}

const usual = started();
for (const name of ['tmp62_qw223', 'tmp1tz1u9ha', 'tmpn2msqe2t', 'tmp0qgv0we8'])
  usual.open(server, `/tmp/${name}`, write);
for (const name of ['Xa3kQ9fT2b', 'b7Zq1PdKe2', '9dKe2wb7Zq', 'u1Vb8xXa3k'])
  usual.open(server, `/spool/${name}`, write);
for (const shard of [1, 2, 3, 4]) usual.dns(server, `shard-${shard}.db.example.com`);
usual.open(server, `${cache}.139974708842704`, write);
const profile = compiled(evidenceOf(usual.events));

/** Of the last event, or of the last two. */
function verdicts(act: (recording: Recording) => Recording): string[] {
  const recording = started();
  const before = recording.events.length;
  const all = matchAll(profile, act(recording).events);
  return all.filter(({ event }) => recording.events.indexOf(event) >= before).map(({ match }) => match.verdict);
}

describe('an attacker who knows the patterns is seen', () => {
  it.each<[string, (recording: Recording) => Recording]>([
    ['executing a file with a usual name', (attack) => attack.fork(server, 103).exec(103, '/tmp/tmpab12cd_x')],
    [
      'running it as a script',
      (attack) => attack.fork(server, 103).exec(103, python, { argv: [python, '/tmp/tmpab12cd_x'] }),
    ],
    ['making it executable', (attack) => attack.change(server, 'chmod', '/tmp/tmpab12cd_x')],
    ['linking to it', (attack) => attack.change(server, 'link', '/tmp/tmpab12cd_x', { to: '/tmp/x' })],
    ['moving it elsewhere', (attack) => attack.change(server, 'rename', '/tmp/tmpab12cd_x', { to: '/app/serve.py' })],
    ['writing it in another folder', (attack) => attack.open(server, '/app/tmpab12cd_x', write)],
    ['writing it by another program', (attack) => attack.open(shell, '/tmp/tmpab12cd_x', write)],
    ['giving it an extension', (attack) => attack.open(server, '/tmp/tmpab12cd_x.so', write)],
    ['with a name that is a word', (attack) => attack.open(server, '/spool/kdevtmpfsi', write)],
    ['replacing a module', (attack) => attack.change(server, 'rename', `${cache}.7`, { to: cache })],
    ['replacing it in place', (attack) => attack.open(server, cache, write)],
    ['finishing another module', (attack) => attack.open(server, cache.replace('json', 'evil'), write)],
    ['leaving a job for cron as sed would', (attack) => attack.open(child, '/etc/cron.d/sedQ3xZ1a', write)],
    [
      'and in the folder that sed knows, as the server',
      (attack) => attack.open(server, '/etc/nginx/conf.d/sedQ3xZ1a', write),
    ],
    ['asking for a name below a look-alike', (attack) => attack.dns(server, 'shard-7.db.examp1e.com')],
  ])('%s', (_, act) => {
    const found = verdicts(act);
    expect(found).toContain('unseen');
  });
});

describe('an attacker who knows the patterns is not seen', () => {
  it.each<[string, (recording: Recording) => Recording]>([
    ['keeping data in a file with a usual name', (attack) => attack.open(server, '/tmp/tmpab12cd_x', write)],
    ['or with a random one where those are usual', (attack) => attack.open(server, '/spool/Zz9Zz9Zz9Z', write)],
    ['or beside a module', (attack) => attack.open(server, `${cache}.7`, write)],
    ['or beside no module', (attack) => attack.open(server, `${cache.replace('json', 'evil')}.7`, write)],
    ['telling a number by the name that is asked for', (attack) => attack.dns(server, 'shard-4711.db.example.com')],
  ])('%s', (_, act) => expect(verdicts(act)).toEqual(['known']));
});

describe('an attacker who has containers of the image while it is learned', () => {
  const [talks, elsewhere] = ['203.0.113.0/24', '198.51.100.0/24'];
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
  const calling = (container: number, addresses: readonly string[]): Evidence =>
    evidenceOf(addresses.reduce((all, address) => all.socket(server, 'connect', `${address}:443`), started()).events, {
      container,
    });
  /** Addresses are their own blocks here (testing.ts). */
  const networks = numbers(40).map((second) => `20.${second}.7.0/24`);
  const others = [2, 3, 4].map((container) => calling(container, [talks]));
  const learnedWith = (...attackers: readonly Evidence[]): Evidence =>
    [...others, ...attackers].reduce((known, one) => mergeEvidence(known, one));
  const verdictOn = (address: string, ...attackers: readonly Evidence[]): string | undefined => {
    return matchAll(
      compiled(learnedWith(...attackers)),
      started().socket(server, 'connect', `${address}:443`).events,
    ).at(-1)?.match.verdict;
  };

  it.each([
    ['with the Internet', networks],
    ['with a network of a provider', numbers(99).map((third) => `198.51.${third}.0/24`)],
    ['with both', [...networks, ...numbers(99).map((third) => `198.51.${third}.0/24`)]],
  ])('makes nothing known for others by one of them that talks %s', (_, addresses) => {
    expect(verdictOn(elsewhere, calling(1, addresses))).toBe('unseen');
    expect(verdictOn(talks, calling(1, addresses))).toBe('known');
  });

  it('is shown by what it did, and is as unknown to whoever reads the object alone', () => {
    const all = learnedWith(calling(1, networks));
    const { behavior } = publish(all, { lostPeriods: 0 });
    expect(behavior.network).toMatchObject([
      { peer: 'external 0.0.0.0/0', port: 443, oneContainer: true, commonality: 25 },
      { peer: `external ${talks}`, port: 443, commonality: 75 },
    ]);
    const peers = ({ endpoints }: KnownBehaviour): string[] => endpoints.map(({ peer }) => peer);
    expect(peers(knownByPublication(behavior))).toEqual([`external ${talks}`]);
    expect(peers(knownByEvidence(all))).toEqual([`external ${talks}`]);
  });

  it('makes the Internet known by two', () => {
    expect(verdictOn(elsewhere, calling(1, networks), calling(5, networks))).toBe('known');
  });
});
