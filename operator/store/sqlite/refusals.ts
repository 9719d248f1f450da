import type { DatabaseSync } from 'node:sqlite';
import type { Image } from '../../../core/image.ts';
import { StoreError } from '../errors.ts';
import { refusalsPerImage, refusalsRead } from '../limits.ts';
import type { Refusal, RefusalOfImage } from '../lifecycle.ts';
import { integer, text, type Row } from './row.ts';

function refusalOf(row: Row): RefusalOfImage {
  const of = text(row, 'share');
  if (of !== 'snapshots' && of !== 'bytes')
    throw new StoreError('corrupt', `store: a refusal has the unknown share ${of}`);
  const image = { name: text(row, 'image_name'), tag: text(row, 'image_tag') };
  return { image, namespace: text(row, 'namespace'), of, since: integer(row, 'since') };
}

/** Rows go with their profile, by foreign key. None of these begins a transaction. */
export function refusalTable(database: DatabaseSync) {
  const add = database.prepare(`INSERT INTO refusals SELECT image_name, image_tag, ?3, ?4, ?5 FROM profiles
    WHERE image_name = ?1 AND image_tag = ?2
      AND (SELECT count(*) FROM refusals WHERE image_name = ?1 AND image_tag = ?2) < ?6
    ON CONFLICT DO NOTHING`);
  const newest = database.prepare('SELECT * FROM refusals ORDER BY since DESC LIMIT ?');

  return {
    add: ({ name, tag }: Image, { namespace, of, since }: Refusal): boolean =>
      add.run(name, tag, namespace, of, since, refusalsPerImage).changes === 1,

    newest: (): RefusalOfImage[] => newest.all(refusalsRead).map(refusalOf),
  };
}
