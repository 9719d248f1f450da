import type { Command } from 'commander';
import { type Image, parseImage } from '../../../core/image.ts';
import type { Context } from '../context.ts';
import { usage } from '../failure.ts';
import { readSnapshots } from '../input/snapshots.ts';
import { mergeSnapshots } from '../merge.ts';
import { withOutput } from '../options.ts';
import { toJson, toYaml } from '../output/safe.ts';

interface Options {
  readonly image?: string;
  readonly output: 'json' | 'yaml';
}

export function addMerge(parent: Command, context: Context): void {
  const command = parent
    .command('merge')
    .summary('merge snapshots into a profile, without a cluster')
    .description(
      'Merges snapshots, as agents upload them, into the content of a SecurityProfile with its commonality. Needs no cluster: ' +
        'addresses in private ranges stay unknown, because only the cluster knew whose they were.',
    )
    .argument(
      '<snapshot...>',
      'files with a snapshot, a list of them, or one on each line, as JSON, plain or zstd; - is standard input',
    )
    .option('--image <reference>', 'image of the profile, so that the result is a manifest');
  withOutput(command, ['json', 'yaml'], 'json').action(async (files: string[], { image, output }: Options) => {
    const parsed = image === undefined ? undefined : imageOf(image);
    const snapshots = [];
    for (const file of files) snapshots.push(...(await readSnapshots(file, context)));
    const merged = mergeSnapshots(snapshots, parsed);
    await context.terminal.write(output === 'json' ? toJson(merged) : toYaml(merged));
  });
}

function imageOf(reference: string): Image {
  const parsed = parseImage(reference);
  if (!parsed.ok) throw usage(parsed.reason, 'an image is for example nginx:1.27 or ghcr.io/org/app:v1');
  return parsed.image;
}
