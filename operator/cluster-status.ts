/** How the product is, for people: what `kubectl wsp status` and `kubectl wsp containers` show. */
import packageJson from '../package.json' with { type: 'json' };
import { imageFromText, type Image } from '../core/image.ts';
import { byText } from '../core/profile/evidence.ts';
import type { Clock } from './clock.ts';
import type { ProfileObject } from './controllers/security-profile/profile-object.ts';
import type { Inventory } from './inventory/inventory.ts';
import type { Hours } from './learning/hours.ts';
import type { KnownProfiles } from './learning/known-profiles.ts';
import type { AgentOverview, Scheduler } from './scheduling/scheduler.ts';
import type { NodeView } from './scheduling/view.ts';
import type {
  AgentStatus,
  ClusterStatus,
  Concern,
  ContainerList,
  ContainerQuery,
  ContainerStatus,
} from './server/api/status.ts';
import type { StatusSource } from './server/ports.ts';
import { configName } from './controllers/workload-security-config/reconcile.ts';
import type { SettingsSource } from './settings-source.ts';
import { StoreError } from './store/errors.ts';
import type { StoreHealth } from './store/health.ts';
import type { Store } from './store/store.ts';

/** Of 1.4 KB at most, with a reason of 1,024 characters: 280 KB. Those that are not ready come first. */
const agentLimit = 200;
/** Of 1 KB: 50 KB. */
const concernLimit = 50;
/** Of 900 bytes at most: 450 KB. */
const containerLimit = 500;

export interface StatusOptions {
  readonly scheduler: Pick<Scheduler, 'agents' | 'reasons' | 'view'>;
  readonly inventory: Pick<Inventory, 'all'>;
  readonly known: Pick<KnownProfiles, 'all'>;
  readonly hours: (image: Image) => Hours | undefined;
  readonly objects: () => readonly ProfileObject[];
  readonly store: Pick<Store, 'usage'>;
  readonly health: Pick<StoreHealth, 'current'>;
  readonly settings: Pick<SettingsSource, 'problems'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}

export function statusSource(options: StatusOptions): StatusSource {
  const { scheduler, clock, known, objects } = options;
  return {
    async status(): Promise<ClusterStatus> {
      const agents = scheduler.agents();
      const ready = agents.filter(({ agent }) => agent.state === 'ready').length;
      const { all, waitingSince } = scheduler.reasons();
      const waited = waitingSince === undefined ? 0 : clock.monotonic() - waitingSince;
      const states = [...known.all()].map(({ state }) => state);
      const stable = states.filter((state) => state === 'stable').length;
      return {
        version: packageJson.version,
        at: clock.now(),
        agents: {
          ...bounded(agents.toSorted(troubledFirst).map(agentStatus), agentLimit),
          ready,
          notReady: agents.length - ready,
        },
        containers: {
          total: [...all.values()].reduce((sum, count) => sum + count, 0),
          reasons: Object.fromEntries(all),
          longestWaitSeconds: Math.max(0, Math.floor(waited / 1_000)),
        },
        profiles: { learning: states.length - stable, stable },
        store: await storeStatus(options),
        concerns: bounded(
          [...settingsConcerns(options.settings.problems), ...profileConcerns(objects())],
          concernLimit,
        ),
      };
    },
    containers: (query) => containers(query, options),
  };
}

function bounded<Item>(items: readonly Item[], limit: number): { items: Item[]; omitted: number } {
  return { items: items.slice(0, limit), omitted: Math.max(0, items.length - limit) };
}

function troubledFirst(left: AgentOverview, right: AgentOverview): number {
  const ready = ({ agent }: AgentOverview): number => Number(agent.state === 'ready');
  return ready(left) - ready(right) || byText(left.node, right.node);
}

/** Counters of reports by which records are lost; what is cut short is known in part. */
const lossCounters = ['ring_drops_total', 'recursion_misses_total', 'kernel_map_full_total', 'decode_errors_total'];

