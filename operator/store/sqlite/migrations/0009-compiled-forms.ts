/**
 * How finished profiles were compiled for agents, and of which version: some 300 bytes each, 3 MB for 10,000 images. The bytes
 * themselves are made again from the evidence when somebody asks for them.
 */
export const compiledForms = `
CREATE TABLE compiled_forms (
  image_name TEXT NOT NULL,
  image_tag TEXT NOT NULL,
  version INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  digest TEXT NOT NULL,
  size INTEGER NOT NULL,
  fingerprints INTEGER NOT NULL,
  omitted_processes INTEGER NOT NULL,
  omitted_files INTEGER NOT NULL,
  omitted_dns INTEGER NOT NULL,
  omitted_network INTEGER NOT NULL,
  PRIMARY KEY (image_name, image_tag),
  FOREIGN KEY (image_name, image_tag) REFERENCES profiles ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
`;
