/** How long containers were watched and ran while their profile was learned; null for what was learned before. */
export const hours = ['profiles', 'archive']
  .map(
    (table) => `
ALTER TABLE ${table} ADD COLUMN watched_ms INTEGER;
ALTER TABLE ${table} ADD COLUMN watched_from INTEGER;
ALTER TABLE ${table} ADD COLUMN ran_ms INTEGER;
`,
  )
  .join('');
