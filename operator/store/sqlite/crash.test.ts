import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { everySnapshot } from '../testing/every-snapshot.ts';
import { openSqliteStore } from './sqlite-store.ts';

const program = fileURLToPath(new URL('./testing/committing-process.ts', import.meta.url));
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'store-crash-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Lets a process commit, kills it after so many acknowledgements, and returns every acknowledgement that it gave. */
async function commitAndKill(path: string, acknowledgements: number): Promise<string[]> {
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === acknowledgements) child.kill('SIGKILL');
  }
  return lines;
}

it('keeps every acknowledged commit exactly once when its process is killed again and again', async () => {
  const path = join(directory, 'operator.db');
  const acknowledged: string[] = [];
  for (const count of [1, 17, 40, 64, 90]) acknowledged.push(...(await commitAndKill(path, count)));
  expect(acknowledged.length).toBeGreaterThanOrEqual(212);

  // Opening checks the integrity of the file.
  const store = await openSqliteStore({ path });
  for (const line of acknowledged) expect(await store.hasSnapshot(line.split(' ').at(2) ?? '')).toBe(true);
  for (const { image, version } of await store.profiles({ limit: 10 })) {
    const stored = await everySnapshot(store, image);
    const versions = stored.map((snapshot) => snapshot.bytes.at(0));
    // One snapshot for each version, in order, none twice, none missing; evidence and profile tell the same version.
    expect(versions).toEqual(Array.from({ length: version }, (_, index) => (index + 1) % 256));
    const evidence = await store.evidence(image);
    expect(new TextDecoder().decode(evidence?.evidence)).toBe(`evidence ${version}`);
  }
  await store.close();
});
