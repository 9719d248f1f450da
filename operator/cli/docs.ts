/**
 * Writes docs/reference/cli.md from the definition of the commands; with `--check` changes nothing and fails if it is stale.
 *
 *     node operator/cli/docs.ts [--check]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Argument, Command, Option } from 'commander';
import { relevances } from '../../core/profile/diff-relevance.ts';
import { createProgram } from './program.ts';

/** Described, never run. */
const notRun = (): never => {
  throw new Error('no command is run here');
};

function commandsOf(command: Command): Command[] {
  return command.commands
    .filter((one) => !one.name().startsWith('__') && one.name() !== 'help')
    .flatMap((one) => (one.commands.length > 0 ? commandsOf(one) : [one]));
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function optionLine(option: Option): string {
  const choices = option.argChoices === undefined ? '' : `: ${option.argChoices.map((one) => `\`${one}\``).join(', ')}`;
  const standard = option.defaultValue === undefined ? '' : ` (default \`${String(option.defaultValue)}\`)`;
  return `- \`${option.flags}\`: ${option.description}${choices}${standard}`;
}

const argumentLine = (argument: Argument): string => `- \`${argument.name()}\`: ${argument.description}`;

function section(command: Command): string {
  const lines = [...command.registeredArguments.map(argumentLine), ...command.options.map(optionLine)];
  return [`## ${fullName(command)}`, command.description(), lines.join('\n')]
    .filter((part) => part !== '')
    .join('\n\n');
}

const relevanceList = Object.entries(relevances)
  .map(([relevance, why], index) => `${index + 1}. \`${relevance}\`: ${why}`)
  .join('\n');

const head = `<!-- Generated from the commands in operator/cli by "make generate". Change them there. -->

# kubectl wsp

The plugin runs from a checkout after \`make build\`: put \`bin/\` on the PATH, and kubectl finds it. \`profile merge\`, and \`profile diff\`, \`profile show\` and \`profile check\` with files, need no cluster. Everything else goes through the Kubernetes API with your own rights: the role \`workload-security-viewer\` reads; \`relearn\`, \`forget\` and \`release\` need \`patch\` on \`securityprofiles\`; \`status\` and \`containers\` ask the operator and need \`Role/workload-security-status\` in its namespace, and so does \`profile check\` without files, which needs \`Role/workload-security-check\`, as do \`profile show --full\`, and \`profile diff\` with a time or of objects that leave something out.

Exit codes:

- 0: done
- 1: the profiles differ (\`profile diff --exit-code\`), or something is not known (\`profile check\`)
- 2: the command line is wrong, or the input of \`profile check\`: no such profile or file, or nothing to compare
- 3: what was asked for could not be done; the message says why

Colours appear on a terminal only, and never if \`NO_COLOR\` is set. Names, paths and messages from containers are printed with control characters and marks of text direction escaped, in every format.`;

