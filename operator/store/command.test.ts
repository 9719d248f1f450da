import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { zstdDecompressSync } from 'node:zlib';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serveBackups } from './backup-socket.ts';
import { openSqliteStore, type SqliteStore } from './sqlite/sqlite-store.ts';
import { goldenFile } from './sqlite/testing/golden.ts';
import { everySnapshot } from './testing/every-snapshot.ts';
import { commitOf, containerId, nginx, snapshotRecord } from './testing/records.ts';

const program = fileURLToPath(new URL('./command.ts', import.meta.url));
const log = pino({ enabled: false });
let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-command-'));
  path = join(directory, 'store.db');
});
afterEach(() => rmSync(directory, { recursive: true }));

async function run(args: readonly string[], input: Uint8Array = new Uint8Array(), data = directory) {
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, WSP_DATA_DIR: data } });
  // A program that refuses its input early is told by its exit.
  child.stdin.on('error', () => undefined).end(input);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [output, messages] = await Promise.all([buffer(child.stdout), text(child.stderr)]);
  return { code: await ended, output, messages };
}

/** What stands for an operator: the store, and who may ask it for backups. */
async function operate<T>(work: (store: SqliteStore) => Promise<T>): Promise<T> {
  const store = await openSqliteStore({ path });
  const stop = new AbortController();
  const serving = serveBackups({ store, path, log }, stop.signal);
  try {
    return await work(store);
  } finally {
    stop.abort();
    await serving;
    await store.close();
  }
}

const commit = (store: SqliteStore, version: number) =>
  store.commitSnapshot(
    commitOf(
      version,
      snapshotRecord({ containerId: containerId(version), bytes: new Uint8Array(50_000).fill(version) }),
    ),
  );

/** The version of the profile, after checking that exactly the snapshots of this version are there. */
async function wholeVersion(store: SqliteStore): Promise<number> {
  const read = await store.evidence(nginx);
  const version = read?.profile.version ?? 0;
  expect(new TextDecoder().decode(read?.evidence)).toBe(`evidence ${version}`);
  const snapshots = await everySnapshot(store, nginx);
  expect(snapshots.map(({ bytes }) => bytes.at(0))).toEqual(Array.from({ length: version }, (_, n) => (n + 1) % 256));
  return version;
}

describe('backup and restore', () => {
  it('bring back what was acknowledged before the backup, and nothing half, while commits go on', async () => {
    const { output, messages, before, after } = await operate(async (store) => {
      for (let version = 1; version <= 40; version += 1) await commit(store, version);
      const done = new AbortController();
      const asked = run(['backup']).finally(() => done.abort());
      let version = 40;
      while (!done.signal.aborted) {
        version += 1;
        await commit(store, version);
      }
      return { ...(await asked), before: 40, after: version };
    });
    expect(messages).toMatch(/^\d+ bytes, schema \d+, checked\n$/);
    expect(readdirSync(directory)).toEqual(['store.db']);

    const elsewhere = join(directory, 'elsewhere');
    mkdirSync(elsewhere);
    expect(await run(['restore'], output, elsewhere)).toMatchObject({ code: 0 });
    const restored = await openSqliteStore({ path: join(elsewhere, 'store.db') });
    expect(restored.opened).toMatchObject({ restored: true, created: false });
    const version = await wholeVersion(restored);
    expect(version).toBeGreaterThanOrEqual(before);
    expect(version).toBeLessThanOrEqual(after);
    expect(await commit(restored, version + 1)).toBe('stored');
    await restored.close();
  });

  it('work while the operator runs; what was there is kept, and is no part of what follows', async () => {
    const { output } = await operate(async (store) => {
      await commit(store, 1);
      const taken = await run(['backup']);
      await commit(store, 2);
      expect((await run(['restore'], taken.output)).messages).toContain('delete its pod');
      expect(await wholeVersion(store)).toBe(2);
      copyFileSync(`${path}-wal`, `${path}-log`);
      return taken;
    });
    // As if it had been killed: its log is still there.
    renameSync(`${path}-log`, `${path}-wal`);
    await operate(async (store) => {
      expect(store.opened.restored).toBe(true);
      expect(await wholeVersion(store)).toBe(1);
    });
    const replaced = await openSqliteStore({ path: `${path}.replaced` });
    expect(await wholeVersion(replaced)).toBe(2);
    await replaced.close();
    expect(output.length).toBeGreaterThan(50_000);
  });

  it('mend a database that cannot be opened, and keep the damaged one as it was', async () => {
    const { output } = await operate(async (store) => {
      await commit(store, 1);
      return run(['backup']);
    });
    const damaged = readFileSync(path).fill(0xff, 0, 50);
    writeFileSync(path, damaged);
    await expect(openSqliteStore({ path })).rejects.toMatchObject({ kind: 'not-a-database' });
    await run(['restore'], output);
    await operate(async (store) => expect(await wholeVersion(store)).toBe(1));
    expect(readFileSync(`${path}.replaced`).equals(damaged)).toBe(true);
  });

  it.each(['with the log moved', 'with log and database moved'])('go on after a crash %s', async (state) => {
    const { output } = await operate(async (store) => {
      await commit(store, 1);
      return run(['backup']);
    });
    await operate((store) => commit(store, 2));
    await run(['restore'], output);
    writeFileSync(`${path}.replaced-wal`, 'log');
    if (state.includes('database')) renameSync(path, `${path}.replaced`);
    await operate(async (store) => expect(await wholeVersion(store)).toBe(1));
    expect(existsSync(`${path}.restore`)).toBe(false);
  });
});

