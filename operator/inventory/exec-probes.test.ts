import { describe, expect, it } from 'vitest';
import { commandDigest } from '../../core/wire/command-digest.ts';
import { execProbes } from './exec-probes.ts';

const exec = (...command: readonly string[]) => ({ exec: { command: [...command] } });
const digestsOf = (fields: Partial<Parameters<typeof execProbes>[0][number]>): readonly string[] =>
  execProbes([{ name: 'web', ...fields }]).flatMap(({ digests }) => digests);

describe('exec probes of a pod', () => {
  it('are those of every probe and hook that runs a command, each once', () => {
    const web = {
      name: 'web',
      startupProbe: exec('/probe'),
      readinessProbe: exec('/probe'),
      livenessProbe: {},
      lifecycle: { postStart: exec('sh', '-c', 'register'), preStop: exec('sh', '-c', 'leave') },
    };
    expect(execProbes([web, { name: 'plain' }, { name: 'empty', livenessProbe: exec() }])).toEqual([
      {
        container: 'web',
        digests: [['/probe'], ['sh', '-c', 'register'], ['sh', '-c', 'leave']].map(commandDigest),
      },
    ]);
  });

  it('are named as exec events show them', () => {
    expect(digestsOf({ livenessProbe: exec('/p', 'a\\b', 'ü\n') })).toEqual([
      commandDigest(['/p', 'a\\\\b', 'ü\\x0a']),
    ]);
  });

  it.each([
    ['$(PORT)/$(NONE)', '80/$(NONE)'],
    ['$$(PORT) $$$(PORT) $PORT $$', '$(PORT) $80 $PORT $'],
    ['$(A$(PORT) $(PORT', '$(A$(PORT) $(PORT'],
    ['$(SECRET)', ''],
  ])('have the static environment put in by the kubelet, hooks have not: %s', (given, expanded) => {
    const env = [{ name: 'PORT', value: '80' }, { name: 'SECRET' }];
    const fields = { env, livenessProbe: exec(given), lifecycle: { preStop: exec(given) } };
    expect(digestsOf(fields)).toEqual([...new Set([expanded, given])].map((text) => commandDigest([text])));
  });

  it('are left out where they are longer than agents see, also when they only become so', () => {
    const env = [{ name: 'LONG', value: 'x'.repeat(5_000) }];
    expect(digestsOf({ livenessProbe: exec('x'.repeat(5_000)) })).toEqual([]);
    expect(digestsOf({ env, livenessProbe: exec('$(LONG)') })).toEqual([]);
  });
});
