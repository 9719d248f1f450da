/**
 * How often in a row the learning of an image began anew by itself, because another build ran under its tag. A row of 150
 * bytes goes when a person begins anew, and with the last that is known of its image.
 */
export const restarts = `
CREATE TABLE restarts (
  image_name TEXT NOT NULL,
  image_tag TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count > 0),
  PRIMARY KEY (image_name, image_tag)
) STRICT, WITHOUT ROWID;
`;
