/**
 * Of which namespaces snapshots are refused, since they have taught their share of a profile. At most 16 rows of 200 bytes for
 * a profile, 3 KB; they go with it.
 */
export const refusals = `
CREATE TABLE refusals (
  image_name TEXT NOT NULL,
  image_tag TEXT NOT NULL,
  namespace TEXT NOT NULL,
  share TEXT NOT NULL CHECK (share IN ('snapshots', 'bytes')),
  since INTEGER NOT NULL,
  PRIMARY KEY (image_name, image_tag, namespace, share),
  FOREIGN KEY (image_name, image_tag) REFERENCES profiles ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
`;
