import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../errors.ts';
import { auditEntries, checkAudit } from '../limits.ts';
import type { AuditedAction, AuditEntry } from '../lifecycle.ts';
import { integer, text, type Row } from './row.ts';

const actions: readonly string[] = ['relearn', 'forget', 'release', 'delete', 'new-digest'] satisfies AuditedAction[];

function isAction(value: string): value is AuditedAction {
  return actions.includes(value);
}

function entryOf(row: Row): AuditEntry {
  const action = text(row, 'action');
  if (!isAction(action)) throw new StoreError('corrupt', `store: the audit holds the unknown action ${action}`);
  return {
    key: text(row, 'entry_key'),
    at: integer(row, 'at'),
    action,
    actor: text(row, 'actor'),
    image: { name: text(row, 'image_name'), tag: text(row, 'image_tag') },
    name: text(row, 'object_name'),
    note: text(row, 'note'),
  };
}

/** None of these begins a transaction. */
export function auditTable(database: DatabaseSync) {
  const insert = database.prepare(`INSERT INTO audit
    (entry_key, at, action, actor, image_name, image_tag, object_name, note)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`);
  const trim = database.prepare(
    'DELETE FROM audit WHERE id <= (SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?)',
  );
  const page = database.prepare(`SELECT * FROM audit
    WHERE ?1 IS NULL OR id < (SELECT id FROM audit WHERE entry_key = ?1) ORDER BY id DESC LIMIT ?2`);
  // Entries only ever go from the oldest on, so the numbers tell how many there were.
  const totals = database.prepare('SELECT count(*) AS count, coalesce(max(id), 0) AS made FROM audit');

  return {
    record(entry: AuditEntry, limit = auditEntries): void {
      checkAudit(entry);
      const { key, at, action, actor, image, name, note } = entry;
      insert.run(key, at, action, actor, image.name, image.tag, name, note);
      trim.run(limit);
    },

    page: (limit: number, before?: string): AuditEntry[] => page.all(before ?? null, limit).map(entryOf),

    totals(): { readonly count: number; readonly dropped: number } {
      const row = totals.get() ?? {};
      const count = integer(row, 'count');
      return { count, dropped: integer(row, 'made') - count };
    },
  };
}
