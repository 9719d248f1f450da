/**
 * A thousand simulated agents against one operator: the bundled program with a real API server behind it and a real store.
 * Everything runs on this machine, so the figures are the operator's own: its processor time, its memory, what it wrote.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../agent/log.ts';
import { createKubeClient, loadKubeConfig, type KubeClient } from '../../operator/kube/client.ts';
import { findConfigMap } from '../../operator/kube/secrets.ts';
import { caConfigMap } from '../../operator/server/tls/keeper.ts';
import { type ApiServer, startApiServer } from '../../test/integration/api-server.ts';
import { mebibyte } from '../bench/memory.ts';
import { statusBytes } from '../bench/process.ts';
import { LoadAgent } from './agent.ts';
import { churn } from './churn.ts';
import { type Delivery, deliveryOf, sealsOf } from './delivery.ts';
import {
  agentToken,
  changeSettings,
  createFleet,
  inParallel,
  prepareCluster,
  productNamespace,
  readerToken,
} from './cluster.ts';
import type { Target } from './connection.ts';
import { flood } from './flood.ts';
import { type Fleet, fleetOf, type FleetSize } from './fleet.ts';
import { type OperatorProcess, startOperator } from './operator-process.ts';
import { Tally } from './tally.ts';
import { type Length, measureWindow, type Sources, total, type WindowResult } from './window.ts';

export interface LoadOptions extends FleetSize {
  /** Pods replaced each second. */
  readonly churn: number;
  /** Length of each part in seconds; 0 leaves it out. */
  readonly seconds: {
    /** Periods of 10 s: more than the operator can take, so that it shows how much that is, and profiles grow. */
    readonly saturated: number;
    /** Periods of 30 minutes, as by default. */
    readonly steady: number;
    /** The same, and one agent floods. */
    readonly flooded: number;
    /** All profiles are sealed, and every agent holds those of its node; before it, a part that lasts until they are. */
    readonly stable: number;
  };
  readonly binaries: string;
  /** Of Node, for the operator. */
  readonly nodeArguments?: readonly string[];
  /** Stays, for a look into log and store; a directory of its own that is removed if absent. */
  readonly directory?: string;
  readonly progress: (text: string) => void;
}

export interface LoadResult {
  readonly windows: readonly WindowResult[];
  /** How long the operator took to hear of all agents. */
  readonly connectedSeconds: number;
  readonly profiles: number;
  readonly storeBytes: number;
  /** The most that the operator's cgroup was charged with, of the limit of the chart. */
  readonly peakMiB: number;
  readonly replacedPods: number;
  /** What the flooding agent was answered, by status. */
  readonly flood: Readonly<Record<string, number>>;
  /** Absent where nothing was sealed. */
  readonly delivery?: Delivery;
}

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'wsp-load-'));
  mkdirSync(directory, { recursive: true });
  const apiServer = await startApiServer(options.binaries);
  try {
    return await withCluster(apiServer, directory, options);
  } finally {
    await apiServer.stop();
    if (options.directory === undefined) rmSync(directory, { recursive: true });
  }
}

async function withCluster(apiServer: ApiServer, directory: string, options: LoadOptions): Promise<LoadResult> {
  const { progress } = options;
  const client = createKubeClient(loadKubeConfig(apiServer.kubeconfig));
  await prepareCluster(apiServer, client);
  const fleet = fleetOf(options, Date.now());
  await createFleet(client, fleet);
  progress(`${options.nodes} nodes with ${options.containersPerNode} containers each are in the API server`);
  const tokens = new Map<string, string>();
  await inParallel(fleet.nodes, async ({ name }) => void tokens.set(name, await agentToken(client, name)));
  const ended = Promise.withResolvers<never>();
  const operator = await startOperator(apiServer.kubeconfig, directory, options.nodeArguments ?? [], ended.reject);
  progress(`the operator is at work, process ${operator.pid}`);
  try {
    const load = withOperator({ apiServer, client, fleet, tokens, operator, directory, options });
    // What fails because the operator is ending is only the consequence.
    const failed = load.catch(async (error: unknown) => sleep(endsWithinMs).then(() => Promise.reject(error)));
    return await Promise.race([failed, ended.promise]);
  } finally {
    await operator.stop();
  }
}

interface Stage {
  readonly apiServer: ApiServer;
  readonly client: KubeClient;
  readonly fleet: Fleet;
  readonly tokens: ReadonlyMap<string, string>;
  readonly operator: OperatorProcess;
  readonly directory: string;
  readonly options: LoadOptions;
}

