import type { DatabaseSync } from 'node:sqlite';
import type { Image } from '../../../core/image.ts';
import { integer } from './row.ts';

/** None of these begins a transaction. */
export function restartTable(database: DatabaseSync) {
  const get = database.prepare('SELECT count FROM restarts WHERE image_name = ? AND image_tag = ?');
  const put = database.prepare(
    'INSERT INTO restarts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = excluded.count',
  );
  const remove = database.prepare('DELETE FROM restarts WHERE image_name = ? AND image_tag = ?');
  const trim = database.prepare(`DELETE FROM restarts WHERE (image_name, image_tag) NOT IN
    (SELECT image_name, image_tag FROM profiles UNION SELECT image_name, image_tag FROM archive)`);

  return {
    get({ name, tag }: Image): number {
      const row = get.get(name, tag);
      return row === undefined ? 0 : integer(row, 'count');
    },

    set({ name, tag }: Image, count: number): void {
      if (count === 0) remove.run(name, tag);
      else put.run(name, tag, count);
    },

    /** Those of images of which nothing else is known. */
    trim: (): void => void trim.run(),
  };
}
