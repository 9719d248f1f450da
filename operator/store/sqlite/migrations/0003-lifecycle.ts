/**
 * `archive` holds profiles that left the cluster, with their evidence as it was (zstd): `relearned` ones for comparison,
 * `collected` ones to come back. 40 KB each as a rule; bytes and age are bounded by settings.
 *
 * `audit` holds what people and settings did to profiles; at most 2,000 rows of 500 bytes, 1 MB.
 *
 * `quarantine` holds the marks of detections; at most 1,024 rows of 250 bytes for an image, 256 KB.
 */
export const lifecycle = `
ALTER TABLE profiles ADD COLUMN digests TEXT NOT NULL DEFAULT '[]';
ALTER TABLE profiles ADD COLUMN last_run_at INTEGER;

CREATE TABLE archive (
  id INTEGER PRIMARY KEY,
  image_name TEXT NOT NULL,
  image_tag TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('relearned', 'collected')),
  archived_at INTEGER NOT NULL,
  object_name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('learning', 'stable')),
  version INTEGER NOT NULL,
  counted_snapshots INTEGER NOT NULL,
  snapshots INTEGER NOT NULL,
  containers INTEGER NOT NULL,
  first_snapshot_at INTEGER NOT NULL,
  last_snapshot_at INTEGER NOT NULL,
  sealed_at INTEGER,
  published_uid TEXT,
  digests TEXT NOT NULL,
  last_run_at INTEGER,
  size INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE INDEX archive_by_image ON archive (image_name, image_tag, id);
CREATE INDEX archive_by_age ON archive (archived_at, id, size);

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  entry_key TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  image_name TEXT NOT NULL,
  image_tag TEXT NOT NULL,
  object_name TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT;

CREATE TABLE quarantine (
  image_name TEXT NOT NULL,
  image_tag TEXT NOT NULL,
  container_id TEXT NOT NULL,
  process_id TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (image_name, image_tag, container_id, process_id)
) STRICT, WITHOUT ROWID;
`;
