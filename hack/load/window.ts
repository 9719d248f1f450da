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
  readonly uploads: ReturnType<Tally['take']>;
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

/** Requests refused so far, by reason. */
function refusals(metrics: ReadonlyMap<string, number>): Map<string, number> {
  const found = new Map<string, number>();
  for (const [series, value] of metrics) {
    const reason = /^workload_security_agent_requests_refused_total\{reason="([^"]*)"/.exec(series)?.[1];
    if (reason !== undefined) found.set(reason, value);
  }
  return found;
}

/** What has grown, and by how much. */
function growth(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Record<string, number> {
  const grown = Array.from(after, ([key, value]) => [key, value - (before.get(key) ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, more]) => more > 0));
}

export async function measureWindow(name: string, seconds: number, sources: Sources): Promise<WindowResult> {
  const { operator, scrape, tally } = sources;
  tally.take();
  const apiBefore = bytesWritten(parseMetrics(await sources.apiMetrics()));
  const before = await scrape();
  const began = { processor: operator.processorSeconds(), at: performance.now() };
  const resident: number[] = [];
  const delays: { mean: number; p99: number }[] = [];
  let after = before;
  for (let second = 1; second <= seconds; second += 1) {
    await sleep(Math.max(0, began.at + second * 1_000 - performance.now()));
    resident.push(statusBytes(operator.pid, 'VmRSS') / mebibyte);
    if (second % scrapeSeconds !== 0 && second !== seconds) continue;
    after = await scrape();
    const delay = (part: string): number => total(after, `nodejs_eventloop_lag_${part}_seconds`) * 1_000;
    delays.push({ mean: delay('mean'), p99: delay('p99') });
  }
  const cores = (operator.processorSeconds() - began.processor) / ((performance.now() - began.at) / 1_000);
  const apiAfter = bytesWritten(parseMetrics(await sources.apiMetrics()));
  const grown = (metric: string, label?: string): number => total(after, metric, label) - total(before, metric, label);
  return {
    name,
    seconds,
    cores,
    residentMiB: { mean: mean(resident), most: Math.max(...resident) },
    heapMiB: total(after, 'nodejs_heap_size_used_bytes') / mebibyte,
    externalMiB: total(after, 'nodejs_external_memory_bytes') / mebibyte,
    loopDelayMs: { mean: mean(delays.map((delay) => delay.mean)), p99: Math.max(...delays.map(({ p99 }) => p99)) },
    accepted: grown('workload_security_snapshots_received_total', 'accepted'),
    reports: grown('workload_security_agent_reports_total'),
    refused: growth(refusals(before), refusals(after)),
    apiBytes: growth(apiBefore, apiAfter),
    uploads: tally.take(),
  };
}

function mean(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}
