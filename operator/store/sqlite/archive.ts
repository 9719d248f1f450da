import type { DatabaseSync } from 'node:sqlite';
import type { Image } from '../../../core/image.ts';
import { StoreError } from '../errors.ts';
import { archivedPerImage } from '../limits.ts';
import type { ArchivedProfile, ArchiveLimits, ArchiveReason } from '../lifecycle.ts';
import { profileOf } from './profiles.ts';
import { bytes, integer, text, type Row } from './row.ts';

/** What a profile and its archived form have in common. */
const shared = `image_name, image_tag, object_name, state, version, counted_snapshots, snapshots, containers,
  first_snapshot_at, last_snapshot_at, sealed_at, published_uid, digests, last_run_at, watched_ms, watched_from, ran_ms`;

function archivedOf(row: Row): ArchivedProfile {
  const reason = text(row, 'reason');
  if (reason !== 'relearned' && reason !== 'collected') {
    throw new StoreError('corrupt', `store: a profile was archived for the unknown reason ${reason}`);
  }
  return { reason, archivedAt: integer(row, 'archived_at'), profile: profileOf(row) };
}

/** None of these begins a transaction. */
export function archiveTable(database: DatabaseSync) {
  const put = database.prepare(`INSERT INTO archive (${shared}, reason, archived_at, size, bytes)
    SELECT ${shared}, ?, ?, length(bytes), bytes FROM profiles JOIN evidence USING (image_name, image_tag)
    WHERE image_name = ? AND image_tag = ?`);
  // Of several collected ones only the last counts: those before it were learned before it began anew.
  const bound = database.prepare(`DELETE FROM archive WHERE image_name = ?1 AND image_tag = ?2 AND reason = ?3
    AND id NOT IN (SELECT id FROM archive WHERE image_name = ?1 AND image_tag = ?2 AND reason = ?3
      ORDER BY id DESC LIMIT ?4)`);
  const list = database.prepare('SELECT * FROM archive WHERE image_name = ? AND image_tag = ? ORDER BY id DESC');
  const any = database.prepare('SELECT 1 FROM archive WHERE image_name = ? AND image_tag = ? LIMIT 1');
  const evidence = database.prepare(
    'SELECT bytes FROM archive WHERE image_name = ? AND image_tag = ? AND archived_at = ? ORDER BY id DESC LIMIT 1',
  );
  const collected = database.prepare(`SELECT id FROM archive
    WHERE image_name = ? AND image_tag = ? AND reason = 'collected' ORDER BY id DESC LIMIT 1`);
  const bringBack = database.prepare(`INSERT INTO profiles (${shared}) SELECT ${shared} FROM archive WHERE id = ?`);
  // The object that it was published in is gone, and whoever has read it before must read it again.
  const renew = database.prepare(`UPDATE profiles
    SET version = version + 1, published_uid = NULL, last_run_at = max(coalesce(last_run_at, 0), ?)
    WHERE image_name = ? AND image_tag = ?`);
  const bringEvidence = database.prepare(
    'INSERT INTO evidence SELECT image_name, image_tag, bytes FROM archive WHERE id = ?',
  );
  const drop = database.prepare('DELETE FROM archive WHERE id = ?');
  const remove = database.prepare('DELETE FROM archive WHERE image_name = ? AND image_tag = ?');
  const trim = database.prepare(`DELETE FROM archive WHERE archived_at < ?1 OR id IN (
    SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY archived_at DESC, id DESC) AS kept FROM archive)
    WHERE kept > ?2)`);
  const totals = database.prepare('SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes FROM archive');

  return {
    /** Copies profile and evidence; removing them is the caller's. */
    put({ name, tag }: Image, reason: ArchiveReason, at: number): boolean {
      if (put.run(reason, at, name, tag).changes === 0) return false;
      bound.run(name, tag, reason, reason === 'collected' ? 1 : archivedPerImage);
      return true;
    },

    list: ({ name, tag }: Image): ArchivedProfile[] => list.all(name, tag).map(archivedOf),

    evidence({ name, tag }: Image, archivedAt: number): Uint8Array | undefined {
      const row = evidence.get(name, tag, archivedAt);
      return row === undefined ? undefined : bytes(row, 'bytes');
    },

    has: ({ name, tag }: Image): boolean => any.get(name, tag) !== undefined,

    hasCollected: ({ name, tag }: Image): boolean => collected.get(name, tag) !== undefined,

    /** False if none was collected. */
    restore({ name, tag }: Image, at: number): boolean {
      const row = collected.get(name, tag);
      if (row === undefined) return false;
      const id = integer(row, 'id');
      bringBack.run(id);
      bringEvidence.run(id);
      renew.run(at, name, tag);
      drop.run(id);
      return true;
    },

    remove: ({ name, tag }: Image): boolean => remove.run(name, tag).changes > 0,

    trim: ({ bytes: keep, before }: ArchiveLimits): number => Number(trim.run(before, keep).changes),

    totals(): { readonly count: number; readonly bytes: number } {
      const row = totals.get() ?? {};
      return { count: integer(row, 'count'), bytes: integer(row, 'bytes') };
    },
  };
}
