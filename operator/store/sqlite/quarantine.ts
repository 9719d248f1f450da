import type { DatabaseSync } from 'node:sqlite';
import type { Image } from '../../../core/image.ts';
import { addMark, type ContainerMark, type QuarantineMark } from '../../../core/profile/quarantine.ts';
import { quarantineMarks, quarantineMarksPerImage } from '../limits.ts';
import type { QuarantineRetention, QuarantineResult } from '../lifecycle.ts';
import type { StoreUsage } from '../store.ts';
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

/** Condition that nothing is known of an image: no profile, and none in the archive. */
const unlearnedImage = (columns: string): string =>
  ['profiles', 'archive']
    .map((table) => `NOT EXISTS (SELECT 1 FROM ${table} WHERE (image_name, image_tag) = (${columns}))`)
    .join(' AND ');
const isUnlearned = unlearnedImage('q.image_name, q.image_tag');

/**
 * Rows without an image stand for all that are not learned yet: they become marks of each as its first profile begins. None
 * of these begins a transaction.
 *
 * @param mostMarks of all images; a parameter for tests
 */
export function quarantineTable(database: DatabaseSync, mostMarks = quarantineMarks) {
  const ofImage = 'image_name = ?1 AND image_tag = ?2';
  const list = database.prepare(`SELECT * FROM quarantine WHERE ${ofImage}`);
  const ofContainer = database.prepare(`SELECT * FROM quarantine WHERE ${ofImage} AND container_id = ?3`);
  const wide = database.prepare(
    `SELECT 1 FROM quarantine WHERE container_id = '' AND namespace IN ('', ?3)
      AND ((${ofImage}) OR (image_name = '' AND ${unlearnedImage('?1, ?2')}))`,
  );
  const insert = database.prepare('INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, 1, 0)');
  const clear = database.prepare(`DELETE FROM quarantine WHERE ${ofImage} AND container_id = ?3`);
  const remove = database.prepare(`DELETE FROM quarantine WHERE ${ofImage}`);
  const count = database.prepare(`SELECT count(*) AS count FROM quarantine WHERE ${ofImage}`);
  const crowded = database.prepare(`SELECT namespace FROM quarantine WHERE ${ofImage} AND container_id <> ''
    GROUP BY namespace HAVING count(*) > 1 ORDER BY count(*) DESC, namespace LIMIT 1`);
  const replaced = database.prepare(`SELECT sum(stands_for) AS count FROM quarantine
    WHERE ${ofImage} AND (?3 = '' OR namespace = ?3)`);
  const makeRoom = database.prepare(`DELETE FROM quarantine WHERE ${ofImage} AND (?3 = '' OR namespace = ?3)`);
  const insertWide = database.prepare("INSERT INTO quarantine VALUES (?, ?, ?, '', '', 0, ?, 0)");
  const totals = database.prepare(`SELECT count(*) AS marks,
    count(*) FILTER (WHERE container_id = '' AND namespace <> '' AND image_name <> '') AS namespaces,
    count(*) FILTER (WHERE container_id = '' AND namespace = '' AND image_name <> '') AS images,
    count(*) FILTER (WHERE image_name = '') AS unlearned,
    coalesce(sum(stands_for), 0) - count(*) AS merged FROM quarantine`);

  const all = database.prepare('SELECT count(*) AS count FROM quarantine');
  const byMarks = database.prepare(`SELECT namespace FROM quarantine WHERE namespace <> ''
    GROUP BY namespace ORDER BY count(*) DESC, namespace`);
  const fullest = database.prepare(`SELECT image_name AS name, image_tag AS tag FROM quarantine
    WHERE ?1 = '' OR namespace = ?1
    GROUP BY image_name, image_tag HAVING count(*) > 1 ORDER BY count(*) DESC, image_name, image_tag LIMIT 1`);
  const unlearned = database.prepare(`SELECT count(*) AS count, coalesce(sum(stands_for), 0) AS marks
    FROM quarantine AS q WHERE (?1 = '' OR namespace = ?1) AND (image_name = '' OR ${isUnlearned})`);
  const removeUnlearned = database.prepare(
    `DELETE FROM quarantine AS q WHERE (?1 = '' OR namespace = ?1) AND (image_name = '' OR ${isUnlearned})`,
  );
  const inherit = database.prepare(`INSERT OR IGNORE INTO quarantine
    SELECT ?, ?, namespace, '', '', 0, 1, 0 FROM quarantine WHERE image_name = ''`);
  const removeContainer = database.prepare(`DELETE FROM quarantine WHERE ${ofImage} AND container_id = ?3`);
  const see = database.prepare(`UPDATE quarantine AS q SET seen_at = ? WHERE seen_at = 0 OR NOT (${isUnlearned})`);
  const seeRunning = database.prepare(`UPDATE quarantine SET seen_at = ?4
    WHERE (${ofImage}) OR (image_name = '' AND namespace IN ('', ?3))`);
  const expire = database.prepare(`DELETE FROM quarantine AS q WHERE seen_at < ? AND ${isUnlearned}`);
  let fallen = 0;

  /** Everything of the namespace becomes one mark; of all, if it is none. */
  function widen({ name, tag }: Image, namespace: string): void {
    const marks = integer(replaced.get(name, tag, namespace) ?? {}, 'count');
    makeRoom.run(name, tag, namespace);
    insertWide.run(name, tag, namespace, marks);
  }

  /** Of the namespace, or of all if it is none. False if nothing can be joined. */
  function widenUnlearned(namespace: string): boolean {
    const found = unlearned.get(namespace) ?? {};
    if (integer(found, 'count') < 2) return false;
    removeUnlearned.run(namespace);
    insertWide.run('', '', namespace, integer(found, 'marks'));
    return true;
  }

  function widenFullest(namespace: string): boolean {
    const row = fullest.get(namespace);
    if (row !== undefined) widen({ name: text(row, 'name'), tag: text(row, 'tag') }, namespace);
    return row !== undefined;
  }

  /** The namespace with the most marks pays: in one image, then in all that are not learned yet. Last of all, everybody does. */
  function widenAny(): boolean {
    const namespaces = byMarks.all().map((row) => text(row, 'namespace'));
    return [...namespaces, ''].some((namespace) => widenFullest(namespace) || widenUnlearned(namespace));
  }

  function fit(image: Image): boolean {
    const { name, tag } = image;
    let widened = false;
    while (integer(count.get(name, tag) ?? {}, 'count') > quarantineMarksPerImage) {
      const most = crowded.get(name, tag);
      widen(image, most === undefined ? '' : text(most, 'namespace'));
      widened = true;
    }
    while (integer(all.get() ?? {}, 'count') > mostMarks && widenAny()) widened = true;
    return widened;
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
      return fit(image) ? 'widened' : 'marked';
    },

    remove: ({ name, tag }: Image): number => Number(remove.run(name, tag).changes),

    /** Its first profile has begun: what stands for all that are not learned yet stands for it from now on. */
    begin(image: Image): void {
      if (inherit.run(image.name, image.tag).changes > 0) fit(image);
    },

    drop({ name, tag }: Image, containerIds: readonly string[]): void {
      for (const id of containerIds) if (id !== '') fallen += Number(removeContainer.run(name, tag, id).changes);
    },

    trim({ now, before, running }: QuarantineRetention): number {
      see.run(now);
      for (const { image, namespace } of running) seeRunning.run(image.name, image.tag, namespace, now);
      const dropped = Number(expire.run(before).changes);
      fallen += dropped;
      return dropped;
    },

    totals(): StoreUsage['quarantine'] {
      const row = totals.get() ?? {};
      const [marks, namespaces] = [integer(row, 'marks'), integer(row, 'namespaces')];
      const [images, unlearnedRows] = [integer(row, 'images'), integer(row, 'unlearned')];
      return { marks, namespaces, images, unlearned: unlearnedRows, merged: integer(row, 'merged'), fallen };
    },
  };
}