/** The bytes of a database after these words of SQL. */
function databaseOf(sql: string, before: Uint8Array = new Uint8Array()): Uint8Array {
  const file = join(mkdtempSync(join(tmpdir(), 'store-made-')), 'made.db');
  try {
    writeFileSync(file, before);
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
    return readFileSync(file);
  } finally {
    rmSync(dirname(file), { recursive: true });
  }
}

it('a backup of an older operator is taken, and says what will become of it', async () => {
  const { code, messages } = await run(['restore'], zstdDecompressSync(readFileSync(goldenFile(1))));
  expect(code).toBe(0);
  expect(messages).toMatch(/^schema 1 \(to be brought up to \d+\), checked/);
  const opened = await operate((store) => Promise.resolve(store.opened));
  expect(opened.restored).toBe(true);
  expect(opened.migrated).toContain(2);
});

describe('refusals', () => {
  it.each([
    ['a letter', () => Buffer.from('This is a letter, not a database. '.repeat(500)), 'is not an SQLite database'],
    ['nothing', () => Buffer.alloc(0), 'is empty'],
    ['half a backup', (whole: Uint8Array) => whole.subarray(0, whole.length / 2), 'is damaged or incomplete'],
    ['what another program keeps', () => databaseOf('CREATE TABLE theirs (id)'), 'of another program'],
    [
      'what a newer operator keeps',
      (whole: Uint8Array) => databaseOf('PRAGMA user_version = 99', whole),
      'is of a newer operator; this one knows schemas up to',
    ],
  ])('to restore %s, and nothing is laid down', async (_, made, reason) => {
    const { output } = await operate(async (store) => {
      await commit(store, 1);
      return run(['backup']);
    });
    const { code, messages } = await run(['restore'], made(output));
    expect(code).toBe(1);
    expect(messages).toMatch(/^nothing was restored:\nwhat came on standard input is /);
    expect(messages).toContain(reason);
    expect(readdirSync(directory)).toEqual(['store.db']);
  });

  it('to back up what no operator has open, and words that mean nothing', async () => {
    expect(await run(['backup'])).toMatchObject({
      code: 1,
      messages: expect.stringContaining('no operator has it open') as unknown,
    });
    expect(await run(['backup', 'FILE'])).toMatchObject({
      code: 1,
      messages: expect.stringMatching(/^usage/) as unknown,
    });
  });

  it('to call a damaged copy whole', async () => {
    await operate((store) => commit(store, 1));
    const copy = join(directory, 'copy.db');
    copyFileSync(path, copy);
    expect(await run(['check', copy])).toMatchObject({
      code: 0,
      messages: expect.stringContaining('whole') as unknown,
    });
    writeFileSync(copy, readFileSync(path).fill(0xff, 3 * 8_192, 3 * 8_192 + 64));
    expect(await run(['check', copy])).toMatchObject({
      code: 1,
      messages: expect.stringContaining(`${copy} is damaged or incomplete`) as unknown,
    });
  });
});
