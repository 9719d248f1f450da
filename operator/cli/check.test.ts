/** `profile check` with files. */
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../core/activity/snapshot.ts';
import { seenAt, snapshotOf } from '../../core/profile/testing.ts';
import { runCli } from './testing.ts';

const nginx = { ...seenAt('start'), parent: -1, executable: '/usr/sbin/nginx', maxInstances: 3 };
const conf = { ...seenAt(), process: 0, path: '/etc/nginx/nginx.conf', access: ['read' as const] };
const upstream = {
  ...seenAt(),
  process: 0,
  direction: 'connect',
  protocol: 'tcp',
  address: '10.0.0.9',
  port: 80,
} as const;
const quiet = snapshotOf(1, { processes: [nginx], files: [conf] });
const shell = { ...seenAt(), parent: 0, executable: '/bin/sh', actors: ['interactive' as const], maxInstances: 1 };
const odd = snapshotOf(2, {
  processes: [nginx, shell],
  files: [
    { ...conf, access: ['read', 'write'] },
    { ...seenAt(), process: 1, path: '/root/.ssh/id_rsa', access: ['read'] },
    { ...seenAt(), process: 1, path: '/usr/share/zoneinfo/UTC', access: ['read'] },
  ],
  network: [upstream],
});

const json = (...snapshots: readonly Snapshot[]): string => JSON.stringify(snapshots);

async function check(learned: readonly Snapshot[], seen: string, ...words: readonly string[]) {
  const { out } = await runCli(['profile', 'merge', 'l.json', '--image', 'nginx:1.27'], {
    files: { 'l.json': json(...learned) },
  });
  return runCli(['profile', 'check', 'p.json', 's.json', ...words], { files: { 'p.json': out, 's.json': seen } });
}

describe('profile check', () => {
  it('ends with 0 where everything is known', async () => {
    expect(await check([quiet], json(quiet, snapshotOf(3, { processes: [nginx], files: [conf] })))).toEqual({
      code: 0,
      out: 'docker.io/library/nginx:1.27 (Learning) and 2 snapshots of 2 containers\n4 known, 0 not known.\n',
      err: '',
    });
  });

  it('says what is new, the most relevant first, and what is near to it', async () => {
    const { code, out } = await check([quiet], json(odd));
    expect(code).toBe(1);
    expect(out).toBe(`docker.io/library/nginx:1.27 (Learning) and 1 snapshot of 1 container
1 known, 5 not known.
note: not shown are 1 of processes that are not known themselves (--all)

a shell, or code from the command line of an interpreter
  Running /usr/sbin/nginx > /bin/sh is not known; its lineage is known up to /usr/sbin/nginx; nothing like it is.  (by interactive)

changes programs, configuration, accounts or what starts by itself
  Writing /etc/nginx/nginx.conf by /usr/sbin/nginx is not known; nearest is reading /etc/nginx/nginx.conf by /usr/sbin/nginx, which differs in the access.

reaches for credentials, keys or another process
  Reading /root/.ssh/id_rsa by /usr/sbin/nginx > /bin/sh is not known; its lineage is known up to /usr/sbin/nginx; nothing like it is.

talks to an address outside of the cluster, or to an unknown one
  Connecting to unknown on tcp port 80 by /usr/sbin/nginx is not known; nothing like it is.
`);
    expect((await check([quiet], json(odd), '--all')).out).toContain('Reading /usr/share/zoneinfo/UTC');
  });

  it('tells machines the same', async () => {
    const { code, out } = await check([quiet], json(odd), '-o', 'json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      profile: { name: 'nginx-1.27-6965a10c15', state: 'Learning' },
      snapshots: 1,
      containers: 1,
      counts: { known: 1, unknown: 5, undecided: 0, probes: 0 },
      undecided: {},
      notWatched: [],
      omitted: 0,
      unknown: [
        { kind: 'process', executable: '/bin/sh', relevance: 'shell', lineage: ['/usr/sbin/nginx', '/bin/sh'] },
        { kind: 'file', access: ['write'], nearest: { access: 'read' }, difference: [{ field: 'access' }] },
        { relevance: 'secret-read', withProcess: true },
        { kind: 'network', peer: 'unknown', port: 80 },
        { path: '/usr/share/zoneinfo/UTC' },
      ],
    });
  });

  it('does not decide about addresses that only the cluster knows, and says so', async () => {
    const elsewhere = { ...upstream, address: '203.0.113.9', port: 443 };
    const { code, out } = await check([snapshotOf(1, { processes: [nginx], network: [elsewhere] })], json(odd, quiet));
    expect(code).toBe(1);
    expect(out).toContain('1 undecided: nobody knows whose the address was, and the profile has such endpoints');
  });

  it('never lets a container steer the terminal', async () => {
    // Honest agents escape these; a file may have been made by anybody.
    const hostile = JSON.stringify({
      spec: {
        image: { name: 'n\u001b[2Jx', tag: '\u202e1' },
        behavior: {
          processes: [{ id: 'a', executable: '/usr/sbin/nginx' }],
          files: [{ processId: 'a', path: '/etc/nginx/\u001b]0;x\u0007', access: ['read'] }],
        },
      },
    });
    for (const format of ['text', 'json', 'yaml']) {
      const { out } = await runCli(['profile', 'check', 'p.json', 's.json', '--all', '-o', format], {
        files: { 'p.json': hostile, 's.json': json(odd) },
      });
      expect(out).toContain('nginx.conf');
      expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  it.each([
    ['{}', 's.json is no snapshot: formatVersion: '],
    ['{"a": ', 's.json is not JSON, or not all of it: '],
  ])('ends with 2 where there is nothing to compare (%#)', async (seen, problem) => {
    const { code, out, err } = await check([quiet], seen);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(problem);
  });

  it('ends with 2 without a profile', async () => {
    const missing = await runCli(['profile', 'check', './p.json', 's.json'], { files: { 's.json': json(quiet) } });
    expect(missing).toMatchObject({ code: 2, out: '' });
    expect(await runCli(['profile', 'check'])).toMatchObject({ code: 2, out: '' });
  });
});
