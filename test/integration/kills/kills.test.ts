/** SIGKILL at random points of ingestion, again and again: what was acknowledged is there, once. */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { minute } from '../../../core/profile/testing.ts';
import { emptyEvidence, type Evidence } from '../../../core/profile/evidence.ts';
import { evidenceOfSnapshot } from '../../../core/profile/from-snapshot.ts';
import { mergeEvidence } from '../../../core/profile/merge.ts';
import { packEvidence } from '../../../operator/learning/evidence-bytes.ts';
import { rebuild } from '../../../operator/learning/rebuild.ts';
import { openSqliteStore } from '../../../operator/store/sqlite/sqlite-store.ts';
import { imageOf, images, inventory, uploadOf } from './uploads.ts';

/** KILLS=200 for as many. */
const kills = Number(process.env['KILLS'] ?? 20);
const program = fileURLToPath(new URL('./ingesting-process.ts', import.meta.url));
/** Uploads that a process has to do: more than it gets done before it is killed. */
const window = 120;

interface Run {
  readonly path: string;
  readonly seed: number;
  readonly numbers: readonly number[];
  readonly onAnswer: (number: number, result: string) => void;
  /** Milliseconds, counted from the spawn or from the opening of the store; undefined: it is let live. */
  readonly killAfter?: { readonly event: 'spawn' | 'open'; readonly ms: number };
}

/** @returns whether the process ended by itself */
async function runProcess({ path, seed, numbers, onAnswer, killAfter }: Run): Promise<boolean> {
  const args = [program, path, `${seed}`, ...numbers.map(String)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const kill = async (ms: number): Promise<void> => {
    await setTimeout(ms);
    child.kill('SIGKILL');
  };
  let killing = killAfter?.event === 'spawn' ? kill(killAfter.ms) : undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const [number, result] = line.split(' ');
    if (result !== undefined) onAnswer(Number(number), result);
    else if (killAfter?.event === 'open') killing = kill(killAfter.ms);
  }
  await killing;
  const code = await ended;
  if (code !== null && code !== 0) throw new Error(`the process ended with ${code}`);
  return code === 0;
}

/** What a single process that nobody kills would have learned of an image. */
function learned(numbers: readonly number[]): Evidence {
  return numbers
    .map((number) => {
      const snapshot = uploadOf(number);
      const record = inventory.container(snapshot.container.id);
      return evidenceOfSnapshot(snapshot, {
        node: 'node-1',
        namespace: 'shop',
        workload: 'shop/Deployment/shop',
        digest: record?.digest,
        notBefore: snapshot.from - 5 * minute,
        notAfter: snapshot.to + 5 * minute,
        resolve: (question) => inventory.resolve(question),
      });
    })
    .reduce((all, one) => mergeEvidence(all, one), emptyEvidence);
}

test(`${kills} kills while snapshots are ingested`, { timeout: kills * 10_000 + 60_000 }, async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'kills-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, 'store.db');
  const acknowledged = new Set<number>();
  const accepted = new Map<number, number>();
  const onAnswer = (number: number, result: string): void => {
    expect(['accepted', 'duplicate']).toContain(result);
    acknowledged.add(number);
    if (result === 'accepted') accepted.set(number, (accepted.get(number) ?? 0) + 1);
  };
  /** As an agent does: what was not acknowledged is sent again, and new ones come along. */
  let next = 0;
  const due = new Set<number>();
  const seed = randomInt(2 ** 31);
  await context.annotate(`seed ${seed}`);

  for (let run = 0; run < kills; run += 1) {
    for (const number of due) if (acknowledged.has(number)) due.delete(number);
    while (due.size < window) due.add(next++);
    const early = run % 5 === 4;
    const killAfter = { event: early ? 'spawn' : 'open', ms: randomInt(early ? 600 : 150) } as const;
    await runProcess({ path, seed: seed + run, numbers: [...due], onAnswer, killAfter });
  }
  const numbers = Array.from({ length: next }, (_, number) => number);
  const left = numbers.filter((number) => !acknowledged.has(number));
  expect(await runProcess({ path, seed, numbers: left, onAnswer })).toBe(true);
  expect(acknowledged.size).toBe(next);
  // An answer may be lost with its process; a second "accepted" would be a second count.
  expect([...accepted.values()].filter((count) => count > 1)).toEqual([]);

  const store = await openSqliteStore({ path });
  for (const image of images) {
    const mine = numbers.filter((number) => imageOf(number) === image);
    const read = await store.evidence(image);
    expect(read?.profile).toMatchObject({
      snapshots: mine.length,
      countedSnapshots: mine.length,
      version: mine.length,
      containers: 4,
    });
    const expected = (await packEvidence(learned(mine))).bytes;
    expect(Buffer.compare(read?.evidence ?? new Uint8Array(), expected)).toBe(0);
    const rebuilt = await rebuild(store, image);
    expect(rebuilt.snapshots).toBe(mine.length);
    expect(Buffer.compare((await packEvidence(rebuilt.evidence)).bytes, expected)).toBe(0);
  }
  expect(await store.usage()).toMatchObject({ snapshots: next });
  await store.close();
});
