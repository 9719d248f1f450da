/**
 * All containers, and all nodes with their slots, in pages. They are ordered by node, because why a container is profiled or not
 * is decided for each node: a page looks closely at the nodes that are on it, and at the others not at all.
 *
 * A cursor is the place behind the last item of a page, and nothing is kept for it: it holds for ever and over restarts. Whatever
 * is there from the first page to the last is on exactly one of them; what comes or goes meanwhile may be on one or not.
 */
import { imageFromText } from '../core/image.ts';
import { byText } from '../core/profile/evidence.ts';
import type { ContainerRecord } from './inventory/inventory.ts';
import type { HoursOfImage } from './learning/hours.ts';
import type { Scheduler } from './scheduling/scheduler.ts';
import type { Wanted } from './scheduling/view.ts';
import { bounded, Room } from './server/api/bounded.ts';
import type { ContainerList, ContainerQuery, ContainerStatus } from './server/api/status.ts';
import type { NodeScheduling, SchedulingPage, SchedulingQuery } from './server/ports.ts';

/** Usual containers have 600 bytes; each may carry a sentence of its agent, of 1,024 characters, which are 6 KB at most. */
const pageBounds = { count: 500, bytes: 512 * 1024 };
/** Of one node in a list of nodes, so that it fits on a page with its slots. */
const nodeBounds = { count: 500, bytes: 384 * 1024 };

export interface PagesOptions {
  readonly scheduler: Pick<Scheduler, 'nodes' | 'view'>;
  readonly hours: HoursOfImage;
}

/** Containers that are compared with what is asked for, 1 to 2 us each; who asks for few of many gets pages with few on them, or none. */
const comparedPerPage = 10_000;

/** Costs what is on the page, and so many comparisons. */
export function containerPage(query: ContainerQuery, { scheduler, hours }: PagesOptions): ContainerList {
  const { after = '' } = query;
  const asked = askedBy(query);
  let compared = 0;
  const wanted: Wanted = (record) => {
    compared += 1;
    return asked(record);
  };
  const room = new Room(pageBounds);
  const hoursOf = rememberingHours(hours);
  const items: ContainerStatus[] = [];
  let last = '';
  for (const node of nodesFrom(after, query.node, scheduler)) {
    if (after >= behind(node)) continue;
    if (compared >= comparedPerPage) return { items, next: last };
    const here = scheduler.view(node, wanted).containers.map((one): Keyed => ({ key: keyOf(node, one), one }));
    for (const { key, one } of here.filter(({ key }) => key > after).sort((a, b) => byText(a.key, b.key))) {
      const item: ContainerStatus = { ...one, node, ...hoursOf(one.image) };
      if (!room.take(item)) return { items, next: last };
      items.push(item);
      last = key;
    }
    last = behind(node);
  }
  return { items };
}

/** Whole nodes; of one with more containers than fit, how many are left out. */
export function schedulingPage(
  { node: only, after = '' }: SchedulingQuery,
  { scheduler }: PagesOptions,
): SchedulingPage {
  const room = new Room(pageBounds);
  const nodes: NodeScheduling[] = [];
  let last = '';
  for (const node of nodesFrom(after, only, scheduler)) {
    if (node === after) continue;
    const { containers, ...view } = scheduler.view(node);
    const { items, omitted } = bounded(containers, nodeBounds);
    const shown: NodeScheduling = { ...view, containers: items, ...(omitted > 0 && { omitted }) };
    if (!room.take(shown, items.length)) return { nodes, next: last };
    nodes.push(shown);
    last = node;
  }
  return { nodes };
}

interface Keyed {
  readonly key: string;
  readonly one: Omit<ContainerStatus, 'node'>;
}

/** Those that the cursor has not passed, in order. */
function nodesFrom(after: string, only: string | undefined, { nodes }: Pick<Scheduler, 'nodes'>): readonly string[] {
  const [first = ''] = after.split(' ', 1);
  return (only === undefined ? nodes() : [only]).filter((node) => node >= first);
}

function askedBy(query: ContainerQuery): Wanted {
  const { namespace, pod, container } = query;
  if (namespace === undefined && pod === undefined && container === undefined) return () => true;
  const is = (asked: string | undefined, has: string): boolean => asked === undefined || asked === has;
  return (record: ContainerRecord | undefined) =>
    record !== undefined &&
    is(namespace, record.pod.namespace) &&
    is(pod, record.pod.name) &&
    is(container, record.name);
}

/** Names hold no space. What the API server does not show comes last on its node. */
function keyOf(node: string, { namespace = '~', pod = '', container = '', containerId }: Keyed['one']): string {
  return [node, namespace, pod, container, containerId].join(' ');
}

/** Behind all containers of the node, as a key. */
function behind(node: string): string {
  return [node, '~', '~', '~', 'f'.repeat(64)].join(' ');
}

/** Of the images of a page, each once. */
function rememberingHours(hours: HoursOfImage): (text: string | undefined) => Pick<ContainerStatus, 'imageHours'> {
  const known = new Map<string, Pick<ContainerStatus, 'imageHours'>>();
  return (text) => {
    if (text === undefined) return {};
    const found = known.get(text) ?? hoursOfText(text, hours);
    known.set(text, found);
    return found;
  };
}

function hoursOfText(text: string, hours: HoursOfImage): Pick<ContainerStatus, 'imageHours'> {
  const image = imageFromText(text);
  const found = image && hours(image);
  if (found === undefined) return {};
  const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1_000);
  return { imageHours: { watchedSeconds: seconds(found.watchedMs), ranSeconds: seconds(found.ranMs) } };
}
