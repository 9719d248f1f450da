/** How the product is, for people: what `kubectl wsp status` and `kubectl wsp containers` show. */
import packageJson from '../package.json' with { type: 'json' };
import { byText } from '../core/profile/evidence.ts';
import type { Clock } from './clock.ts';
import type { ProfileObject } from './controllers/security-profile/profile-object.ts';
import { containerPage, type PagesOptions, schedulingPage } from './cluster-pages.ts';
import type { KnownProfiles } from './learning/known-profiles.ts';
import type { AgentOverview, Scheduler } from './scheduling/scheduler.ts';
import { bounded } from './server/api/bounded.ts';
import type { AgentStatus, ClusterStatus, Concern } from './server/api/status.ts';
import type { StatusSource } from './server/ports.ts';
import { configName } from './controllers/workload-security-config/reconcile.ts';
import type { SettingsSource } from './settings-source.ts';
import { StoreError } from './store/errors.ts';
import type { StoreHealth } from './store/health.ts';
import type { Store } from './store/store.ts';

/** Usual agents have 300 bytes; with a reason of 1,024 characters they are 7 KB at most. Those that are not ready come first. */
const agentBounds = { count: 200, bytes: 512 * 1024 };
/** Of 1 KB. */
const concernBounds = { count: 50, bytes: 256 * 1024 };

export interface StatusOptions extends PagesOptions {
  readonly scheduler: Pick<Scheduler, 'agents' | 'reasons' | 'nodes' | 'view'>;
  readonly known: Pick<KnownProfiles, 'all'>;
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
          ...bounded(agents.toSorted(troubledFirst).map(agentStatus), agentBounds),
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
          concernBounds,
        ),
      };
    },
    containers: (query) => containerPage(query, options),
    scheduling: (query) => schedulingPage(query, options),
  };
}

function troubledFirst(left: AgentOverview, right: AgentOverview): number {
  const ready = ({ agent }: AgentOverview): number => Number(agent.state === 'ready');
  return ready(left) - ready(right) || byText(left.node, right.node);
}

/** Counters of reports by which records are lost; what is cut short is known in part. */
const lossCounters = ['ring_drops_total', 'recursion_misses_total', 'kernel_map_full_total', 'decode_errors_total'];

function agentStatus({ node, agent, slots, maxSlots, finishedKept, profiles, counters }: AgentOverview): AgentStatus {
  const lost = lossCounters.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
  // Counters are an agent's word: any number.
  const lostRecords = Math.min(Math.floor(lost), Number.MAX_SAFE_INTEGER);
  return {
    node,
    ...agent,
    slots: { used: slots, max: maxSlots },
    finishedKept,
    profiles: { ...profiles },
    lostRecords,
  };
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
