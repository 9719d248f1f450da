/** What works without a cluster: merge, diff and show, from files. */
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Snapshot } from '../../core/activity/snapshot.ts';
import { seenAt, snapshotOf } from '../../core/profile/testing.ts';
import { sampleProfile } from '../../test/integration/sample-profile.ts';
import { runCli } from './testing.ts';

const nginx = { ...seenAt('start'), parent: -1, executable: '/usr/sbin/nginx', maxInstances: 3 };
const shell = { ...seenAt(), parent: 0, executable: '/bin/sh', inline: true as const, maxInstances: 1 };
const conf = { ...seenAt(), process: 0, path: '/etc/nginx/nginx.conf', access: ['read' as const] };
const port80 = { ...seenAt(), process: 0, direction: 'listen', protocol: 'tcp', address: '0.0.0.0', port: 80 } as const;
const quiet = snapshotOf(1, { processes: [nginx], files: [conf], network: [port80] });
const odd = snapshotOf(2, {
  processes: [nginx, shell],
  files: [
    conf,
    { ...seenAt(), process: 1, path: '/root/.ssh/authorized_keys', access: ['create', 'write'] },
    { ...seenAt(), process: 1, path: '/usr/share/zoneinfo/UTC', access: ['read'] },
  ],
  dns: [{ ...seenAt(), process: 1, name: 'pool.example.com', types: ['A'] }],
  network: [
    port80,
    { ...seenAt(), process: 1, direction: 'connect', protocol: 'tcp', address: '203.0.113.9', port: 443 },
    { ...seenAt(), process: 1, direction: 'connect', protocol: 'tcp', address: '10.0.0.9', port: 5432 },
    { ...seenAt(), process: 1, direction: 'connect', protocol: 'tcp', address: '127.0.0.1', port: 9000 },
  ],
});
const json = (snapshot: Snapshot): string => JSON.stringify(snapshot);
const files = { 'a.json': json(quiet), 'b.json.zst': zstdCompressSync(Buffer.from(json(odd))) };

async function merged(...names: string[]): Promise<string> {
  const { out, code } = await runCli(['profile', 'merge', ...names, '--image', 'nginx:1.27'], { files });
  expect(code).toBe(0);
  return out;
}

async function profiles(): Promise<Record<string, string>> {
  return { 'before.json': await merged('a.json'), 'after.json': await merged('a.json', 'b.json.zst') };
}

describe('profile merge', () => {
  it('gives a manifest with commonality, whatever the order and repetition of the snapshots', async () => {
    const once = await merged('a.json', 'b.json.zst');
    expect(await merged('b.json.zst', 'a.json', 'b.json.zst')).toBe(once);
    expect(JSON.parse(once)).toMatchObject({
      kind: 'SecurityProfile',
      metadata: { name: 'nginx-1.27-6965a10c15' },
      spec: {
        behavior: {
          processes: [
            { executable: '/usr/sbin/nginx', commonality: 100 },
            { executable: '/bin/sh', commonality: 50 },
          ],
          network: [
            { direction: 'listen', port: 80 },
            { peer: 'external 203.0.113.0/24', port: 443 },
            { peer: 'unknown', port: 5432 },
            { peer: 'self', port: 9000 },
          ],
        },
        evidence: { snapshots: 2, containers: 2, workloads: ['shop/Pod/web-1', 'shop/Pod/web-2'] },
      },
      status: { state: 'Learning', snapshots: 2, containers: 2, commonality: 27 },
    });
  });

  it('takes a list of snapshots, prints YAML, and needs no image', async () => {
    const list = { 'all.json': `[${json(quiet)},${json(odd)}]` };
    const { out } = await runCli(['profile', 'merge', 'all.json', '-o', 'yaml'], { files: list });
    const whole = await runCli(['profile', 'merge', 'a.json', 'b.json.zst'], { files });
    expect(parse(out)).toEqual(JSON.parse(whole.out));
    expect(parse(out)).not.toHaveProperty('metadata');
  });

  it.each([
    [{ 'x.json': '{"a": ' }, /x\.json is not JSON, or not all of it: /],
    [{ 'x.json': '' }, /x\.json is empty/],
    [{ 'x.json': '{}' }, /x\.json is no snapshot: formatVersion: is missing/],
    [{ 'x.json': 'kind: SecurityProfile' }, /x\.json is no snapshot: it is of kind SecurityProfile\n/],
    [{ 'x.json': '[7]' }, /x\.json is no snapshot: it is 7\n/],
    [{ 'x.json': `[${json(quiet)},{}]` }, /x\.json \(number 2\) is no snapshot/],
    [{ 'x.json': json({ ...quiet, to: 1e17 }) }, /x\.json is no snapshot: to: must be milliseconds since 1970/],
    [{ 'x.json': json({ ...quiet, to: Number.NaN }) }, /x\.json is no snapshot: to: must be milliseconds since 1970/],
    [{ 'x.json': zstdCompressSync(Buffer.from(json(quiet))).subarray(0, 40) }, /x\.json is not whole/],
    [{ 'x.json': zstdCompressSync(Buffer.alloc(40 * 1024 * 1024)) }, /x\.json is larger than 32 MiB/],
    [{}, /cannot read x\.json: there is no such file/],
  ])('says what is wrong with a file (%#)', async (some, problem) => {
    const { code, out, err } = await runCli(['profile', 'merge', 'x.json'], { files: some });
    expect(err).toMatch(problem);
    expect([code, out]).toEqual([3, '']);
  });
});

