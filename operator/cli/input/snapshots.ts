/** Snapshots from files, each checked against the schema that the operator uses. */
import { snapshotSchema, type Snapshot } from '../../../core/activity/snapshot.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { called, problemsOf, readDocument } from './document.ts';

/** A file holds one snapshot, or a list of them. */
export async function readSnapshots(file: string, context: Context): Promise<Snapshot[]> {
  const document = await readDocument(file, context);
  const list: readonly unknown[] = Array.isArray(document) ? document : [document];
  return list.map((one, index) => {
    const parsed = snapshotSchema.safeParse(one);
    if (parsed.success) return parsed.data;
    const which = list.length === 1 ? '' : ` (number ${index + 1})`;
    throw new Failure(`${called(file)}${which} is no snapshot: ${problemsOf(parsed.error)}`);
  });
}