function agentStatus({ node, agent, slots, maxSlots, finishedKept, counters }: AgentOverview): AgentStatus {
  const lost = lossCounters.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
  // Counters are an agent's word: any number.
  const lostRecords = Math.min(Math.floor(lost), Number.MAX_SAFE_INTEGER);
  return { node, ...agent, slots: { used: slots, max: maxSlots }, finishedKept, lostRecords };
}

async function storeStatus({ store, health }: StatusOptions): Promise<ClusterStatus['store']> {
  const { current } = health;
  const is = { state: current.state, message: current.state === 'failing' ? current.message : '' };
  try {
    const { bytes, snapshots, archived, volumeFreeBytes } = await store.usage();
    return { ...is, usage: { bytes, snapshots, archived, volumeFreeBytes } };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { state: 'failing', message: is.message === '' ? error.message : is.message };
  }
}

function settingsConcerns(problems: readonly string[]): Concern[] {
  if (problems.length === 0) return [];
  const message = `The last good settings stay in force. Correct these: ${problems.join('; ')}`.slice(0, 800);
  return [{ kind: 'WorkloadSecurityConfig', name: configName, condition: 'Ready', reason: 'Invalid', message }];
}

/** Status of a condition of a profile that somebody should look at. */
const concerning: Readonly<Record<string, 'True' | 'False'>> = {
  Ready: 'False',
  DigestsAgree: 'False',
  Quarantined: 'True',
  Degraded: 'True',
  Duplicate: 'True',
};

function profileConcerns(objects: readonly ProfileObject[]): Concern[] {
  return objects
    .flatMap(({ name, status }) =>
      (status.conditions ?? [])
        .filter(({ type, status: holds }) => concerning[type] === holds)
        .map(({ type, reason, message }) => ({ kind: 'SecurityProfile', name, condition: type, reason, message })),
    )
    .toSorted((left, right) => byText(left.name, right.name));
}

function containers(query: ContainerQuery, { scheduler, inventory, hours }: StatusOptions): ContainerList {
  const { after } = query;
  const found = viewsOf(query, { scheduler, inventory })
    .flatMap(({ node, containers: here }) => here.map((one): ContainerStatus => ({ ...one, node })))
    .filter((one) => isAsked(one, query))
    .map((one) => ({ key: keyOf(one), one }))
    .toSorted((left, right) => byText(left.key, right.key));
  const rest = after === undefined ? found : found.filter(({ key }) => key > after);
  const page = rest.slice(0, containerLimit);
  const next = rest.length > page.length ? page.at(-1)?.key : undefined;
  return {
    items: page.map(({ one }) => withHours(one, hours)),
    total: found.length,
    ...(next !== undefined && { next }),
  };
}

function withHours(one: ContainerStatus, hours: StatusOptions['hours']): ContainerStatus {
  const image = one.image === undefined ? undefined : imageFromText(one.image);
  const found = image && hours(image);
  if (found === undefined) return one;
  const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1_000);
  return { ...one, imageHours: { watchedSeconds: seconds(found.watchedMs), ranSeconds: seconds(found.ranMs) } };
}

/** Of a pod, only its own nodes are looked at: all 1,000 nodes are a hundred thousand containers. */
function viewsOf(query: ContainerQuery, options: Pick<StatusOptions, 'scheduler' | 'inventory'>): NodeView[] {
  const { scheduler, inventory } = options;
  if (query.node !== undefined) return scheduler.view(query.node);
  if (query.pod === undefined) return scheduler.view();
  const nodes = new Set<string>();
  for (const { pod, node } of inventory.all()) if (pod.name === query.pod) nodes.add(node);
  return [...nodes].flatMap((node) => scheduler.view(node));
}

function isAsked(one: ContainerStatus, query: ContainerQuery): boolean {
  const fields = ['namespace', 'pod', 'container', 'node'] as const;
  return fields.every((field) => query[field] === undefined || query[field] === one[field]);
}

/** Names hold no space, so that pods stand together and containers in their order. */
function keyOf({ namespace = '~', pod = '', container = '', containerId, node }: ContainerStatus): string {
  return [namespace, pod, container, containerId, node].join(' ');
}
