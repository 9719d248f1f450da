import { describe, expect, it } from 'vitest';
import { seenAt, snapshotOf } from '../../core/profile/testing.ts';
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
  });
});
