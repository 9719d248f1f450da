/** Snapshots from files, each checked against the schema that the operator uses. */
import { snapshotSchema, type Snapshot } from '../../../core/activity/snapshot.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { called, problemsOf, readList } from './document.ts';

/** A file holds one snapshot, a list of them, or one on each line. */
export async function readSnapshots(file: string, context: Context): Promise<Snapshot[]> {
  const list = await readList(file, context);
  return list.map((one, index) => {
    const parsed = snapshotSchema.safeParse(one);
    if (parsed.success) return parsed.data;
    const which = list.length === 1 ? '' : ` (number ${index + 1})`;
    throw new Failure(`${called(file)}${which} is no snapshot: ${problemsOf(parsed.error)}`);
  });
}
