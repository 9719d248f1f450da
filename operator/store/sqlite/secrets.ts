import type { DatabaseSync } from 'node:sqlite';
import type { SecretName } from '../store.ts';
import { bytes } from './row.ts';

/** Begins no transaction. */
export function secretTable(database: DatabaseSync) {
  const keep = database.prepare('INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO NOTHING');
  const get = database.prepare('SELECT value FROM secrets WHERE name = ?');

  return {
    /** The first one that was given for the name. */
    keep(name: SecretName, fresh: Uint8Array): Uint8Array {
      keep.run(name, fresh);
      return bytes(get.get(name) ?? {}, 'value');
    },
  };
}
