import { type Command, Option } from 'commander';
import { listProfiles, notInstalled, type ProfileObject } from '../cluster/profiles.ts';
import { cleanManifest } from '../cluster/manifest.ts';
import { matcherOf, type Search } from '../cluster/search.ts';
import type { Context } from '../context.ts';
import { NotFoundError } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import { parseProfile } from '../input/profile-document.ts';
import { type ClusterOptions, withCluster, withOutput } from '../options.ts';
import { columnsOf, type Row, rowOf } from '../output/profile-row.ts';
import { toJson, toYaml } from '../output/safe.ts';
import { table } from '../output/table.ts';

type Format = 'table' | 'wide' | 'json' | 'yaml' | 'name';

interface Options extends ClusterOptions, Search {
  readonly output: Format;
  readonly selector?: string;
}

export function addProfiles(parent: Command, context: Context): void {
  const command = parent
    .command('profiles')
    .summary('list profiles, or search them')
    .description(
      'Lists the profiles that match all conditions. A term is a part of the text; with * it is a pattern of the whole: * stands for anything but a slash, ** for anything.',
    );
  const searches = [
    new Option('--image <term>', 'image name; with a tag, exactly that image'),
    new Option('--tag <term>', 'tag of the image'),
    new Option('-n, --namespace <name>', 'namespace in which a workload was profiled'),
    new Option('--workload <term>', 'workload that was profiled, as namespace/Kind/name'),
    new Option(
      '--label <key=value>',
      'label of the pods that run the image, of those that publishing.labels names; more than once: all of them',
    ).argParser((value: string, before?: readonly string[]) => [...(before ?? []), value]),
    new Option('-l, --selector <selector>', 'labels that people gave the object itself, for example reviewed=yes'),
    new Option('--process <term>', 'program that runs, with its script'),
    new Option('--file <term>', 'file that is used, also by a pattern that stands for it'),
    new Option('--dns <term>', 'name that is resolved, also by a pattern that stands for it'),
  ];
  for (const option of searches) command.addOption(option.helpGroup('Search:'));
  withCluster(withOutput(command, ['table', 'wide', 'json', 'yaml', 'name'], 'table')).action((options: Options) =>
    list(options, context),
  );
}

async function list(options: Options, context: Context): Promise<void> {
  const { output, selector } = options;
  const client = context.connect(options);
  const matches = matcherOf(options);
  const searched = [options.process, options.file, options.dns].some((term) => term !== undefined);
  const rows: Row[] = [];
  const unsure: string[] = [];
  const write = writerOf(output, context);
  for await (const object of profilesOf(client, selector)) {
    const profile = parseProfile(object, `SecurityProfile ${object.metadata.name}`);
    const match = matches(profile);
    if (match.kind === 'unsure') unsure.push(object.metadata.name);
    if (match.kind !== 'found') continue;
    rows.push(rowOf(object, match.what));
    await write.object(object);
  }
  await write.end();
  if (output === 'table' || output === 'wide') {
    const { head, cells } = columnsOf({ wide: output === 'wide', matches: searched, now: context.now() });
    if (rows.length > 0) await context.terminal.write(table(head, rows.map(cells)));
  }
  if (rows.length === 0 && output !== 'json') context.terminal.warn(nothing(options));
  if (unsure.length > 0) context.terminal.warn(notSearched(unsure));
}

function nothing(options: Options): string {
  return searchNames.some((name) => options[name] !== undefined)
    ? 'No profile matches.'
    : 'There are no profiles yet: the first come a minute or so after the first containers were profiled.';
}

const mostNamed = 3;

/** @param names of profiles whose objects may lack just what was searched for */
function notSearched(names: readonly string[]): string {
  const which = [...names.slice(0, mostNamed), ...(names.length > mostNamed ? ['…'] : [])].join(', ');
  const who = names.length === 1 ? '1 profile' : `${names.length} profiles`;
  return `note: ${who} may match too: for want of room the object leaves out some of what was searched for, and that was not searched: ${which}
  kubectl wsp profile show NAME --full --all prints what the operator knows of one`;
}

const searchNames = ['image', 'tag', 'namespace', 'workload', 'label', 'selector', 'process', 'file', 'dns'] as const;

async function* profilesOf(client: KubeClient, selector: string | undefined): AsyncGenerator<ProfileObject> {
  try {
    yield* listProfiles(client, selector);
  } catch (error) {
    if (error instanceof NotFoundError) throw notInstalled(error);
    throw error;
  }
}

/** Objects are written as they come: all of a large cluster would not fit into memory. */
function writerOf(format: Format, { terminal }: Context) {
  let count = 0;
  const nothing = { object: () => Promise.resolve(), end: () => Promise.resolve() };
  switch (format) {
    case 'table':
    case 'wide':
      return nothing;
    case 'name':
      return {
        ...nothing,
        object: ({ metadata: { name } }: ProfileObject) =>
          terminal.write(`securityprofile.workloadsecurity.dev/${name}\n`),
      };
    case 'yaml':
      return {
        ...nothing,
        object: (object: ProfileObject) => terminal.write(`---\n${toYaml(cleanManifest(object, true))}`),
      };
    case 'json':
      return {
        object: (object: ProfileObject) => {
          count += 1;
          const item = toJson(cleanManifest(object, true)).trimEnd();
          return terminal.write(`${count === 1 ? listHead : ',\n'}${item}`);
        },
        end: () => terminal.write(`${count === 0 ? listHead : '\n'}]}\n`),
      };
  }
}

const listHead = '{"apiVersion": "v1", "kind": "List", "items": [\n';
