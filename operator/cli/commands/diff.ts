import type { Command } from 'commander';
import { defaultThreshold, diffProfiles, type ProfileDiff } from '../../../core/profile/diff.ts';
import { relevances } from '../../../core/profile/diff-relevance.ts';
import type { Context } from '../context.ts';
import { exitCodes, type ExitCode, usage } from '../failure.ts';
import type { ProfileDocument } from '../input/profile-document.ts';
import { readProfile } from '../input/source.ts';
import { type ClusterOptions, points, withCluster, withOutput } from '../options.ts';
import { diffText } from '../output/diff-text.ts';
import { paint } from '../output/paint.ts';
import { titleOf } from '../output/profile-head.ts';
import { toJson, toYaml } from '../output/safe.ts';

interface Options extends ClusterOptions {
  readonly output: 'text' | 'json' | 'yaml';
  readonly threshold: number;
  readonly all?: true;
  readonly exitCode?: true;
}

export function addDiff(parent: Command, context: Context, end: (code: ExitCode) => void): void {
  const command = parent
    .command('diff')
    .summary('what one profile has and another has not')
    .description(
      'Compares two profiles: what came, what changed (ways of use, ports, commonality), what is gone; the most relevant to security first. ' +
        'Each is a file with a SecurityProfile or with the output of profile merge, the name of a profile in the cluster, or an image such as nginx:1.27.',
    )
    .argument('<before>', 'file, name or image; - is standard input')
    .argument('<after>', 'file, name or image')
    .option('--threshold <points>', 'change of commonality that counts, 0 to 100', points, defaultThreshold)
    .option('--all', 'also list what only came or went with its process')
    .option('--exit-code', 'end with 1 if there are differences');
  withCluster(withOutput(command, ['text', 'json', 'yaml'], 'text')).action(
    async (before: string, after: string, options: Options) => {
      if (before === '-' && after === '-')
        throw usage('standard input holds one profile: the other is a file, name or image');
      const [left, right] = [await readProfile(before, options, context), await readProfile(after, options, context)];
      const diff = diffProfiles(compared(left), compared(right), options.threshold);
      await context.terminal.write(render(diff, left, right, { options, colours: context.terminal.colours }));
      if (options.exitCode === true && diff.differences.length > 0) end(exitCodes.found);
    },
  );
}

const compared = ({ spec: { behavior, evidence } }: ProfileDocument) => ({
  behavior,
  ...(evidence !== undefined && { evidence }),
});

function render(
  diff: ProfileDiff,
  left: ProfileDocument,
  right: ProfileDocument,
  { options, colours }: { options: Options; colours: boolean },
): string {
  if (options.output === 'text') {
    const names = { before: titleOf(left), after: titleOf(right) };
    return diffText(diff, { ...names, all: options.all === true, paint: paint(colours) });
  }
  const value = asData(diff, left, right);
  return options.output === 'json' ? toJson(value) : toYaml(value);
}

/** The contract for machines. */
function asData(diff: ProfileDiff, left: ProfileDocument, right: ProfileDocument): unknown {
  const side = ({ metadata: { name }, spec, status: { commonality } }: ProfileDocument) => ({
    ...(name !== undefined && { name }),
    ...(spec.image !== undefined && { image: spec.image }),
    ...(spec.evidence?.snapshots !== undefined && { snapshots: spec.evidence.snapshots }),
    ...(spec.evidence?.containers !== undefined && { containers: spec.evidence.containers }),
    ...(commonality !== undefined && { commonality }),
  });
  const count = (change: string): number => diff.differences.filter((one) => one.change === change).length;
  return {
    before: side(left),
    after: side(right),
    threshold: diff.threshold,
    counts: { new: count('new'), changed: count('changed'), gone: count('gone') },
    differences: diff.differences.map(({ change, kind, relevance, ...rest }) => ({
      change,
      kind,
      relevance,
      why: relevances[relevance],
      ...rest,
    })),
    caveats: diff.caveats,
  };
}
