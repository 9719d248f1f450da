import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitOf, containerId, snapshotRecord } from '../testing/records.ts';
import { sqliteDatabase } from './database.ts';
import { networkFileSystem } from './file-system.ts';
import { migrate, migrations, schemaVersion } from './migrations/migrate.ts';
import { openDatabase } from './open.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-open-'));
  path = join(directory, 'operator.db');
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = () => openDatabase({ path, lockTimeoutMs: 0 });

function fill(commits: number): void {
  const store = sqliteDatabase(open().database, path);
  for (let n = 1; n <= commits; n += 1) {
    const snapshot = snapshotRecord({ containerId: containerId(n), bytes: new Uint8Array(30_000).fill(n) });
    store.commitSnapshot(commitOf(n, snapshot));
  }
  store.close();
}

describe('opening', () => {
  it('creates a database once, with every migration, and finds it again', () => {
    const first = open();
    expect(first).toMatchObject({ created: true, migrated: [] });
    expect(schemaVersion(first.database)).toBe(migrations.length);
    first.database.close();
    const second = open();
    expect(second).toMatchObject({ created: false, migrated: [] });
    second.database.close();
  });

  it('begins again after a crash that left a database half made', () => {
    writeFileSync(`${path}.new`, 'half');
    const { database, created } = open();
    expect(created).toBe(true);
    database.close();
    expect(existsSync(`${path}.new`)).toBe(false);
  });

  it('tells a second opener that the database is in use, and keeps its own lock', () => {
    const { database } = open();
    expect(open).toThrow(expect.objectContaining({ kind: 'locked' }));
    expect(open).toThrow(/another process has it open/);
    database.close();
    open().database.close();
  });

  it.each([
    ['garbage', 'not-a-database', () => writeFileSync(path, 'This is a letter, not a database. '.repeat(500))],
    ['an empty file', 'corrupt', () => writeFileSync(path, '')],
    ['a log whose database is gone', 'corrupt', () => writeFileSync(`${path}-wal`, 'log')],
    ['a directory', 'cannot-open', () => mkdirSync(path)],
    ['a missing directory', 'cannot-open', () => (path = join(directory, 'missing', 'operator.db'))],
  ])('refuses %s as %s and leaves it as it is', (_, kind, prepare) => {
    prepare();
    const before = existsSync(path);
    expect(open).toThrow(expect.objectContaining({ name: 'StoreError', kind }));
    expect(open).toThrow(path);
    expect(existsSync(path)).toBe(before);
  });

  it('refuses a database of another program', () => {
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE letters (text TEXT)');
    other.close();
    expect(open).toThrow(expect.objectContaining({ kind: 'foreign' }));
  });

  it('refuses a database of a newer operator and does not touch it', () => {
    open().database.close();
    const newer = new DatabaseSync(path);
    newer.exec(`PRAGMA user_version = ${migrations.length + 1}`);
    newer.close();
    const before = readFileSync(path);
    expect(open).toThrow(expect.objectContaining({ kind: 'newer' }));
    expect(open).toThrow(/run the newer operator again/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('finds damage anywhere in the structure of the file', () => {
    fill(20);
    const whole = join(directory, 'whole.db');
    copyFileSync(path, whole);
    const size = readFileSync(whole).length;
    truncateSync(path, size / 2);
    expect(open).toThrow(expect.objectContaining({ kind: 'corrupt' }));
    // The first page of a B-tree of the second table and later: headers that SQLite relies on.
    for (const page of [3, 4, 5]) {
      const damaged = readFileSync(whole);
      damaged.fill(0xff, page * 8_192, page * 8_192 + 64);
      writeFileSync(path, damaged);
      expect(open, `page ${page}`).toThrow(expect.objectContaining({ kind: 'corrupt' }));
    }
  });

  it('leaves the raw snapshots of a large file unchecked, and nothing else', () => {
    fill(20);
    const whole = readFileSync(path);
    const limited = () => openDatabase({ path, lockTimeoutMs: 0, wholeCheckBytes: 100_000 });
    const { database, checkedWhole } = limited();
    expect(checkedWhole).toBe(false);
    const rootOf = (table: string) =>
      Number(database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(table)?.['rootpage']);
    const roots = { snapshots: rootOf('snapshots'), bytes: rootOf('snapshot_bytes') };
    database.close();
    const damage = (page: number): void =>
      writeFileSync(path, Buffer.from(whole).fill(0xff, (page - 1) * 8_192, (page - 1) * 8_192 + 64));
    damage(roots.bytes);
    limited().database.close();
    expect(open).toThrow(expect.objectContaining({ kind: 'corrupt' }));
    damage(roots.snapshots);
    expect(limited).toThrow(expect.objectContaining({ kind: 'corrupt' }));
  });

  it('gives space back to the volume after a trim', () => {
    fill(50);
    const store = sqliteDatabase(open().database, path);
    const before = store.usage().bytes;
    expect(store.trimSnapshots({ before: 0, bytes: 0 })).toEqual({ byAge: 0, byBytes: 50 });
    expect(store.trimSnapshots({ before: 0, bytes: 0 })).toEqual({ byAge: 0, byBytes: 0 });
    store.close();
    expect(readFileSync(path).length).toBeLessThan(before - 1_000_000);
  });
});

describe('migrations', () => {
  it('apply what is missing, in order, and leave nothing of one that fails', () => {
    const { database } = open();
    const second = 'CREATE TABLE second (a TEXT) STRICT';
    const broken = 'CREATE TABLE third (a TEXT) STRICT; CREATE TABLE second (a TEXT) STRICT';
    expect(() => migrate(database, [...migrations, second, broken])).toThrow(/already exists/);
    expect(schemaVersion(database)).toBe(migrations.length + 1);
    expect(database.prepare("SELECT name FROM sqlite_schema WHERE name IN ('second', 'third')").all()).toEqual([
      { name: 'second' },
    ]);
    expect(migrate(database, [...migrations, second, 'CREATE TABLE third (a TEXT) STRICT'])).toEqual([
      migrations.length + 2,
    ]);
    database.close();
  });
});

it.each([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  // As a signed word, which is how some platforms report it.
  [0xff534d42 | 0, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x7461636f, 'OCFS2'],
  [0x01161970, 'GFS2'],
  [0xef53, undefined],
  [0x01021994, undefined],
])('statfs type %i is the network file system %s', (magic, name) => {
  expect(networkFileSystem(magic)).toBe(name);
});
