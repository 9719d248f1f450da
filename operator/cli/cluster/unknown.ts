/** What a profile does not know, asked of the operator, which keeps the snapshots. */
import type { Context } from '../context.ts';
import { asUsage, exitCodes, Failure, usage } from '../failure.ts';
import { type CheckAnswer, checkAnswerSchema } from '../input/check-answer.ts';
import type { OperatorOptions } from '../options.ts';
import { askAbout, NoSuchProfile } from './named.ts';
import { operatorApi, Refusal } from './operator.ts';
import { candidateNames } from './profiles.ts';
import { modelReader } from './reader.ts';

/** As the operator's API takes them. */
export type UnknownQuery = Readonly<Partial<Record<'since' | 'container' | 'pod' | 'namespace', string>>>;

/**
 * @param name of the object, or an image reference such as `nginx:1.27`
 * @throws Failure with the exit code of wrong input where another question would be answered; KubeError
 */
export async function askUnknown(
  name: string,
  query: UnknownQuery,
  options: OperatorOptions,
  context: Context,
): Promise<CheckAnswer> {
  // Nobody is asked about what can be no name.
  if (candidateNames(name).length === 0) throw noProfile(name);
  const ask = await operatorApi(options, context, modelReader);
  const words = new URLSearchParams(query).toString();
  const rest = `/unknown${words === '' ? '' : `?${words}`}`;
  try {
    return await askAbout(ask, { name, rest }, checkAnswerSchema);
  } catch (error) {
    if (error instanceof NoSuchProfile) throw noProfile(name, error);
    throw error instanceof Refusal ? judged(error) : error;
  }
}

function noProfile(name: string, cause?: NoSuchProfile): Failure {
  const hint = 'kubectl wsp profiles lists what there is; with --pod or --namespace, its image must have run there';
  return new Failure(`the operator has no profile ${name}`, { exitCode: exitCodes.usage, hint, cause });
}

/** What another question would mend is wrong input; all else is not the fault of who asks. */
function judged(refusal: Refusal): Failure {
  const { status, code, detail } = refusal;
  if (status === 409) return usage(`there is nothing to compare: ${detail}`, hints[code], refusal);
  return status === 400 || status === 410 ? asUsage(refusal, hints[code]) : refusal;
}

/** By the operator's word for why; where it has none here, its sentence says what to do. */
const hints: Readonly<Record<string, string>> = {
  'bad-time': 'or a duration such as 1h30m',
  'bad-question':
    'kubectl get pod NAME -o jsonpath="{.status.containerStatuses[*].containerID}" prints the ids of containers',
  'still-learning': 'such as --since 1h, --pod NAMESPACE/POD or --container ID',
  'snapshots-gone':
    'a later --since may have its snapshots still; retention of workloadsecurityconfig/default says how long they are kept',
  'nothing-known-then': 'a shorter --since is a later time',
  'no-snapshots':
    'kubectl wsp containers says who is watched; kubectl wsp profile check PROFILE FILE… compares snapshots from elsewhere, and kubectl wsp profile relearn PROFILE has the image watched anew',
};
