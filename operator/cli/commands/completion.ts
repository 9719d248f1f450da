/**
 * Completion of shells. The scripts ask the program itself (`__complete WORDS…`), so that they never differ from it; kubectl
 * finds `kubectl_complete-wsp` on the PATH and asks that.
 */
import { Argument, type Command } from 'commander';
import { listProfiles } from '../cluster/profiles.ts';
import type { Context } from '../context.ts';

const scripts = {
  bash: `_kubectl_wsp() {
  local IFS=$'\\n'
  COMPREPLY=($(kubectl-wsp __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _kubectl_wsp kubectl-wsp
`,
  zsh: `#compdef kubectl-wsp
_kubectl_wsp() {
  local -a found
  found=("\${(@f)$(kubectl-wsp __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found || _files
}
compdef _kubectl_wsp kubectl-wsp
`,
  fish: `complete -c kubectl-wsp -f -a '(kubectl-wsp __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
} as const;

/** More names than anybody reads. */
const mostNames = 200;

export function addCompletion(program: Command, context: Context): void {
  program
    .command('completion')
    .summary('completion for a shell')
    .description(
      'Prints a script that completes kubectl-wsp in a shell: source <(kubectl-wsp completion bash). ' +
        'For "kubectl wsp", put bin/kubectl_complete-wsp beside the plugin on the PATH; kubectl finds it.',
    )
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(Object.keys(scripts)))
    .action((shell: keyof typeof scripts) => context.terminal.write(scripts[shell]));
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const found = await completions(program, words, context);
      await context.terminal.write(found.map((word) => `${word}\n`).join(''));
    });
}

async function completions(program: Command, words: readonly string[], context: Context): Promise<string[]> {
  const current = words.at(-1) ?? '';
  let command = program;
  for (const word of words.slice(0, -1)) {
    command = command.commands.find((one) => one.name() === word) ?? command;
  }
  const choices = choicesAfter(command, words.at(-2));
  const candidates = choices ?? (await offered(command, current, context));
  return candidates.filter((word) => word.startsWith(current));
}

/** Values of the option that stands before; undefined if none does, or it takes anything. */
function choicesAfter(command: Command, before: string | undefined): string[] | undefined {
  const option = command.options.find(({ short, long }) => before !== undefined && [short, long].includes(before));
  return option?.required === true ? (option.argChoices ?? []) : undefined;
}

async function offered(command: Command, current: string, context: Context): Promise<string[]> {
  if (current.startsWith('-')) return command.options.flatMap(({ long }) => (long == null ? [] : [long]));
  const commands = command.commands.map((one) => one.name()).filter((name) => !name.startsWith('__'));
  if (commands.length > 0) return commands;
  const [argument] = command.registeredArguments;
  if (argument?.argChoices !== undefined) return argument.argChoices;
  return takesProfile.has(argument?.name() ?? '') ? profileNames(context) : [];
}

const takesProfile = new Set(['profile', 'before']);

/** Completion says nothing about errors: there is nowhere to say it. */
async function profileNames({ connect }: Context): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { metadata } of listProfiles(connect({}))) {
      names.push(metadata.name);
      if (names.length === mostNames) break;
    }
  } catch {
    return names;
  }
  return names;
}
