import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { modelsOf } from '../cluster/model.ts';
import { usage } from '../failure.ts';
import type { ProfileDocument } from '../input/profile-document.ts';
import { isFile, readProfile } from '../input/source.ts';
import { type OperatorOptions, withOperator } from '../options.ts';
import { paint } from '../output/paint.ts';
import { profileText } from '../output/profile-text.ts';

const most = 8;

interface Options extends OperatorOptions {
  readonly all?: true;
  readonly full?: true;
}

export function addShow(parent: Command, context: Context): void {
  const command = parent
    .command('show')
    .summary('a profile as a tree of its processes')
    .description('Shows the processes of a profile with their files, names and endpoints, and how common each is.')
    .argument('<profile>', 'name of a profile, image such as nginx:1.27, or file; - is standard input')
    .option('--all', `all files, names and endpoints, not the ${most} most common of each process`);
  const full =
    'also what the object has no room for: the operator is asked, which takes the role workload-security-check';
  withOperator(command.option('--full', full)).action(async (source: string, options: Options) => {
    const profile = await (options.full === true ? readFull : readProfile)(source, options, context);
    const { colours } = context.terminal;
    const text = profileText(profile, { most: options.all === true ? Infinity : most, paint: paint(colours) });
    await context.terminal.write(text);
  });
}

/** The operator tells what was learned; all else is said by the object. */
async function readFull(source: string, options: OperatorOptions, context: Context): Promise<ProfileDocument> {
  if (isFile(source, context)) throw usage(`a file holds what it holds: ${source}`, 'leave --full out');
  const object = await readProfile(source, options, context);
  const { behavior, evidence } = (await modelsOf(options, context)(object.metadata.name ?? source)).spec;
  return { ...object, spec: { ...object.spec, behavior, ...(evidence !== undefined && { evidence }) } };
}
