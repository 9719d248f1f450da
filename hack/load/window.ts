/** A stretch of the run, measured from outside: the operator's process, the API server's counters, the agents' answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mebibyte } from '../bench/memory.ts';
import { statusBytes } from '../bench/process.ts';
import { type OperatorProcess, parseMetrics } from './operator-process.ts';
import type { Tally } from './tally.ts';

export interface WindowResult {
  readonly name: string;
  readonly seconds: number;
  /** Processor seconds of the operator for each second. */
  readonly cores: number;
  readonly residentMiB: { readonly mean: number; readonly most: number };
  /** Of V8 at the end of the window, garbage included, and of buffers outside of it. */
  readonly heapMiB: number;
  readonly externalMiB: number;
  /** Of the operator's event loop, within the window: the mean of each 15 s, and the worst percentile of any 15 s. */
  readonly loopDelayMs: { readonly mean: number; readonly p99: number };
  /** Snapshots taken in, by the operator's own count. */
  readonly accepted: number;
  readonly reports: number;
  /** Requests of agents that were refused, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Written to the API server in bodies of requests, by resource. */
  readonly apiBytes: Readonly<Record<string, number>>;
  /** Compilations of profiles for agents, at the seal and when somebody asked. */
  readonly compilations: number;
  /** Compiled profiles that agents asked for, by their own reports: `held`, or why not. */
  readonly fetched: Readonly<Record<string, number>>;
  readonly uploads: ReturnType<Tally['uploads']['take']>;
  readonly fetches: ReturnType<Tally['fetches']['take']>;
}

export interface Sources {
  readonly operator: OperatorProcess;
  readonly scrape: () => Promise<ReadonlyMap<string, number>>;
  readonly apiMetrics: () => Promise<string>;
  readonly tally: Tally;
}

const scrapeSeconds = 15;

/** Sum over all series of a metric, or of those whose labels contain the text. */
export function total(metrics: ReadonlyMap<string, number>, name: string, label = ''): number {
  let sum = 0;
  for (const [series, value] of metrics) {
    if ((series === name || series.startsWith(`${name}{`)) && series.includes(label)) sum += value;
  }
  return sum;
}

/** Bytes in bodies of writing requests, by resource. */
function bytesWritten(metrics: ReadonlyMap<string, number>): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const [series, value] of metrics) {
    const resource = /^apiserver_request_body_size_bytes_sum\{.*resource="([^"]*)"/.exec(series)?.[1];
    if (resource !== undefined) bytes.set(resource, (bytes.get(resource) ?? 0) + value);
  }
  return bytes;
}

/** All series of a metric, added up by the values of one label. */
function byLabel(metrics: ReadonlyMap<string, number>, name: string, label: string): Map<string, number> {
  const pattern = new RegExp(`[{,]${label}="([^"]*)"`);
  const found = new Map<string, number>();
  for (const [series, value] of metrics) {
    const word = series.startsWith(`${name}{`) ? pattern.exec(series)?.[1] : undefined;
    if (word !== undefined) found.set(word, (found.get(word) ?? 0) + value);
  }
  return found;
}

/** What has grown, and by how much. */
function growth(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Record<string, number> {
  const grown = Array.from(after, ([key, value]) => [key, value - (before.get(key) ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, more]) => more > 0));
}

/** So many seconds, or until a scrape shows that it is over. */
export type Length = number | ((metrics: ReadonlyMap<string, number>) => boolean);

export async function measureWindow(name: string, length: Length, sources: Sources): Promise<WindowResult> {
  const { operator, scrape, tally } = sources;
  tally.uploads.take();
  tally.fetches.take();
  const apiBefore = bytesWritten(parseMetrics(await sources.apiMetrics()));
  const before = await scrape();
  const began = { processor: operator.processorSeconds(), at: performance.now() };
  const resident: number[] = [];
  const delays: { mean: number; p99: number }[] = [];
  let after = before;
  let isOver = false;
  for (let second = 1; !isOver; second += 1) {
    await sleep(Math.max(0, began.at + second * 1_000 - performance.now()));
    resident.push(statusBytes(operator.pid, 'VmRSS') / mebibyte);
    if (second % scrapeSeconds !== 0 && second !== length) continue;
    after = await scrape();
    isOver = typeof length === 'number' ? second >= length : length(after);
    const delay = (part: string): number => total(after, `nodejs_eventloop_lag_${part}_seconds`) * 1_000;
    delays.push({ mean: delay('mean'), p99: delay('p99') });
  }
  const seconds = (performance.now() - began.at) / 1_000;
  const cores = (operator.processorSeconds() - began.processor) / seconds;
  const apiAfter = bytesWritten(parseMetrics(await sources.apiMetrics()));
  const grown = (metric: string, label?: string): number => total(after, metric, label) - total(before, metric, label);
  const grownBy = (metric: string, label: string): Record<string, number> =>
    growth(byLabel(before, metric, label), byLabel(after, metric, label));
  return {
    name,
    seconds: Math.round(seconds),
    cores,
    residentMiB: { mean: mean(resident), most: Math.max(...resident) },
    heapMiB: total(after, 'nodejs_heap_size_used_bytes') / mebibyte,
    externalMiB: total(after, 'nodejs_external_memory_bytes') / mebibyte,
    loopDelayMs: { mean: mean(delays.map((delay) => delay.mean)), p99: Math.max(...delays.map(({ p99 }) => p99)) },
    accepted: grown('workload_security_snapshots_received_total', 'accepted'),
    reports: grown('workload_security_agent_reports_total'),
    refused: grownBy('workload_security_agent_requests_refused_total', 'reason'),
    apiBytes: growth(apiBefore, apiAfter),
    compilations: grown('workload_security_profile_compilations_total', 'result="compiled"'),
    fetched: grownBy('workload_security_agent_profiles_fetched_total', 'result'),
    uploads: tally.uploads.take(),
    fetches: tally.fetches.take(),
  };
}

function mean(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}
