import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { readProfile } from '../input/source.ts';
import { type ClusterOptions, withCluster } from '../options.ts';
import { paint } from '../output/paint.ts';
import { profileText } from '../output/profile-text.ts';

const most = 8;

export function addShow(parent: Command, context: Context): void {
  const command = parent
    .command('show')
    .summary('a profile as a tree of its processes')
    .description('Shows the processes of a profile with their files, names and endpoints, and how common each is.')
    .argument('<profile>', 'name of a profile, image such as nginx:1.27, or file; - is standard input')
    .option('--all', `all files, names and endpoints, not the ${most} most common of each process`);
  withCluster(command).action(async (source: string, options: ClusterOptions & { readonly all?: true }) => {
    const profile = await readProfile(source, options, context);
    const { colours } = context.terminal;
    const text = profileText(profile, { most: options.all === true ? Infinity : most, paint: paint(colours) });
    await context.terminal.write(text);
  });
}