describe('profile diff', () => {
  it('reads as a person expects', async () => {
    const { out, code } = await runCli(['profile', 'diff', 'before.json', 'after.json'], { files: await profiles() });
    expect(code).toBe(0);
    expect(out).toBe(`docker.io/library/nginx:1.27 -> docker.io/library/nginx:1.27
7 new, 0 changed, 0 gone. Not shown are 2 that only came or went with a process (--all).

Came
  a shell, or code from the command line of an interpreter
    + process /bin/sh -c …: entrypoint 50 %  by /usr/sbin/nginx
  changes programs, configuration, accounts or what starts by itself
    + file /root/.ssh/authorized_keys: write, create 50 %  by /usr/sbin/nginx > /bin/sh -c …
  talks to an address outside of the cluster, or to an unknown one
    + connect tcp external 203.0.113.0/24: port 443 50 %  by /usr/sbin/nginx > /bin/sh -c …
    + connect tcp unknown: port 5432 50 %  by /usr/sbin/nginx > /bin/sh -c …
  asks for a name
    + name pool.example.com: A 50 %  by /usr/sbin/nginx > /bin/sh -c …
`);
  });

  it('tells machines the same, in one list', async () => {
    const world = { files: await profiles() };
    const { out, code } = await runCli(
      ['profile', 'diff', 'after.json', 'before.json', '-o', 'json', '--exit-code'],
      world,
    );
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      before: { image: { name: 'docker.io/library/nginx', tag: '1.27' }, snapshots: 2, containers: 2, commonality: 27 },
      after: { snapshots: 1, containers: 1 },
      threshold: 20,
      counts: { new: 0, changed: 0, gone: 7 },
      differences: [
        { change: 'gone', kind: 'process', relevance: 'shell', executable: '/bin/sh', inline: true },
        {
          change: 'gone',
          kind: 'file',
          relevance: 'sensitive-write',
          path: '/root/.ssh/authorized_keys',
          lineage: ['/usr/sbin/nginx', '/bin/sh -c …'],
          before: { create: 50, write: 50 },
          lost: ['create', 'write'],
          withProcess: true,
        },
        { kind: 'network', relevance: 'outbound', peer: 'external 203.0.113.0/24' },
        { kind: 'network', relevance: 'outbound', peer: 'unknown' },
        { kind: 'dns', relevance: 'name', name: 'pool.example.com' },
        { kind: 'network', relevance: 'inner', peer: 'self' },
        { kind: 'file', relevance: 'read', path: '/usr/share/zoneinfo/UTC' },
      ],
      caveats: [],
    });
    const yaml = await runCli(['profile', 'diff', 'after.json', 'before.json', '-o', 'yaml'], world);
    expect(parse(yaml.out)).toEqual(JSON.parse(out));
  });

  it('says who else uses a file, and what now runs after the start', async () => {
    const worker = { ...nginx, ...seenAt('run'), parent: 0, executable: '/usr/sbin/worker' };
    const script = { ...shell, ...seenAt('start') };
    const secret = { ...seenAt(), process: 2, path: '/etc/shadow', access: ['read' as const] };
    const before = snapshotOf(1, { processes: [nginx, worker, script], files: [secret] });
    const after = snapshotOf(1, {
      processes: [nginx, worker, { ...script, phases: ['start', 'run'], actors: ['entrypoint', 'exec'] }],
      files: [{ ...secret, actors: ['entrypoint', 'interactive'] }],
      blindSpots: ['io_uring'],
    });
    const snapshots = { 'a.json': json(before), 'b.json.zst': zstdCompressSync(Buffer.from(json(after))) };
    const made = async (name: string) => (await runCli(['profile', 'merge', name], { files: snapshots })).out;
    const world = { files: { 'before.json': await made('a.json'), 'after.json': await made('b.json.zst') } };
    const { out } = await runCli(['profile', 'diff', 'before.json', 'after.json'], world);
    expect(out).toContain(`0 new, 2 changed, 0 gone.
note: containers of the second profile went past the agent (io_uring: 1): what they did by that is not compared

Came
  a shell, or code from the command line of an interpreter
    ~ process /bin/sh -c …: now also exec 100 %, now also after the start  by /usr/sbin/nginx
  reaches for credentials, keys or another process
    ~ file /etc/shadow: now also read by interactive  by /usr/sbin/nginx > /bin/sh -c …
`);
    const data = await runCli(['profile', 'diff', 'before.json', 'after.json', '-o', 'json'], world);
    expect(JSON.parse(data.out)).toMatchObject({
      counts: { new: 0, changed: 2, gone: 0 },
      differences: [
        { change: 'changed', phases: { gained: ['run'], lost: [] } },
        { change: 'changed', actors: { gained: [{ way: 'read', actor: 'interactive' }], lost: [] } },
      ],
      caveats: [{ side: 'after', reason: 'blind-spot', name: 'io_uring', containers: 1 }],
    });
  });

  it('ends with 0 if there is no difference, and says so', async () => {
    const world = { files: await profiles() };
    const { code, out } = await runCli(['profile', 'diff', 'after.json', 'after.json', '--exit-code'], world);
    expect([code, out]).toEqual([0, expect.stringContaining('No difference')]);
  });

  it('takes manifests in YAML, and the content of a spec alone', async () => {
    const profile = sampleProfile('web');
    const world = { files: { 'a.yaml': JSON.stringify(profile), 'b.json': JSON.stringify(profile.spec) } };
    expect((await runCli(['profile', 'diff', 'a.yaml', 'b.json'], world)).out).toContain('No difference');
  });

  it('takes one of both from standard input', async () => {
    const { code, err } = await runCli(['profile', 'diff', '-', '-']);
    expect([code, err]).toEqual([2, expect.stringContaining('standard input holds one profile')]);
  });

  it('says that what is no file was looked for in vain', async () => {
    const { code, err } = await runCli(['profile', 'diff', 'nginx:1.26', 'nginx:1.27']);
    expect(err).toContain('there is no file nginx:1.26, and no cluster to look for it: there is no kubeconfig');
    expect(code).toBe(3);
  });
});

