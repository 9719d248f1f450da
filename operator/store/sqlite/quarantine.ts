import type { DatabaseSync } from 'node:sqlite';
import type { Image } from '../../../core/image.ts';
import { addMark, type ContainerMark, type QuarantineMark } from '../../../core/profile/quarantine.ts';
import { quarantineMarksPerImage } from '../limits.ts';
import type { QuarantineResult } from '../lifecycle.ts';
import { integer, text, type Row } from './row.ts';

function markOf(row: Row): ContainerMark {
  const processId = text(row, 'process_id');
  return {
    containerId: text(row, 'container_id'),
    ...(processId !== '' && { processId }),
    since: integer(row, 'since'),
  };
}

/** Wide ones have no container, and those of the whole image no namespace either. */
function anyMarkOf(row: Row): QuarantineMark {
  if (text(row, 'container_id') !== '') return markOf(row);
  const namespace = text(row, 'namespace');
  return namespace === '' ? { whole: 'image' } : { whole: 'namespace', namespace };
}

/** None of these begins a transaction. */
export function quarantineTable(database: DatabaseSync) {
  const ofImage = 'image_name = ?1 AND image_tag = ?2';
  const list = database.prepare(`SELECT * FROM quarantine WHERE ${ofImage}`);
  const ofContainer = database.prepare(`SELECT * FROM quarantine WHERE ${ofImage} AND container_id = ?3`);
  const wide = database.prepare(
    `SELECT 1 FROM quarantine WHERE ${ofImage} AND container_id = '' AND namespace IN ('', ?3)`,
  );
  const insert = database.prepare('INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, 1)');
  const clear = database.prepare(`DELETE FROM quarantine WHERE ${ofImage} AND container_id = ?3`);
  const remove = database.prepare(`DELETE FROM quarantine WHERE ${ofImage}`);
  const count = database.prepare(`SELECT count(*) AS count FROM quarantine WHERE ${ofImage}`);
  const crowded = database.prepare(`SELECT namespace FROM quarantine WHERE ${ofImage} AND container_id <> ''
    GROUP BY namespace HAVING count(*) > 1 ORDER BY count(*) DESC, namespace LIMIT 1`);
  const replaced = database.prepare(`SELECT sum(stands_for) AS count FROM quarantine
    WHERE ${ofImage} AND (?3 = '' OR namespace = ?3)`);
  const makeRoom = database.prepare(`DELETE FROM quarantine WHERE ${ofImage} AND (?3 = '' OR namespace = ?3)`);
  const insertWide = database.prepare("INSERT INTO quarantine VALUES (?, ?, ?, '', '', 0, ?)");
  const totals = database.prepare(`SELECT count(*) AS marks,
    count(*) FILTER (WHERE container_id = '' AND namespace <> '') AS namespaces,
    count(*) FILTER (WHERE container_id = '' AND namespace = '') AS images,
    coalesce(sum(stands_for), 0) - count(*) AS merged FROM quarantine`);

  /** Everything of the namespace becomes one mark; of all, if it is none. */
  function widen({ name, tag }: Image, namespace: string): void {
    const marks = integer(replaced.get(name, tag, namespace) ?? {}, 'count');
    makeRoom.run(name, tag, namespace);
    insertWide.run(name, tag, namespace, marks);
  }

  return {
    list: ({ name, tag }: Image): QuarantineMark[] => list.all(name, tag).map(anyMarkOf),

    /** Never refuses: where there is no room for one mark more, the namespace with the most becomes one. */
    add(image: Image, mark: ContainerMark, namespace: string): QuarantineResult {
      const { name, tag } = image;
      const { containerId } = mark;
      if (wide.get(name, tag, namespace) !== undefined) return 'known';
      const before = ofContainer.all(name, tag, containerId).map(markOf);
      const after = addMark(before, mark);
      if (after === before) return 'known';
      clear.run(name, tag, containerId);
      for (const { processId, since } of after) insert.run(name, tag, namespace, containerId, processId ?? '', since);
      let result: QuarantineResult = 'marked';
      while (integer(count.get(name, tag) ?? {}, 'count') > quarantineMarksPerImage) {
        const most = crowded.get(name, tag);
        widen(image, most === undefined ? '' : text(most, 'namespace'));
        result = 'widened';
      }
      return result;
    },

    remove: ({ name, tag }: Image): number => Number(remove.run(name, tag).changes),

    /** `merged`: marks that are told apart no more. */
    totals(): {
      readonly marks: number;
      readonly namespaces: number;
      readonly images: number;
      readonly merged: number;
    } {
      const row = totals.get() ?? {};
      const [marks, namespaces] = [integer(row, 'marks'), integer(row, 'namespaces')];
      return { marks, namespaces, images: integer(row, 'images'), merged: integer(row, 'merged') };
    },
  };
}
