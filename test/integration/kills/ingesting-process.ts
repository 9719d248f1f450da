/**
 * An operator's ingestion and store, without the rest: `node ingesting-process.ts DATABASE SEED NUMBER…` uploads these in an
 * order of its own, several at once, some of them twice, and beside some a forgery from the future. One line for each answer:
 * `<number> <result>`; `open` before the first. Ends by itself after the last.
 */
import { writeSync } from 'node:fs';
import { minute } from '../../../core/profile/testing.ts';
import { createIngest } from '../../../operator/learning/ingest.ts';
import { openSqliteStore } from '../../../operator/store/sqlite/sqlite-store.ts';
import { bytesOf, inventory, uploadOf } from './uploads.ts';

const [path = '', seed = '', ...numbers] = process.argv.slice(2);
const store = await openSqliteStore({ path });
writeSync(1, 'open\n');

/** Numerical Recipes' generator: repeatable, and good enough to shuffle. */
let state = Number(seed) >>> 0;
const random = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

const ingest = createIngest({
  store,
  inventory,
  grants: { lookup: () => ({ state: 'active' }), completed: () => undefined },
  minCoverageMs: () => 5 * minute,
  learningSnapshots: () => 200,
  othersRun: () => false,
  onOutcome: () => undefined,
  onRefused: () => undefined,
  onLearned: () => undefined,
});

/** The operator's clock in this process: it jumps forth and back between processes, by up to a month. */
const jumped = random(30 * 24 * 60) * minute;

async function upload(number: number): Promise<void> {
  const snapshot = uploadOf(number);
  const bytes = bytesOf(snapshot);
  const { result } = await ingest({ node: 'node-1', snapshot, bytes, receivedAt: snapshot.to + jumped });
  // Synchronous: the line is in the pipe before anything else happens, so the reader misses no answer.
  writeSync(1, `${number} ${result}\n`);
}

async function forge(number: number): Promise<void> {
  const { to, ...rest } = uploadOf(number);
  const forged = { ...rest, to: to + jumped + 66 * minute };
  const { result } = await ingest({
    node: 'node-1',
    snapshot: forged,
    bytes: bytesOf(forged),
    receivedAt: to + jumped,
  });
  if (result !== 'refused') throw new Error(`a snapshot from the future: ${result}`);
}

const work = numbers
  .map(Number)
  .flatMap((number) => [
    () => upload(number),
    ...(random(4) === 0 ? [() => upload(number)] : []),
    ...(random(8) === 0 ? [() => forge(number)] : []),
  ]);
for (let left = work.length; left > 1; left -= 1) {
  const [last, other] = [work[left - 1], random(left)];
  const chosen = work[other];
  if (last !== undefined && chosen !== undefined) [work[left - 1], work[other]] = [chosen, last];
}
await Promise.all(
  Array.from({ length: 6 }, async () => {
    for (let next = work.pop(); next !== undefined; next = work.pop()) await next();
  }),
);
await store.close();
