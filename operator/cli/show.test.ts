import { describe, expect, it } from 'vitest';
import { seenAt, snapshotOf } from '../../core/profile/testing.ts';
import { sampleProfile } from '../../test/integration/sample-profile.ts';
import { runCli } from './testing.ts';

const server = { ...seenAt(), parent: -1, executable: '/usr/bin/server', maxInstances: 1 };

describe('profile show', () => {
  it('says how many blocks a peer was that stands for many', async () => {
    const network = Array.from({ length: 49 }, (_, index) => ({
      ...seenAt(),
      process: 0,
      direction: 'connect' as const,
      protocol: 'tcp' as const,
      address: index < 9 ? `104.16.${index}.1` : `20.${index}.7.1`,
      port: index < 9 ? 443 : 25,
    }));
    const world = { files: { 'a.json': JSON.stringify(snapshotOf(1, { processes: [server], network })) } };
    const merge = await runCli(['profile', 'merge', 'a.json'], world);
    const { out } = await runCli(['profile', 'show', 'p.json'], { files: { 'p.json': merge.out } });
    expect(out).toContain('net  connect tcp external 104.16.0.0/16 port 443 (9 blocks)');
    expect(out).toMatch(/connect tcp external 0\.0\.0\.0\/0 port 25 \(all over the Internet, about \d+ blocks\)/);

    const other = { 'a.json': world.files['a.json'], 'b.json': JSON.stringify(snapshotOf(2, { processes: [server] })) };
    const both = await runCli(['profile', 'merge', 'a.json', 'b.json'], { files: other });
    const shown = await runCli(['profile', 'show', 'p.json'], { files: { 'p.json': both.out } });
    expect(shown.out).toContain('104.16.0.0/16 port 443 (9 blocks) by one container: not known');
  });
});

describe('profile show, of names', () => {
  it('says how many workloads are not named', async () => {
    const profile = sampleProfile('web');
    const evidence = { ...profile.spec.evidence, workloads: ['a/Pod/1', 'b/Pod/1'], workloadsOmitted: 6 };
    const files = { 'p.json': JSON.stringify({ ...profile, spec: { ...profile.spec, evidence } }) };
    const { out } = await runCli(['profile', 'show', 'p.json'], { files });
    expect(out).toContain('workloads    a/Pod/1, b/Pod/1, … (6 more)\n');
  });

  it('says how many a pattern stands for', async () => {
    const files = ['1.log', '2.log', '3.log', '4.log', '5.log', 'tmp62_qw223'].map((name) => {
      return { ...seenAt(), process: 0, path: `/srv/${name}`, access: ['read' as const] };
    });
    const dns = [1, 2, 3, 4].map((number) => {
      return { ...seenAt(), process: 0, name: `shard-${number}.db.example.com`, types: ['A'] };
    });
    const world = { files: { 'a.json': JSON.stringify(snapshotOf(1, { processes: [server], files, dns })) } };
    const merge = await runCli(['profile', 'merge', 'a.json'], world);
    const { out } = await runCli(['profile', 'show', 'p.json'], { files: { 'p.json': merge.out } });
    expect(out).toContain('file /srv/{digits}.log (read, 5 names)');
    expect(out).toContain('file /srv/tmp{random8} (read, 1 name)');
    expect(out).toContain('name shard-{digits}.db.example.com (A, 4 names)');
  });
});

describe('profile diff', () => {
  it('says what either profile calls files whose patterns overlap', async () => {
    const reads = (...names: string[]) =>
      JSON.stringify(
        snapshotOf(1, {
          processes: [server],
          files: names.map((name) => ({ ...seenAt(), process: 0, path: `/srv/${name}.log`, access: ['read'] })),
        }),
      );
    const world = {
      files: { 'a.json': reads('1a2b3c', 'b4c5d6', 'x9y8z7', 'a7b8c9'), 'b.json': reads('ab1', 'ab22', 'ab3', 'ab4') },
    };
    const before = await runCli(['profile', 'merge', 'a.json'], world);
    const after = await runCli(['profile', 'merge', 'b.json'], world);
    const both = { files: { 'x.json': before.out, 'y.json': after.out } };
    const { out } = await runCli(['profile', 'diff', 'x.json', 'y.json'], both);
    expect(out).toContain(
      '~ file /srv/ab{digits}.log; partly known, was /srv/{mixed6}.log, is /srv/ab{digits}.log  by /usr/bin/server',
    );
    const { out: data } = await runCli(['profile', 'diff', 'x.json', 'y.json', '-o', 'json'], both);
    expect(JSON.parse(data)).toMatchObject({
      counts: { new: 0, changed: 1, gone: 0 },
      differences: [{ overlapping: { before: ['/srv/{mixed6}.log'], after: ['/srv/ab{digits}.log'] } }],
    });
  });
});