async function withOperator(stage: Stage): Promise<LoadResult> {
  const { apiServer, client, fleet, tokens, operator, directory, options } = stage;
  const { progress } = options;
  const ca = (await findConfigMap(client, { namespace: productNamespace, name: caConfigMap.name }))?.[caConfigMap.key];
  const target = { url: new URL(`https://127.0.0.1:${operator.port}`), ca: ca ?? '' };
  const reader = await readerToken(client);
  const tally = new Tally();
  // The taken agent's own troubles are not those of the others.
  const others = new Tally();
  const agents = new Map<string, LoadAgent>();
  for (const [index, node] of fleet.nodes.entries()) {
    const token = tokens.get(node.name) ?? '';
    const own = index === 0 ? others : tally;
    agents.set(node.name, new LoadAgent({ node, target, token, random: fleet.random, tally: own, log: quiet }));
  }
  const sources: Sources = {
    operator,
    tally,
    scrape: () => operator.metrics(target.ca, reader),
    apiMetrics: () => apiServer.kubectl(['get', '--raw', '/metrics']),
  };
  const stop = new AbortController();
  // Nothing is sealed before its time, and every snapshot counts.
  await changeSettings(client, {
    profiling: { snapshotPeriod: options.seconds.saturated > 0 ? '10s' : '30m' },
    learning: { snapshots: 1_000, period: '2160h', minSnapshotCoverage: '0s' },
  });
  const began = performance.now();
  const running = [...agents.values()].map((agent) => agent.run(stop.signal));
  await untilConnected(sources, options.nodes);
  const connectedSeconds = (performance.now() - began) / 1_000;
  const resident = Math.round(statusBytes(operator.pid, 'VmRSS') / mebibyte);
  progress(`all agents are connected after ${connectedSeconds.toFixed(1)} s; the operator has ${resident} MiB`);
  const churning = churn(client, fleet, agents, { perSecond: options.churn, signal: stop.signal });
  const measured = await measureParts(stage, { sources, target, agents: [...agents.values()] });
  const profiles = total(await sources.scrape(), 'workload_security_store_records', 'table="profiles"');
  stop.abort();
  const replacedPods = await churning;
  await Promise.all(running);
  const storeBytes = statSync(join(directory, 'store.db')).size;
  const peakMiB = operator.peakBytes() / mebibyte;
  return { ...measured, connectedSeconds, profiles, storeBytes, peakMiB, replacedPods };
}

interface Connected {
  readonly sources: Sources;
  readonly target: Target;
  readonly agents: readonly LoadAgent[];
}

async function measureParts(
  { client, fleet, tokens, options }: Stage,
  { sources, target, agents }: Connected,
): Promise<Pick<LoadResult, 'windows' | 'flood' | 'delivery'>> {
  const windows: WindowResult[] = [];
  const measure = async (name: string, length: Length): Promise<void> => {
    options.progress(`${name}: ${typeof length === 'number' ? `${length} s` : 'until it is over'}`);
    const result = await measureWindow(name, length, sources);
    windows.push(result);
    options.progress(JSON.stringify(result));
  };
  const { saturated, steady, flooded, stable } = options.seconds;
  if (saturated > 0) {
    await measure('saturated', saturated);
    await changeSettings(client, { profiling: { snapshotPeriod: '30m' } });
    await sleep(settleSeconds * 1_000);
  }
  if (steady > 0) await measure('steady', steady);
  let answers = {};
  const [taken, victim] = fleet.nodes;
  if (flooded > 0 && taken !== undefined && victim !== undefined) {
    const end = new AbortController();
    const flooding = flood({ node: taken, victim, token: tokens.get(taken.name) ?? '', target }, end.signal);
    await measure('flooded', flooded);
    end.abort();
    answers = await flooding;
  }
  if (stable === 0) return { windows, flood: answers };
  await changeSettings(client, { learning: { period: '1s' } });
  await measure('sealing', delivered(agents));
  const delivery = deliveryOf(await sealsOf(client), agents);
  options.progress(JSON.stringify(delivery));
  await measure('stable', stable);
  return { windows, flood: answers, delivery };
}

/** A minute on a machine of its own, several where others take most of the processor. */
const connectedWithinMs = 900_000;

/** An operator that closed its connections has ended by then. */
const endsWithinMs = 30_000;

const sealedWithinMs = 900_000;

/** Two pods a second bring profiles that are there within seconds, four of them for one pause of the agent's. */
const startingMs = 10_000;

/** Time for the periods of before to end, and for what they brought to be published. */
const settleSeconds = 30;

/** The agents' troubles are in the tally and in the operator's counters. */
const quiet: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

async function untilConnected({ scrape }: Sources, agents: number): Promise<void> {
  const deadline = performance.now() + connectedWithinMs;
  for (;;) {
    const metrics = await scrape();
    const [streams, ready] = [
      total(metrics, 'workload_security_agent_streams'),
      total(metrics, 'workload_security_agents', 'ready'),
    ];
    if (streams >= agents && ready >= agents) return;
    if (performance.now() > deadline) {
      throw new Error(`only ${streams} streams and ${ready} agents after ${connectedWithinMs / 1_000} s`);
    }
    await sleep(1_000);
  }
}

/**
 * Nothing was sealed and written since the last time, and no agent waits for anything but what has just started on its node.
 * @throws Error if profiles are still sealed or written at the deadline; what agents lack by then, the delivery says
 */
function delivered(agents: readonly LoadAgent[]): Length {
  const deadline = performance.now() + sealedWithinMs;
  let last = -1;
  return (metrics) => {
    const published = total(metrics, 'workload_security_profile_publications_total');
    const sealed = total(metrics, 'workload_security_profiles_sealed_total');
    const missing = agents.reduce((sum, agent) => sum + agent.missing(startingMs), 0);
    const isQuiet = sealed > 0 && published === last;
    const isLate = performance.now() > deadline;
    last = published;
    if (isLate && !isQuiet) throw new Error(`${sealed} profiles are sealed, and publishing never ends`);
    return isQuiet && (missing === 0 || isLate);
  };
}
