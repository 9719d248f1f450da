/** `profiles` against an API server that has these objects. */
import { expect, it } from 'vitest';
import { sampleProfile } from '../../test/integration/sample-profile.ts';
import { runCli } from './testing.ts';

function sampleThatOmits(name: string, files: number) {
  const profile = sampleProfile(name);
  const evidence = { ...profile.spec.evidence, omitted: { processes: 0, files, dns: 0, network: 0 } };
  return { ...profile, spec: { ...profile.spec, evidence } };
}

const list = (names: Readonly<Record<string, number>>, ...words: string[]) => {
  const items = Object.entries(names).map(([name, files]) => sampleThatOmits(name, files));
  const request = () => Promise.resolve({ items });
  return runCli(['profiles', ...words], { connect: () => ({ request, watch: () => Promise.reject(new Error()) }) });
};

it('says which profiles leave out what was searched for, whatever the output', async () => {
  const objects = { a: 0, b: 7, c: 1, d: 1, e: 1 };
  for (const output of ['table', 'name', 'json']) {
    const { code, err } = await list(objects, '--file', '/srv/backdoor', '-o', output);
    expect(code).toBe(0);
    expect(err).toMatch(/note: 4 profiles may match too: .*, and that was not searched: b, c, d, …\n/);
  }
});

it('says nothing where all was searched, or nothing of what is left out', async () => {
  expect((await list({ a: 0 }, '--file', '/srv/backdoor')).err).toBe('No profile matches.\n');
  expect((await list({ a: 9 }, '--file', '/etc/nginx/**')).err).toBe('');
  expect((await list({ a: 9 }, '--process', 'nginx')).err).toBe('');
  expect((await list({ a: 9 })).err).toBe('');
});
