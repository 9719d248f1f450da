import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Recording } from '../../core/activity/testing/recording.ts';
import { compileProfile } from '../../core/match/compile.ts';
import { compiledDigest } from '../../core/match/compiled-format.ts';
import { evidenceOf } from '../../core/match/testing.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'compiled-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Of one profile, as an operator that begins now gives it. */
async function addressAfterStart(database: string, backup?: string): Promise<string> {
  const store = await openSqliteStore({ path: join(directory, database) });
  const secret = await store.secret('compiled-profiles', randomBytes(32));
  if (backup !== undefined) await store.backup(join(directory, backup));
  await store.close();
  const evidence = evidenceOf(new Recording().exec(1, '/bin/sh').open(1, '/a').events);
  return compiledDigest(compileProfile(evidence, { secret }));
}

it('equal content has an equal address after a restart and in a restored backup, and another one in another cluster', async () => {
  const first = await addressAfterStart('store.db', 'backup.db');
  expect(first).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await addressAfterStart('store.db')).toBe(first);
  copyFileSync(join(directory, 'backup.db'), join(directory, 'restored.db'));
  expect(await addressAfterStart('restored.db')).toBe(first);
  expect(await addressAfterStart('another.db')).not.toBe(first);
});
