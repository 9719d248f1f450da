/** All commands. The reference page and the completion of shells are made from this definition. */
import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { addActions } from './commands/act.ts';
import { addCheck } from './commands/check.ts';
import { addCompletion } from './commands/completion.ts';
import { addDiff } from './commands/diff.ts';
import { addExport } from './commands/export.ts';
import { addMerge } from './commands/merge.ts';
import { addContainers } from './commands/containers.ts';
import { addProfiles } from './commands/profiles.ts';
import { addShow } from './commands/show.ts';
import { addStatus } from './commands/status.ts';
import type { Context } from './context.ts';
import type { ExitCode } from './failure.ts';

const exitCodesHelp = `Exit codes:
  0  done
  1  profile diff --exit-code: there are differences; profile check: something
     is not known
  2  the command line is wrong; profile check: there is nothing to compare
  3  it could not be done`;

/** @param end sets how the process ends, if not as done */
export function createProgram(context: Context, end: (code: ExitCode) => void): Command {
  const program = new Command('kubectl wsp')
    .description('Security profiles of what runs in the cluster: list, search, read, compare, keep.')
    .version(packageJson.version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .showHelpAfterError('(--help shows how it is used)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.terminal.write(text),
      writeErr: (text) => context.terminal.warn(text.trimEnd()),
    });
  program.addHelpText('after', `\n${exitCodesHelp}`);
  addStatus(program, context);
  addProfiles(program, context);
  addContainers(program, context);
  const profile = program
    .command('profile')
    .summary('read, compare, keep or renew one profile')
    .description('Reads, compares, keeps or renews one profile.');
  addShow(profile, context);
  addDiff(profile, context, end);
  addCheck(profile, context, end);
  addMerge(profile, context);
  addExport(profile, context);
  addActions(profile, context);
  addCompletion(program, context);
  return program;
}
