/** The pool of address ranges: claimed by many at once, never twice, and a clear end when it is empty. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const library = new URL('addresses.sh', import.meta.url).pathname;
const scripts = {
  // Ranges that this machine happens to use elsewhere would make the outcome depend on it.
  claim: 'claims=$2 state=$2/state/$3 cluster=$3; in_use() { false; }; claim_slot',
  release: 'claims=$2 state=$2/state/$3 cluster=$3; release_slot',
  namesake: 'claims=$2 state=$2/elsewhere/$3 cluster=$3; in_use() { false; }; claim_slot',
} as const;

let claims = '';
beforeEach(() => {
  claims = mkdtempSync(join(tmpdir(), 'wsp-addresses-'));
});
afterEach(() => {
  rmSync(claims, { recursive: true, force: true });
});

const bash = async (script: keyof typeof scripts, cluster: string): Promise<string> => {
  const { stdout } = await promisify(execFile)('bash', [
    '-c',
    `. "$1"; ${scripts[script]}`,
    'bash',
    library,
    claims,
    cluster,
  ]);
  return stdout.trim();
};

test('twenty clusters at once: sixteen ranges, each given once, four clear refusals', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, async (_, index) => bash('claim', `c${index}`)));
  const slots = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [Number(outcome.value)] : []));
  expect(slots.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, index) => index));
  const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
  expect(refusals).toHaveLength(4);
  for (const refusal of refusals) expect(refusal).toMatch(/no address range is left.*\n.*ranges of clusters: .*c\d/);
});

test('a cluster keeps its range, and gives it back', async () => {
  expect(await bash('claim', 'first')).toBe('0');
  expect(await bash('claim', 'second')).toBe('1');
  expect(await bash('claim', 'first')).toBe('0');
  await bash('release', 'first');
  expect(readdirSync(join(claims, 'addresses'))).toEqual(['1']);
  expect(await bash('claim', 'third')).toBe('0');
});

test('one name, two state folders: refused, because both would have the same control group', async () => {
  await bash('claim', 'wsp');
  await expect(bash('namesake', 'wsp')).rejects.toThrow(/exists already, with its state in .*state\/wsp/);
});