describe('profile show', () => {
  it('shows the tree of processes with what they do', async () => {
    const { out } = await runCli(['profile', 'show', 'after.json'], { files: await profiles() });
    expect(out).toBe(`docker.io/library/nginx:1.27
state        Learning
learned from 2 snapshots of 2 containers, 2026-01-01 00:00Z to 2026-01-01 00:30Z
workloads    shop/Pod/web-1, shop/Pod/web-2
commonality  27 %

└─ /usr/sbin/nginx 100 % (up to 3 at once)
   │ file /etc/nginx/nginx.conf (read) 100 %
   │ net  listen tcp port 80 100 %
   └─ /bin/sh -c … 50 % (alike: files 0 %, names 0 %, endpoints 0 %)
        file /root/.ssh/authorized_keys (write, create) 50 %
        file /usr/share/zoneinfo/UTC (read) 50 %
        name pool.example.com (A) 50 %
        net  connect tcp external 203.0.113.0/24 port 443 50 %
        net  connect tcp unknown port 5432 50 %
        net  connect tcp self port 9000 50 %
`);
  });

  it('says of one container how many of its periods showed it, and no commonality', async () => {
    const periods = Array.from({ length: 8 }, (_, index) => {
      const from = quiet.from + index * 1_800_000;
      const files = index < 2 ? [{ ...conf, ...seenAt() }] : [];
      const period = { from, to: from + 1_800_000, processes: [{ ...nginx, ...seenAt() }], files };
      return [`${index}.json`, json(snapshotOf(1, period))] as const;
    });
    const world = { files: Object.fromEntries(periods) };
    const merge = await runCli(['profile', 'merge', ...Object.keys(world.files)], world);
    const { out } = await runCli(['profile', 'show', 'p.json'], { files: { 'p.json': merge.out } });
    expect(out).toContain(`
commonality  none (it takes two containers)
recurrence   71 % (how alike the periods of its one container are)

└─ /usr/sbin/nginx 100 % of periods (up to 3 at once)
     file /etc/nginx/nginx.conf (read) 25 % of periods
`);
  });

  it('names the form that agents hold', async () => {
    const base = sampleProfile('web');
    const omitted = { processes: 0, files: 12, dns: 3, network: 0 };
    const compiled = { digest: `sha256:${'ab'.repeat(32)}`, bytes: 5_120, fingerprints: 1_024, omitted };
    const profile = { ...base, status: { state: 'Stable', compiled } };
    const { out } = await runCli(['profile', 'show', 'p.json'], { files: { 'p.json': JSON.stringify(profile) } });
    expect(out).toContain(`compiled     ${compiled.digest}
             1024 fingerprints in 5120 bytes; no room for 12 files, 3 dns
`);
  });

  it('counts what is more than anybody reads at once', async () => {
    const base = sampleProfile('web');
    const many = Array.from({ length: 12 }, (_, index) => ({
      processId: '0000000000000000',
      path: `/data/${index}`,
      access: ['read'],
    }));
    const profile = { ...base, spec: { ...base.spec, behavior: { ...base.spec.behavior, files: many } } };
    const world = { files: { 'p.json': JSON.stringify(profile) } };
    expect((await runCli(['profile', 'show', 'p.json'], world)).out).toContain('file … and 4 more (--all)');
    expect((await runCli(['profile', 'show', 'p.json', '--all'], world)).out).toContain('/data/11 (read)');
  });

  it('takes processes that are their own ancestors', async () => {
    const base = sampleProfile('web');
    const circle = ['a', 'b'].map((id) => ({ id, parentId: id === 'a' ? 'b' : 'a', executable: `/bin/${id}` }));
    const profile = { ...base, spec: { ...base.spec, behavior: { processes: circle } } };
    const { out } = await runCli(['profile', 'show', 'p.json'], { files: { 'p.json': JSON.stringify(profile) } });
    expect(out).toContain('2 more processes are their own ancestors');
  });
});