const diffNotes = `## How differences are ordered

A behaviour is a program at its place in the lineage, or below such a program a file, a name or an endpoint; of the container as a whole, a system call or capability. How it is done are its ways: accesses of a file, record types of a name, ports of an endpoint, actors that begin a program. A behaviour is \`new\`, \`gone\` or \`changed\`: it gained or lost a way, the commonality of a way moved by the threshold or more, somebody else uses a file in a known way (\`read by exec\`: who came by \`kubectl exec\` reads what only the entrypoint read), or a program that ran at the start alone now also runs later. \`unknown\`, who began what is older than the agent, counts as nobody new.

First stands what came (new behaviours, and known ones done in a new way, by somebody else or later), then what became more or less common or lost any of these, then what is gone. Within each the order is that of this list, then the most common first.

${relevanceList}

A file that was read and is now also written to is ranked as one that is written to. A name that the other profile knows by a pattern is nothing new, and neither are names of one signature (\`/dev/shm/PostgreSQL.1027192894\`) of which each profile has its own: both are compared as the pattern, without scores. Patterns of the two that have names in common, though neither stands for all of the other's (\`{mixed8}.log\` and \`ab{digits}.log\`), are one that is \`changed\`, with what either profile calls it in \`overlapping\`: part of what it stands for is new. An address within a /16 of the other profile is nothing new; the Internet in place of some blocks is \`overlapping\` as well. What a new process does is marked \`withProcess\`, and so is what changed only because somebody else begins its process; text leaves out of it what only reads, writes in ordinary places or is talked to, unless asked for with \`--all\`. A kind of behaviour that one of the profiles did not watch is not compared, and a \`caveat\` says so; another says how much there was no room for, in an object or in what the operator keeps, a third which ways past the agent its containers went. Comparing patterns has a bound too, which real profiles do not reach (4,000 patterns of one directory on either side, if few of them look alike): beyond it a \`caveat\` with the reason \`too-many-patterns\` says of how many it was not looked whether a pattern of the other profile stands for them or overlaps with them.

Not compared are \`pattern\` (it says how much was learned), \`peerRef\` (it says the same as \`peer\`), \`maxInstances\` (the most of all containers grows with their number, their load and their processors), that a program now also runs at the start (an agent that is younger than the containers does not see it), and times and figures of the evidence. Names and endpoints do not say who uses them; their process does.

As JSON: \`before\` and \`after\` (name, \`at\` if a time was given, image, snapshots, containers, commonality), \`threshold\`, \`counts\`, \`differences\` (each with \`change\`, \`kind\`, \`relevance\`, \`why\`, what it is, \`lineage\`, \`before\` and \`after\` as ways with their commonality, \`gained\`, \`lost\`, \`shifted\`, and where they changed \`actors\` with the \`way\` and \`actor\` of each that was \`gained\` or \`lost\`, \`phases\`, and \`overlapping\` patterns \`before\` and \`after\`) and \`caveats\`.`;

const checkNotes = `## What is not known

\`profile check\` compares what snapshots show with what the profile knows, by its compiled form, which is the one that agents are to match against. What is not known is listed in the order of the list above. Counts are of behaviours in snapshots: what two snapshots show counts twice, and is listed once.

- _known_: the profile has it, by name or by a pattern. What only probes and people at terminals taught is not known.
- _not known_: the profile has nothing that stands for it. The sentence says how much of the lineage is known, what is nearest and in what the two differ. What people at terminals did is listed with them; what only probes did is counted apart, since agents would not ask about it.
- _undecided_: nobody can say. With files that is foremost a connection to a private address, if the program has connections to services of the cluster: whose address it was, only the cluster knew. It is also all that an object with \`omitted\` entries of that kind does not know.
- A kind that was never watched for the profile is not compared, and a note says so.

Text leaves out what only reads, writes in ordinary places or is talked to, if its process is not known itself (\`withProcess\`), unless asked for with \`--all\`. 2,000 different behaviours are kept, the most relevant, and the operator lists 200 of them; \`omitted\` counts the others.

As JSON, the same from files and from the operator: \`profile\` (name, image, state, \`at\` if it is the profile as it was then), \`snapshots\`, \`containers\`, \`moreSnapshots\` if the operator has more than it compares for one answer, \`unreadable\` snapshots of the store if there are any, \`counts\` (known, unknown, undecided, probes), \`undecided\` by reason, \`notWatched\` kinds, \`omitted\` and \`unknown\`: each with \`kind\`, what it is, \`relevance\`, \`why\`, \`sentence\`, \`lineage\`, \`nearest\` (absent if nothing is near), \`difference\` (fields with \`known\` and \`seen\`), \`by\` (of people), \`containers\`, the first 8 \`containerIds\`, \`first\` and \`last\`.`;

function page(): string {
  const context = {
    terminal: { write: notRun, warn: notRun, ask: notRun, colours: false, interactive: false },
    read: notRun,
    exists: notRun,
    connect: notRun,
    tunnel: notRun,
    now: notRun,
  };
  const program = createProgram(context, notRun);
  return `${[head, ...commandsOf(program).map(section), diffNotes, checkNotes].join('\n\n')}\n`;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const file = fileURLToPath(new URL('../../docs/reference/cli.md', import.meta.url));
  const wanted = page();
  const isFresh = existsSync(file) && readFileSync(file, 'utf8') === wanted;
  if (!isFresh && values.check) {
    process.stderr.write(`${file} is stale: run "make generate" and commit the result\n`);
    process.exitCode = 1;
  } else if (!isFresh) writeFileSync(file, wanted);
}
