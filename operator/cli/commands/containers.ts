import { type Command, Option } from 'commander';
import { formatHours } from '../../../core/duration.ts';
import { byText } from '../../../core/profile/evidence.ts';
import { type ContainerList, containerList, type ContainerStatus } from '../../server/api/status.ts';
import { type OperatorApi, operatorApi } from '../cluster/operator.ts';
import { statusReader } from '../cluster/reader.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { type OperatorOptions, withOperator, withOutput } from '../options.ts';
import { shortDuration } from '../output/duration.ts';
import { toJson, toYaml } from '../output/safe.ts';
import { table } from '../output/table.ts';

interface Options extends OperatorOptions {
  readonly output: 'table' | 'wide' | 'json' | 'yaml';
  readonly namespace?: string;
  readonly container?: string;
  readonly node?: string;
}

export function addContainers(parent: Command, context: Context): void {
  const command = parent
    .command('containers')
    .summary('why containers are profiled or not')
    .description(
      'Lists containers with why each is profiled right now or not, its place in the queue of its node if it waits, and for how long it was watched, since the operator began, of the time that it has run; wide, also for how long all containers of its image were while its profile was learned. Asks the operator itself: it takes the role workload-security-status in its namespace.',
    )
    .argument('[pod]', 'only of this pod; also as namespace/pod');
  const searches = [
    new Option('-n, --namespace <name>', 'only of this namespace'),
    new Option('-c, --container <name>', 'only of this name'),
    new Option('--node <name>', 'only on this node'),
  ];
  for (const option of searches) command.addOption(option.helpGroup('Search:'));
  withOperator(withOutput(command, ['table', 'wide', 'json', 'yaml'], 'table')).action(
    (pod: string | undefined, options: Options) => list(pod, options, context),
  );
}

type Query = Readonly<Record<string, string>>;

async function list(pod: string | undefined, options: Options, context: Context): Promise<void> {
  const { output } = options;
  const query = queryOf(pod, options);
  const ask = await operatorApi(options, context, statusReader);
  const found: ContainerStatus[] = [];
  for await (const page of pages(ask, query)) found.push(...page.items);
  found.sort(byPod);
  if (found.length === 0 && Object.keys(query).length > 0) throw unknown(query);
  const { terminal } = context;
  if (output === 'json' || output === 'yaml') {
    await terminal.write((output === 'json' ? toJson : toYaml)({ items: found }));
  } else if (found.length === 0) {
    terminal.warn('The operator knows no containers yet.');
  } else {
    const { head, cells } = columns(output === 'wide', context.now());
    await terminal.write(table(head, found.map(cells)));
  }
}

/** As people look for them; the operator lists them by node. What the API server does not show comes last. */
function byPod(left: ContainerStatus, right: ContainerStatus): number {
  const key = ({ namespace = '~', pod = '', container = '', containerId }: ContainerStatus): string =>
    [namespace, pod, container, containerId].join(' ');
  return byText(key(left), key(right));
}

function queryOf(pod: string | undefined, { namespace, container, node }: Options): Query {
  const [before, name] = pod?.includes('/') === true ? pod.split('/', 2) : [namespace, pod];
  const asked = { namespace: before ?? namespace, pod: name, container, node };
  return Object.fromEntries(Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

async function* pages(ask: OperatorApi, query: Query): AsyncGenerator<ContainerList> {
  let after: string | undefined;
  do {
    const words = new URLSearchParams({ ...query, ...(after !== undefined && { after }) });
    const page = await ask(`/api/v1/containers?${words.toString()}`, containerList);
    yield page;
    after = page.next;
  } while (after !== undefined);
}

function unknown(query: Query): Failure {
  const what = Object.entries(query)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
  const hint =
    'the name is that of kubectl get pods -A, and matches whole; a pod that has just been made has no container yet, and one that ended an hour ago is forgotten';
  return new Failure(`the operator knows no container of ${what}`, { hint });
}

function columns(wide: boolean, now: number) {
  const all: readonly (readonly [string, (one: ContainerStatus) => string])[] = [
    ['NAMESPACE', ({ namespace }) => namespace ?? '-'],
    ['POD', ({ pod }) => pod ?? '-'],
    ['CONTAINER', ({ container, containerId }) => container ?? containerId.slice(0, 12)],
    ...(wide ? more : []),
    ['STATE', ({ reason }) => reason.code],
    ['SINCE', ({ since }) => (since === undefined ? '' : shortDuration(Math.max(0, now - since) / 1_000))],
    ['WATCHED', watched],
    ['WHY', why],
  ];
  return { head: all.map(([title]) => title), cells: (one: ContainerStatus) => all.map(([, value]) => value(one)) };
}

const more: readonly (readonly [string, (one: ContainerStatus) => string])[] = [
  ['NODE', ({ node }) => node],
  ['IMAGE', ({ image }) => image ?? '-'],
  ['ID', ({ containerId }) => containerId.slice(0, 12)],
  ['IMAGE WATCHED', ({ imageHours }) => (imageHours === undefined ? '-' : partOf(imageHours))],
];

/** Nothing, if no period of it has ended since the operator began: it may have been watched before. */
function watched({ watchedSeconds, ranSeconds }: ContainerStatus): string {
  if (watchedSeconds === 0) return '-';
  return ranSeconds === undefined ? formatHours(watchedSeconds * 1_000) : partOf({ watchedSeconds, ranSeconds });
}

function partOf({ watchedSeconds, ranSeconds }: NonNullable<ContainerStatus['imageHours']>): string {
  return `${formatHours(watchedSeconds * 1_000)} of ${formatHours(ranSeconds * 1_000)}`;
}

/** Without the code that the text begins with: it has a column. */
function why({ reason, queue }: ContainerStatus): string {
  const text = reason.text.replace(/^(?:profiling|granted|waiting|node full|share taken|own pod): /, '');
  return queue === undefined ? text : `${text}; place ${queue.place} of ${queue.of} in the queue of its node`;
}
