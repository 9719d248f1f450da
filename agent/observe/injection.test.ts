import { describe, expect, it } from 'vitest';
import type { Injected } from '../../core/activity/tree.ts';
import { commandDigest } from '../../core/wire/command-digest.ts';
import { Probes } from './injection.ts';

const podUid = '6f2c1a04-9d3e-4b7a-8c55-1e2f3a4b5c6d';
const container = { id: '0'.repeat(64), name: 'web', podUid, podName: '', podNamespace: '' };
const probe = ['pg_isready', '-U', 'app'];
const script = ['probe.sh', 'fast'];
const probes = new Probes([
  { podUid, container: 'web', digests: [probe, script].map(commandDigest) },
  { podUid, container: 'sidecar', digests: [commandDigest(['/sidecar'])] },
  { podUid: 'another', container: 'web', digests: [commandDigest(['/other'])] },
]);

function program(argv: readonly string[], changes: Partial<Injected> = {}): Injected {
  return { argv, argsTruncated: false, filename: `/bin/${argv[0] ?? ''}`, tty: '', ...changes };
}

describe('what the runtime runs in a container', () => {
  it.each([
    ['a probe of it', program(probe), 'probe'],
    ['a probe with one argument more', program([...probe, '-v']), 'exec'],
    ['a probe whose arguments run together', program(['pg_isready -U', 'app']), 'exec'],
    ['the beginning of more arguments', program(probe, { argsTruncated: true }), 'exec'],
    ['a probe typed at a terminal', program(probe, { tty: 'pts0' }), 'interactive'],
    ['a shell without a terminal', program(['sh']), 'exec'],
    ['the probe of its neighbour', program(['/sidecar']), 'exec'],
    ['the probe of another pod', program(['/other']), 'exec'],
    ['nothing at all', program([]), 'exec'],
    [
      'a script, which the kernel hands to its interpreter',
      program(['/bin/sh', '-e', '/usr/bin/probe.sh', 'fast'], { filename: '/usr/bin/probe.sh' }),
      'probe',
    ],
    [
      'an interpreter with the script as its argument',
      program(['/bin/sh', '/usr/bin/probe.sh', 'fast'], { filename: '/bin/sh' }),
      'exec',
    ],
  ])('%s', (_, injected, actor) => {
    expect(probes.actorOf(injected, container)).toBe(actor);
  });

  it('is any probe of the pod where the runtime does not tell the name of the container', () => {
    expect(probes.actorOf(program(['/sidecar']), { ...container, name: '' })).toBe('probe');
    expect(new Probes([]).actorOf(program(probe), container)).toBe('exec');
  });
});
