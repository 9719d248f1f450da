/**
 * Times are milliseconds since the epoch. Text is compared by its UTF-8 bytes (SQLite's default).
 *
 * `snapshots` is a ledger: a row stays when its raw bytes are trimmed, so that a replay is known for ever. About 450 bytes
 * with its indexes; an image ends learning after at most 1,000 counted snapshots, so 1,000 images take at most 0.5 GB and
 * 100 MB with the default of 200.
 */
export const profilesAndSnapshots = `
CREATE TABLE profiles (
  image_name TEXT NOT NULL,
  image_tag TEXT NOT NULL,
  object_name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('learning', 'stable')),
  version INTEGER NOT NULL CHECK (version > 0),
  counted_snapshots INTEGER NOT NULL,
  snapshots INTEGER NOT NULL,
  containers INTEGER NOT NULL,
  first_snapshot_at INTEGER NOT NULL,
  last_snapshot_at INTEGER NOT NULL,
  sealed_at INTEGER,
  published_uid TEXT,
  PRIMARY KEY (image_name, image_tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence (
  image_name TEXT NOT NULL,
  image_tag TEXT NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (image_name, image_tag),
  FOREIGN KEY (image_name, image_tag) REFERENCES profiles ON DELETE CASCADE
) STRICT;

CREATE TABLE snapshots (
  id INTEGER PRIMARY KEY,
  snapshot_id TEXT NOT NULL UNIQUE,
  container_id TEXT NOT NULL,
  node TEXT NOT NULL,
  image_name TEXT NOT NULL,
  image_tag TEXT NOT NULL,
  period_from INTEGER NOT NULL,
  period_to INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  FOREIGN KEY (image_name, image_tag) REFERENCES profiles ON DELETE CASCADE
) STRICT;
CREATE INDEX snapshots_by_container ON snapshots (container_id, period_from, period_to);
CREATE INDEX snapshots_by_image ON snapshots (image_name, image_tag, received_at, id);

CREATE TABLE snapshot_bytes (
  id INTEGER PRIMARY KEY REFERENCES snapshots ON DELETE CASCADE,
  received_at INTEGER NOT NULL,
  size INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE INDEX snapshot_bytes_by_age ON snapshot_bytes (received_at, id, size);

CREATE TABLE lost_periods (
  container_id TEXT NOT NULL,
  period_from INTEGER NOT NULL,
  period_to INTEGER NOT NULL,
  slot_id TEXT NOT NULL,
  node TEXT NOT NULL,
  image_name TEXT NOT NULL,
  image_tag TEXT NOT NULL,
  PRIMARY KEY (container_id, period_from)
) STRICT, WITHOUT ROWID;
CREATE INDEX lost_periods_by_image ON lost_periods (image_name, image_tag);
`;
