/**
 * The two profiles that are to be compared. Objects leave out what they have no room for, and each leaves out something else:
 * what both profiles have would seem new or gone. So where one does, both come from the operator, which has all.
 */
import { KubeError, problemText } from '../../kube/errors.ts';
import { modelsOf } from '../cluster/model.ts';
import type { Context } from '../context.ts';
import { Failure, usage } from '../failure.ts';
import type { OperatorOptions } from '../options.ts';
import { safe } from '../output/safe.ts';
import type { ProfileDocument } from './profile-document.ts';
import { isFile, readProfile } from './source.ts';

export interface Side {
  /** File, name or image. */
  readonly source: string;
  /** RFC 3339: as it was then. */
  readonly at?: string | undefined;
}

type Both<Value> = readonly [before: Value, after: Value];

/** @throws Failure, KubeError */
export async function readCompared(
  sides: Both<Side>,
  options: OperatorOptions,
  context: Context,
): Promise<Both<ProfileDocument>> {
  const dated = sides.find(({ source, at }) => at !== undefined && isFile(source, context));
  if (dated !== undefined) {
    const hint = 'name the profile as the cluster knows it, or leave the time out';
    throw usage(`the operator knows what its own profiles were, not the file ${dated.source}`, hint);
  }
  const model = modelsOf(options, context);
  const read = ({ source, at }: Side): Promise<ProfileDocument> =>
    at === undefined ? readProfile(source, options, context) : model(source, at);
  const both: Both<ProfileDocument> = [await read(sides[0]), await read(sides[1])];
  const whole = (index: 0 | 1): Promise<ProfileDocument> => {
    const { source, at } = sides[index];
    const isObject = at === undefined && !isFile(source, context);
    return isObject ? model(both[index].metadata.name ?? source) : Promise.resolve(both[index]);
  };
  // What a file lacks nobody has, and the object beside it lacks about the same.
  const isLost = sides.some(({ source }, index) => isFile(source, context) && omits(both[index]));
  if (isLost || !both.some(omits)) return both;
  try {
    return [await whole(0), await whole(1)];
  } catch (error) {
    if (!(error instanceof Failure || error instanceof KubeError)) throw error;
    const hint = error instanceof Failure && error.hint !== undefined ? `\n  ${safe(error.hint)}` : '';
    context.terminal.warn(
      `note: compared is what the objects hold; the operator has more: ${safe(problemText(error))}${hint}`,
    );
    return both;
  }
}

function omits(profile: ProfileDocument | undefined): boolean {
  return Object.values(profile?.spec.evidence?.omitted ?? {}).some((count) => count > 0);
}
