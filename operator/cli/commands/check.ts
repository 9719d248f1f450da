import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { checkOffline } from '../check.ts';
import { exitCodes, type ExitCode, Failure } from '../failure.ts';
import type { CheckAnswer } from '../input/check-answer.ts';
import { readSnapshots } from '../input/snapshots.ts';
import { readProfile } from '../input/source.ts';
import { type ClusterOptions, withCluster, withOutput } from '../options.ts';
import { checkText } from '../output/check-text.ts';
import { paint } from '../output/paint.ts';
import { toJson, toYaml } from '../output/safe.ts';

interface Options extends ClusterOptions {
  readonly output: 'text' | 'json' | 'yaml';
  readonly all?: true;
}

export function addCheck(parent: Command, context: Context, end: (code: ExitCode) => void): void {
  const command = parent
    .command('check')
    .summary('what containers did that a profile does not know')
    .description(
      'Compares snapshots with a profile: what is not known, the most relevant to security first, each with the nearest known behaviour and in what that differs. ' +
        'Ends with 0 if nothing is unknown, 1 if something is, 2 if the input is wrong.',
    )
    .argument('<profile>', 'name of a profile, image such as nginx:1.27, or file')
    .argument('<snapshot...>', 'files with snapshots, as for profile merge; - is standard input')
    .option('--all', 'also list all that processes did which are not known themselves');
  withCluster(withOutput(command, ['text', 'json', 'yaml'], 'text')).action(
    async (source: string, files: string[], options: Options) => {
      const answer = await offline(source, files, options, context);
      await context.terminal.write(render(answer, options, context));
      if (answer.counts.unknown > 0) end(exitCodes.found);
    },
  );
}

async function offline(source: string, files: string[], options: Options, context: Context): Promise<CheckAnswer> {
  const profile = await asInput(readProfile(source, options, context));
  const snapshots = [];
  for (const file of files) snapshots.push(...(await asInput(readSnapshots(file, context))));
  return checkOffline(profile, snapshots);
}

/** Here 1 is an answer, so scripts have to tell it from input of which there is none. */
function asInput<Value>(reading: Promise<Value>): Promise<Value> {
  return reading.catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    const { message, hint, cause } = error;
    throw new Failure(message, { exitCode: exitCodes.usage, cause, ...(hint !== undefined && { hint }) });
  });
}

function render(answer: CheckAnswer, { output, all }: Options, { terminal }: Context): string {
  if (output === 'text') return checkText(answer, { all: all === true, paint: paint(terminal.colours) });
  return output === 'json' ? toJson(answer) : toYaml(answer);
}
