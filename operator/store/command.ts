/**
 * What a person does with the store, beside the operator in its container:
 *
 *     kubectl exec operator-0 -- /usr/local/bin/node /app/store.js backup > store.db
 *     kubectl exec -i operator-0 -- /usr/local/bin/node /app/store.js restore < store.db
 *     node store.js check FILE
 */
import { createReadStream, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { requestBackup } from './backup-socket.ts';
import { StoreError } from './errors.ts';
import { checkCopy } from './sqlite/check.ts';
import { migrations } from './sqlite/migrations/migrate.ts';
import { layDownBackup, replacedPath } from './sqlite/restore.ts';

const usage = `usage: store.js backup > FILE     a copy of the store of the operator that runs here
       store.js restore < FILE    puts a copy in its place at the next start of the operator
       store.js check FILE        whether a copy is whole
`;

/** What people read goes to standard error: standard output is the backup. */
const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function backup(path: string): Promise<void> {
  if (process.stdout.isTTY) throw new StoreError('invalid', 'a backup is no text for a terminal: send it to a file');
  const copy = await requestBackup(path);
  try {
    const schema = checkCopy(copy, 'the copy that the operator made');
    const { size } = statSync(copy);
    await pipeline(createReadStream(copy), process.stdout);
    say(`${size} bytes, schema ${schema}, checked`);
  } finally {
    rmSync(copy, { force: true });
  }
}

async function restore(path: string): Promise<void> {
  const schema = await layDownBackup(path, process.stdin).catch((error: unknown) => {
    say('nothing was restored:');
    throw error;
  });
  const newest = migrations.length;
  const brought = schema < newest ? ` (to be brought up to ${newest})` : '';
  say(
    `schema ${schema}${brought}, checked; it takes the place of ${path} when the operator starts next: delete its pod.`,
  );
  say(`What is there now will be kept as ${replacedPath(path)}.`);
}

async function run([command, file]: readonly string[]): Promise<void> {
  const path = join(process.env['WSP_DATA_DIR'] ?? '/data', 'store.db');
  if (command === 'backup' && file === undefined) await backup(path);
  else if (command === 'restore' && file === undefined) await restore(path);
  else if (command === 'check' && file !== undefined) say(`schema ${checkCopy(file, file)}, whole`);
  else throw new StoreError('invalid', usage);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
