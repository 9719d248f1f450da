/** Snapshots from files, each checked against the schema that the operator uses. */
import { snapshotSchema, type Snapshot } from '../../../core/activity/snapshot.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { called, readList } from './document.ts';
import { described, inWords, problemsOf, wordOf } from './problems.ts';

/** A file holds one snapshot, a list of them, or one on each line. */
export async function readSnapshots(file: string, context: Context): Promise<Snapshot[]> {
  const list = await readList(file, context);
  return list.map((one, index) => {
    const parsed = snapshotSchema.safeParse(one, { error: inWords });
    if (parsed.success) return parsed.data;
    const which = list.length === 1 ? '' : ` (number ${index + 1})`;
    throw new Failure(`${called(file)}${which} is no snapshot: ${otherThanSnapshot(one) ?? problemsOf(parsed.error)}`);
  });
}

/** What it is instead, if it says so: all that it lacks of a snapshot would be a long list. */
function otherThanSnapshot(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return `it is ${described(value)}`;
  return 'kind' in value ? `it is of kind ${wordOf(value.kind)}` : undefined;
}
