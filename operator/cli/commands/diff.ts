import { type Command, Option } from 'commander';
import { defaultThreshold, diffProfiles, type ProfileDiff } from '../../../core/profile/diff.ts';
import { relevances } from '../../../core/profile/diff-relevance.ts';
import type { Context } from '../context.ts';
import { exitCodes, type ExitCode, usage } from '../failure.ts';
import type { ProfileDocument } from '../input/profile-document.ts';
import { readCompared } from '../input/compared.ts';
import { pastTime } from '../input/past-time.ts';
import { type OperatorOptions, points, withOperator, withOutput } from '../options.ts';
import { diffText } from '../output/diff-text.ts';
import { paint } from '../output/paint.ts';
import { titleOf } from '../output/profile-head.ts';
import { toJson, toYaml } from '../output/safe.ts';

interface Options extends OperatorOptions {
  readonly output: 'text' | 'json' | 'yaml';
  readonly threshold: number;
  /** RFC 3339. */
  readonly beforeAt?: string;
  readonly afterAt?: string;
  readonly all?: true;
  readonly exitCode?: true;
}

export function addDiff(parent: Command, context: Context, end: (code: ExitCode) => void): void {
  const command = parent
    .command('diff')
    .summary('what one profile has and another has not')
    .description(
      'Compares two profiles: what came, what changed (ways of use, ports, commonality), what is gone; the most relevant to security first. ' +
        'Each is a file with a SecurityProfile or with the output of profile merge, the name of a profile in the cluster, or an image such as nginx:1.27. ' +
        'With a time it is the profile as it was then, which the operator makes again from the snapshots that it keeps. ' +
        'It is asked for that, and for both profiles if the object of either has no room for all: that takes the role workload-security-check in its namespace.',
    )
    .argument('<before>', 'file, name or image; - is standard input')
    .argument('<after>', 'file, name or image')
    .option('--threshold <points>', 'change of commonality that counts, 0 to 100', points, defaultThreshold)
    .option('--all', 'also list what only came or went with its process')
    .option('--exit-code', 'end with 1 if there are differences');
  const times = [
    new Option('--before-at <time>', 'the first as it was then: 24h ago, or a time such as 2026-01-31'),
    new Option('--after-at <time>', 'the second as it was then'),
  ];
  for (const option of times) {
    command.addOption(option.argParser((text) => pastTime(text, context.now())).helpGroup('Profiles of the operator:'));
  }
  withOperator(withOutput(command, ['text', 'json', 'yaml'], 'text')).action(
    async (before: string, after: string, options: Options) => {
      if (before === '-' && after === '-')
        throw usage('standard input holds one profile: the other is a file, name or image');
      const sides = [
        { source: before, at: options.beforeAt },
        { source: after, at: options.afterAt },
      ] as const;
      const [left, right] = await readCompared(sides, options, context);
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
    const names = { before: titleAt(left, options.beforeAt), after: titleAt(right, options.afterAt) };
    return diffText(diff, { ...names, all: options.all === true, paint: paint(colours) });
  }
  const value = asData(diff, { profile: left, at: options.beforeAt }, { profile: right, at: options.afterAt });
  return options.output === 'json' ? toJson(value) : toYaml(value);
}

function titleAt(profile: ProfileDocument, at: string | undefined): string {
  return `${titleOf(profile)}${at === undefined ? '' : ` (as it was at ${at})`}`;
}

interface DatedProfile {
  readonly profile: ProfileDocument;
  readonly at: string | undefined;
}

/** The contract for machines. */
function asData(diff: ProfileDiff, left: DatedProfile, right: DatedProfile): unknown {
  const side = ({ profile: { metadata, spec, status }, at }: DatedProfile) => ({
    ...(metadata.name !== undefined && { name: metadata.name }),
    ...(at !== undefined && { at }),
    ...(spec.image !== undefined && { image: spec.image }),
    ...(spec.evidence?.snapshots !== undefined && { snapshots: spec.evidence.snapshots }),
    ...(spec.evidence?.containers !== undefined && { containers: spec.evidence.containers }),
    ...(status.commonality !== undefined && { commonality: status.commonality }),
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
