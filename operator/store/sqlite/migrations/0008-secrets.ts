/** Random bytes that were drawn once and stay with the store: a row of 100 bytes for each of its few names. */
export const secrets = `
CREATE TABLE secrets (
  name TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`;
