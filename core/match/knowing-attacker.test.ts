/** An attacker in a web server who knows the profile and picks names that fit its patterns: what stays visible, and what does not. */
import { describe, expect, it } from 'vitest';
import { Recording } from '../activity/testing/recording.ts';
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
    ['writing another module', (attack) => attack.open(server, cache.replace('json', 'evil') + '.7', write)],
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
    ['telling a number by the name that is asked for', (attack) => attack.dns(server, 'shard-4711.db.example.com')],
  ])('%s', (_, act) => expect(verdicts(act)).toEqual(['known']));
});
