/** What the operator knew when a snapshot came, so that its evidence can be made again; null for those of before. */
export const snapshotContext = 'ALTER TABLE snapshot_bytes ADD COLUMN context BLOB';
