import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { nginx } from '../../testing/records.ts';
import { sqliteDatabase } from '../database.ts';
import { migrate, migrations } from './migrate.ts';

it('marks from before they knew their namespace still hold, and are released', () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, migrations.slice(0, 4));
  const insert = database.prepare('INSERT INTO quarantine VALUES (?, ?, ?, ?, ?)');
  insert.run(nginx.name, nginx.tag, 'c', 'p', 5);
  insert.run(nginx.name, nginx.tag, 'd', '', 6);
  migrate(database);
  const store = sqliteDatabase(database, ':memory:');
  const [c, d] = [
    { containerId: 'c', processId: 'p', since: 5 },
    { containerId: 'd', since: 6 },
  ];
  expect(store.quarantined(nginx)).toEqual([c, d]);
  expect(store.quarantine(nginx, { ...d, since: 4 }, 'shop')).toBe('marked');
  expect(store.quarantined(nginx)).toEqual([c, { ...d, since: 4 }]);
  database.close();
});
