/**
 * Marks know the namespace of their container, so that too many of one can become a single one: of the namespace, with an
 * empty container, or of the image, with an empty namespace too. `stands_for`: how many marks it took the place of. Nothing
 * set marks before; should there be any, their namespace is unknown, and too many of them become one of the image.
 */
export const wideQuarantine = `
CREATE TABLE quarantine_of_namespaces (
  image_name TEXT NOT NULL,
  image_tag TEXT NOT NULL,
  namespace TEXT NOT NULL,
  container_id TEXT NOT NULL,
  process_id TEXT NOT NULL,
  since INTEGER NOT NULL,
  stands_for INTEGER NOT NULL CHECK (stands_for > 0),
  PRIMARY KEY (image_name, image_tag, namespace, container_id, process_id)
) STRICT, WITHOUT ROWID;
INSERT INTO quarantine_of_namespaces
  SELECT image_name, image_tag, '', container_id, process_id, since, 1 FROM quarantine;
DROP TABLE quarantine;
ALTER TABLE quarantine_of_namespaces RENAME TO quarantine;
`;