describe('what containers name', () => {
  const nasty = '/tmp/\u001b]0;pwned\u0007\u009b31m\u202egnp.\u2028x';
  const base = sampleProfile('web');
  const hostile = {
    ...base,
    metadata: { name: nasty },
    spec: {
      ...base.spec,
      image: { name: nasty, tag: nasty },
      behavior: {
        processes: [{ id: 'a', executable: nasty, script: nasty, actors: ['exec'] }],
        files: [{ processId: 'a', path: nasty, access: ['read'] }],
        dns: [{ processId: 'a', name: nasty, types: [nasty] }],
        network: [{ processId: 'a', direction: 'connect', protocol: 'tcp', peer: nasty }],
        syscalls: [nasty],
        capabilities: [nasty],
      },
    },
    status: { conditions: [] },
  };
  const world = { files: { 'h.json': JSON.stringify(hostile), 'e.json': JSON.stringify({ ...base, metadata: {} }) } };
  const raw = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

  it.each([
    ['show', 'h.json'],
    ['diff', 'e.json', 'h.json', '--all'],
    ['diff', 'e.json', 'h.json', '-o', 'json'],
    ['diff', 'e.json', 'h.json', '-o', 'yaml'],
  ])('never reaches the terminal as it is: profile %s %s', async (...words) => {
    const { out, err, code } = await runCli(['profile', ...words], world);
    expect(code).toBe(0);
    expect(out).toContain('gnp.');
    expect(out + err).not.toMatch(raw);
  });

  it('reads back from JSON and YAML as it was', async () => {
    for (const format of ['json', 'yaml']) {
      const { out } = await runCli(['profile', 'diff', 'e.json', 'h.json', '-o', format], world);
      expect(parse(out)).toHaveProperty('after.name', nasty);
    }
  });

  it('is escaped in errors too', async () => {
    const { err } = await runCli(['profile', 'show', `./${nasty}`]);
    expect(err).toContain('cannot read');
    expect(err).not.toMatch(raw);
  });
});

