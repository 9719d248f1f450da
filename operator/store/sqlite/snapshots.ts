import type { DatabaseSync } from 'node:sqlite';
import type { Image } from '../../../core/image.ts';
import type { SnapshotCounts, SnapshotPage, StoredSnapshot } from '../store.ts';
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
    ...(row['context'] === null ? {} : { context: bytes(row, 'context') }),
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
  const insertBytes = database.prepare('INSERT INTO snapshot_bytes VALUES (?, ?, ?, ?, ?)');
  const page = database.prepare(`SELECT * FROM snapshots JOIN snapshot_bytes USING (id)
    WHERE image_name = ? AND image_tag = ? AND (snapshots.received_at, id) > (?, ?)
      AND snapshots.received_at > ? AND (? IS NULL OR container_id IN (SELECT value FROM json_each(?)))
    ORDER BY snapshots.received_at, id LIMIT ?`);
  const trimByAge = database.prepare(`DELETE FROM snapshot_bytes WHERE id IN (
    SELECT id FROM snapshot_bytes WHERE received_at < ? ORDER BY received_at, id LIMIT ?)`);
  const trimByBytes = database.prepare(`DELETE FROM snapshot_bytes WHERE id IN (
    SELECT id FROM (
      SELECT id, received_at, sum(size) OVER (ORDER BY received_at DESC, id DESC) AS kept FROM snapshot_bytes)
    WHERE kept > ? ORDER BY received_at, id LIMIT ?)`);
  const totals = database.prepare('SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes FROM snapshot_bytes');
  const counts = database.prepare(`SELECT count(*) AS stored, count(context) AS rebuildable
    FROM snapshots LEFT JOIN snapshot_bytes USING (id)
    WHERE image_name = ? AND image_tag = ? AND snapshots.received_at <= ?`);

  return {
    has: (snapshotId: string): boolean => known.get(snapshotId) !== undefined,

    overlaps(containerId: string, from: number, to: number): boolean {
      const row = before.get(containerId, to);
      return row !== undefined && integer(row, 'period_to') > from;
    },

    insert(snapshot: StoredSnapshot): void {
      const { image, receivedAt, context } = snapshot;
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
      const size = snapshot.bytes.byteLength + (context?.byteLength ?? 0);
      insertBytes.run(row.lastInsertRowid, receivedAt, size, snapshot.bytes, context ?? null);
    },

    /** Behind a snapshot that was forgotten meanwhile there is nothing. */
    page(image: Image, { limit, after, since = -1, containerIds }: SnapshotPage): StoredSnapshot[] {
      const last = after === undefined ? { received_at: since, id: 0 } : known.get(after);
      if (last === undefined) return [];
      const [at, id] = [integer(last, 'received_at'), integer(last, 'id')];
      const only = containerIds === undefined ? null : JSON.stringify(containerIds);
      return page.all(image.name, image.tag, at, id, since, only, only, limit).map(snapshotOf);
    },

    trimByAge: (before: number, limit: number): number => Number(trimByAge.run(before, limit).changes),

    trimByBytes: (keep: number, limit: number): number => Number(trimByBytes.run(keep, limit).changes),

    counts(image: Image, until: number): SnapshotCounts {
      const row = counts.get(image.name, image.tag, until) ?? {};
      return { stored: integer(row, 'stored'), rebuildable: integer(row, 'rebuildable') };
    },

    totals(): { readonly count: number; readonly bytes: number } {
      const row = totals.get() ?? {};
      return { count: integer(row, 'count'), bytes: integer(row, 'bytes') };
    },
  };
}
