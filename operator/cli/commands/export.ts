import type { Command } from 'commander';
import { cleanManifest } from '../cluster/manifest.ts';
import { findProfile } from '../cluster/profiles.ts';
import type { Context } from '../context.ts';
import { type ClusterOptions, withCluster, withOutput } from '../options.ts';
import { toJson, toYaml } from '../output/safe.ts';

interface Options extends ClusterOptions {
  readonly output: 'json' | 'yaml';
  readonly status?: true;
}

export function addExport(parent: Command, context: Context): void {
  const command = parent
    .command('export')
    .summary('a profile as a manifest for Git or another cluster')
    .description(
      'Prints a profile without what its cluster added (uid, resourceVersion, managedFields, status), so that ' +
        '"kubectl apply --server-side -f -" takes it elsewhere.',
    )
    .argument('<profile>', 'name of a profile, or image such as nginx:1.27')
    .option('--status', 'with its status');
  withCluster(withOutput(command, ['yaml', 'json'], 'yaml')).action(async (name: string, options: Options) => {
    const manifest = cleanManifest(await findProfile(context.connect(options), name), options.status === true);
    await context.terminal.write(options.output === 'json' ? toJson(manifest) : toYaml(manifest));
  });
}