describe('a wrong command line', () => {
  it.each([
    [[], /Usage: kubectl wsp/],
    [['profile'], /Usage: kubectl wsp profile/],
    [['profil'], /unknown command 'profil'\n\(Did you mean profile(s)?|one of/],
    [['profile', 'dif'], /Did you mean diff\?/],
    [['profile', 'merge'], /missing required argument 'snapshot'/],
    [['profile', 'diff', 'a'], /missing required argument 'after'/],
    [['profile', 'diff', 'a', 'b', 'c'], /too many arguments/],
    [['profile', 'diff', 'a', 'b', '--threshold', '101'], /a whole number from 0 to 100/],
    [['profile', 'diff', 'a', 'b', '-o', 'xml'], /Allowed choices are text, json, yaml/],
    [['profile', 'merge', 'a', '--image', 'A B'], /image reference "A B"/],
    [['profiles', '--imag', 'x'], /Did you mean --image\?/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
  ])('%j ends with 2 and says how it is right', async (words, problem) => {
    const { code, out, err } = await runCli(words);
    expect(err).toMatch(problem);
    expect([code, out]).toEqual([2, '']);
  });

  it('is none if help or the version was asked for', async () => {
    for (const words of [['--help'], ['profile', 'diff', '--help'], ['help', 'profile'], ['--version']]) {
      const { code, out, err } = await runCli(words);
      expect([code, err]).toEqual([0, '']);
      expect(out).not.toBe('');
    }
  });
});

describe('completion', () => {
  const completed = async (...words: string[]): Promise<string[]> =>
    (await runCli(['__complete', '--', ...words])).out.split('\n').filter((word) => word !== '');

  it('knows commands, options and their values', async () => {
    expect(await completed('pro')).toEqual(['profiles', 'profile']);
    expect(await completed('profile', 'di')).toEqual(['diff']);
    expect(await completed('profile', 'diff', '--th')).toEqual(['--threshold']);
    expect(await completed('profile', 'check', '--s')).toEqual(['--since']);
    expect(await completed('profiles', '-o', 'w')).toEqual(['wide']);
    expect(await completed('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(await completed('profile', 'diff', '')).toEqual([]);
  });

  it.each(['bash', 'zsh', 'fish'])('gives a script for %s', async (shell) => {
    const { out, code } = await runCli(['completion', shell]);
    expect(out).toContain('__complete');
    expect(code).toBe(0);
  });
});
