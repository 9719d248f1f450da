import type { DatabaseSync } from 'node:sqlite';
import type { Image } from '../../../core/image.ts';
import type { StoredSnapshot } from '../store.ts';
import { bytes, integer, text, type Row } from './row.ts';

function snapshotOf(row: Row): StoredSnapshot {
  return {
    snapshotId: text(row, 'snapshot_id'),
    containerId: text(row, 'container_id'),
    node: text(row, 'node'),
    image: { name: text(row, 'image_name'), tag: text(row, 'image_tag') },
    from: integer(row, 'period_from'),
    to: integer(row, 'period_to'),
    receivedAt: integer(row, 'received_at'),
    bytes: bytes(row, 'bytes'),
  };
}

/** The ledger `snapshots` and the raw bytes in `snapshot_bytes`. None of these begins a transaction. */
export function snapshotTable(database: DatabaseSync) {
  const known = database.prepare('SELECT id, received_at FROM snapshots WHERE snapshot_id = ?');
  // The stored periods of one container never overlap, so they are ordered alike by begin and by end: only the last one
  // that begins before our end can reach into ours.
  const before = database.prepare(`SELECT period_to FROM snapshots
    WHERE container_id = ? AND period_from < ? ORDER BY period_from DESC LIMIT 1`);
  const insert = database.prepare(`INSERT INTO snapshots
    (snapshot_id, container_id, node, image_name, image_tag, period_from, period_to, received_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  const insertBytes = database.prepare('INSERT INTO snapshot_bytes VALUES (?, ?, ?, ?)');
  const page = database.prepare(`SELECT * FROM snapshots JOIN snapshot_bytes USING (id)
    WHERE image_name = ? AND image_tag = ? AND (snapshots.received_at, id) > (?, ?)
    ORDER BY snapshots.received_at, id LIMIT ?`);
  const trim = database.prepare(`DELETE FROM snapshot_bytes WHERE id IN (
    SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY received_at DESC, id DESC) AS kept FROM snapshot_bytes)
    WHERE kept > ?)`);
  const count = database.prepare('SELECT count(*) AS count FROM snapshot_bytes');

  return {
    has: (snapshotId: string): boolean => known.get(snapshotId) !== undefined,

    overlaps(containerId: string, from: number, to: number): boolean {
      const row = before.get(containerId, to);
      return row !== undefined && integer(row, 'period_to') > from;
    },

    insert(snapshot: StoredSnapshot): void {
      const { image, receivedAt } = snapshot;
      const row = insert.run(
        snapshot.snapshotId,
        snapshot.containerId,
        snapshot.node,
        image.name,
        image.tag,
        snapshot.from,
        snapshot.to,
        receivedAt,
      );
      insertBytes.run(row.lastInsertRowid, receivedAt, snapshot.bytes.byteLength, snapshot.bytes);
    },

    /** Behind a snapshot that was forgotten meanwhile there is nothing. */
    page(image: Image, limit: number, after?: string): StoredSnapshot[] {
      const last = after === undefined ? { received_at: -1, id: 0 } : known.get(after);
      if (last === undefined) return [];
      const rows = page.all(image.name, image.tag, integer(last, 'received_at'), integer(last, 'id'), limit);
      return rows.map(snapshotOf);
    },

    trim: (keep: number): number => Number(trim.run(keep).changes),

    count: (): number => integer(count.get() ?? {}, 'count'),
  };
}
