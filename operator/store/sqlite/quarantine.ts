import type { DatabaseSync } from 'node:sqlite';
import type { Image } from '../../../core/image.ts';
import { addMark, type QuarantineMark } from '../../../core/profile/quarantine.ts';
import { quarantineMarksPerImage } from '../limits.ts';
import type { QuarantineResult } from '../lifecycle.ts';
import { integer, text, type Row } from './row.ts';

function markOf(row: Row): QuarantineMark {
  const processId = text(row, 'process_id');
  return {
    containerId: text(row, 'container_id'),
    ...(processId !== '' && { processId }),
    since: integer(row, 'since'),
  };
}

/** None of these begins a transaction. */
export function quarantineTable(database: DatabaseSync) {
  const ofImage = 'image_name = ? AND image_tag = ?';
  const list = database.prepare(`SELECT * FROM quarantine WHERE ${ofImage}`);
  const ofContainer = database.prepare(`SELECT * FROM quarantine WHERE ${ofImage} AND container_id = ?`);
  const insert = database.prepare('INSERT INTO quarantine VALUES (?, ?, ?, ?, ?)');
  const clear = database.prepare(`DELETE FROM quarantine WHERE ${ofImage} AND container_id = ?`);
  const remove = database.prepare(`DELETE FROM quarantine WHERE ${ofImage}`);
  const count = database.prepare(`SELECT count(*) AS count FROM quarantine WHERE ${ofImage}`);
  const total = database.prepare('SELECT count(*) AS count FROM quarantine');

  return {
    list: ({ name, tag }: Image): QuarantineMark[] => list.all(name, tag).map(markOf),

    add({ name, tag }: Image, mark: QuarantineMark): QuarantineResult {
      const { containerId } = mark;
      const before = ofContainer.all(name, tag, containerId).map(markOf);
      const after = addMark(before, mark);
      if (after === before) return 'known';
      const held = integer(count.get(name, tag) ?? {}, 'count');
      if (held - before.length + after.length > quarantineMarksPerImage) return 'full';
      clear.run(name, tag, containerId);
      for (const { processId, since } of after) insert.run(name, tag, containerId, processId ?? '', since);
      return 'marked';
    },

    remove: ({ name, tag }: Image): number => Number(remove.run(name, tag).changes),

    total: (): number => integer(total.get() ?? {}, 'count'),
  };
}
