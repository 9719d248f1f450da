import { type Command, Option } from 'commander';
import { parseDuration } from '../../../core/duration.ts';
import { checkOffline } from '../check.ts';
import { askUnknown, type UnknownQuery } from '../cluster/unknown.ts';
import type { Context } from '../context.ts';
import { asUsage, exitCodes, type ExitCode, Failure, usage } from '../failure.ts';
import type { CheckAnswer } from '../input/check-answer.ts';
import { readSnapshots } from '../input/snapshots.ts';
import { isFile, readProfile } from '../input/source.ts';
import { type OperatorOptions, withOperator, withOutput } from '../options.ts';
import { checkText } from '../output/check-text.ts';
import { paint } from '../output/paint.ts';
import { toJson, toYaml } from '../output/safe.ts';

interface Options extends OperatorOptions, UnknownQuery {
  readonly output: 'text' | 'json' | 'yaml';
  readonly all?: true;
}

export function addCheck(parent: Command, context: Context, end: (code: ExitCode) => void): void {
  const command = parent
    .command('check')
    .summary('what containers did that a profile does not know')
    .description(
      'Compares snapshots with a profile: what is not known, the most relevant to security first, each with the nearest known behaviour and in what that differs. ' +
        'Snapshots are those of files, or, without files, those that the operator keeps: it is asked what came since a time and was not known then, or what one container or pod did, and that takes the role workload-security-check in its namespace. ' +
        'Ends with 0 if nothing is unknown, 1 if something is, 2 if the input is wrong or there is nothing to compare, 3 if the operator cannot be asked.',
    )
    .argument('<profile>', 'name of a profile, image such as nginx:1.27, or file')
    .argument('[snapshot...]', 'files with snapshots, as for profile merge; - is standard input')
    .option('--all', 'also list all that processes did which are not known themselves');
  const questions = [
    new Option('--since <time>', 'what came later, by what was known then: 1h, 1h30m, or a time in UTC').argParser(
      (text) => timeOf(text, context.now()),
    ),
    new Option('--container <id>', 'only of this container').conflicts('pod'),
    new Option('--pod <namespace/name>', 'only of the containers of this pod'),
    new Option('-n, --namespace <name>', 'only of pods of this namespace'),
  ];
  for (const option of questions) command.addOption(option.helpGroup('Snapshots of the operator:'));
  withOperator(withOutput(command, ['text', 'json', 'yaml'], 'text')).action(
    async (source: string, files: string[], options: Options) => {
      const asked = files.length > 0 ? offline(source, files, options, context) : online(source, options, context);
      const answer = await asked;
      await context.terminal.write(render(answer, options, context));
      if (answer.counts.unknown > 0) end(exitCodes.found);
    },
  );
}

/** A time as the operator takes it; whether any other text is one, the operator says. */
function timeOf(text: string, now: number): string {
  const ago = parseDuration(text);
  return ago === undefined ? text : new Date(now - ago).toISOString();
}

async function offline(source: string, files: string[], options: Options, context: Context): Promise<CheckAnswer> {
  const asked = Object.keys(queryOf(options));
  if (asked.length > 0) {
    throw usage(`--${asked.join(', --')}: the operator is asked so, and files are compared whole`, 'leave either out');
  }
  const profile = await asInput(readProfile(source, options, context));
  const snapshots = [];
  for (const file of files) snapshots.push(...(await asInput(readSnapshots(file, context))));
  return checkOffline(profile, snapshots);
}

async function online(source: string, options: Options, context: Context): Promise<CheckAnswer> {
  if (isFile(source, context)) {
    const hint = 'name files with snapshots after it, or the profile as the cluster knows it';
    throw usage(`the operator compares its own profiles, not the file ${source}`, hint);
  }
  return askUnknown(source, queryOf(options), options, context);
}

function queryOf({ since, container, pod, namespace }: Options): UnknownQuery {
  return {
    ...(since !== undefined && { since }),
    ...(container !== undefined && { container }),
    ...(pod !== undefined && { pod }),
    ...(namespace !== undefined && { namespace }),
  };
}

/** Here 1 is an answer, so scripts have to tell it from input of which there is none. */
function asInput<Value>(reading: Promise<Value>): Promise<Value> {
  return reading.catch((error: unknown) => {
    throw error instanceof Failure ? asUsage(error) : error;
  });
}

function render(answer: CheckAnswer, { output, all }: Options, { terminal }: Context): string {
  if (output === 'text') return checkText(answer, { all: all === true, paint: paint(terminal.colours) });
  return output === 'json' ? toJson(answer) : toYaml(answer);
}
