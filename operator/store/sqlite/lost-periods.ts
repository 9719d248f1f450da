import type { DatabaseSync } from 'node:sqlite';
import type { Image } from '../../../core/image.ts';
import type { LostPeriod } from '../store.ts';
import { integer } from './row.ts';

/** None of these begins a transaction. */
export function lostPeriodTable(database: DatabaseSync) {
  const insert = database.prepare('INSERT INTO lost_periods VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING');
  const count = database.prepare('SELECT count(*) AS count FROM lost_periods WHERE image_name = ? AND image_tag = ?');
  const total = database.prepare('SELECT count(*) AS count FROM lost_periods');
  const remove = database.prepare('DELETE FROM lost_periods WHERE image_name = ? AND image_tag = ?');

  return {
    insert(lost: LostPeriod): boolean {
      const { image } = lost;
      const result = insert.run(lost.containerId, lost.from, lost.to, lost.slotId, lost.node, image.name, image.tag);
      return result.changes === 1;
    },
    count: (image: Image): number => integer(count.get(image.name, image.tag) ?? {}, 'count'),
    total: (): number => integer(total.get() ?? {}, 'count'),
    remove(image: Image): void {
      remove.run(image.name, image.tag);
    },
  };
}
