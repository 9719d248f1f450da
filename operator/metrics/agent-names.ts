/**
 * The counters and gauges of agents that the operator shows as its own metrics, with a label `node` added. An agent cannot
 * make others: names and label values come from here, so their number is fixed.
 */
import { profileFailures } from '../../core/wire/agent.ts';

export interface AgentCounter {
  /** Name in the report. */
  readonly name: string;
  /** Name of the metric, if it is not `agent_<name>`. */
  readonly metric?: string;
  readonly help: string;
  readonly labels?: Readonly<Record<string, readonly string[]>>;
}

export const agentCounters: readonly AgentCounter[] = [
  {
    name: 'container_starts_total',
    metric: 'container_starts_total',
    help: 'Containers that agents met, by whether they saw the first program start.',
    labels: { seen: ['true', 'false'] },
  },
  { name: 'containers_found_running_total', help: 'Containers that ran before their agent did.' },
  { name: 'containers_never_started_total', help: 'Containers, and cgroups named like them, in which no program ran.' },
  { name: 'containers_dropped_total', help: 'Containers not followed because the agent follows its most.' },
  { name: 'identity_failures_total', help: 'Containers whose pod was not found out on the node.' },
  { name: 'events_total', help: 'Events read from the kernel.' },
  { name: 'events_failed_total', help: 'Events that could not be handled.' },
  { name: 'events_unwanted_total', help: 'Events of containers that nobody profiles (any more).' },
  {
    name: 'trees_dropped_total',
    help: 'Activity trees dropped before a slot came.',
    labels: { state: ['provisional', 'finished'], reason: ['age', 'limit'] },
  },
  { name: 'gaps_total', help: 'Times that an agent found that none had watched its node for a while.' },
  {
    name: 'gap_seconds_total',
    help: 'Seconds for which no agent watched, from the end of one to the start of the next.',
  },
  { name: 'late_attaches_total', help: 'Periods of containers that were not watched from their start on.' },
  { name: 'slots_refused_total', help: 'Slots whose container the agent could not observe.' },
  { name: 'snapshots_total', help: 'Snapshots that agents made.' },
  {
    name: 'uploads_total',
    help: 'Uploads by the answer of the operator.',
    labels: { result: ['accepted', 'duplicate', 'refused', 'retry'] },
  },
  {
    name: 'operator_failures_total',
    help: 'Calls to the operator that failed.',
    labels: { call: ['desired', 'report', 'snapshots', 'profiles'] },
  },
  { name: 'operator_messages_total', help: 'Messages of the operator that agents took in, heartbeats included.' },
  {
    name: 'operator_messages_unknown_total',
    help: 'Messages of the operator that agents did not know, being older than it.',
  },
  {
    name: 'profiles_fetched_total',
    help: 'Compiled profiles that agents asked for: held, or why not: unavailable (no answer, or a refusal), digest (other bytes than those asked for), format (the agent cannot read it), room (all are too large together), disk.',
    labels: { result: ['held', ...profileFailures] },
  },
  { name: 'spool_evictions_total', help: 'Snapshots dropped because the spool was full.' },
  { name: 'spool_vanished_total', help: 'Snapshots that were missing from the spool.' },
  { name: 'snapshots_lost_total', help: 'Snapshots that could not be written to the spool.' },
  { name: 'state_failures_total', help: 'Failures to write what an agent keeps over a restart.' },
  { name: 'records_emitted_total', help: 'Records that the kernel side wrote to the ring buffer.' },
  { name: 'ring_drops_total', help: 'Records that found the ring buffer full.' },
  {
    name: 'recursion_misses_total',
    help: 'Runs of kernel programs skipped because another one was active on the CPU.',
  },
  { name: 'kernel_map_full_total', help: 'Entries that found a kernel map full.' },
  { name: 'truncated_total', help: 'Paths, arguments or names cut short.' },
  { name: 'decode_errors_total', help: 'Records that could not be decoded.' },
  {
    name: 'rule_events_total',
    help: 'Events that rules could match: passed to them, or beyond a rate. checked="false": too little was known to ask for more than the type of event.',
    labels: { checked: ['true', 'false'], outcome: ['passed', 'limited'] },
  },
  {
    name: 'host_names_evicted_total',
    help: 'Host names of addresses that were forgotten because a container, or the node, had too many.',
  },
  { name: 'user_faults_total', help: 'Reads of user memory that failed in the kernel.' },
];

export const agentGauges: readonly { readonly name: string; readonly help: string }[] = [
  { name: 'spool_bytes', help: 'Bytes of snapshots that wait on the node.' },
  { name: 'spool_snapshots', help: 'Snapshots that wait on the node.' },
  { name: 'tree_bytes', help: 'Estimated bytes of the activity trees of an agent.' },
  { name: 'profiling_slots_used', help: 'Containers that an agent profiles.' },
  { name: 'profiles_held', help: 'Compiled profiles that an agent holds.' },
  { name: 'profile_bytes', help: 'Bytes of the compiled profiles that an agent holds on disk.' },
  { name: 'resident_memory_bytes', help: 'Resident memory of an agent.' },
];

export function metricName({ name, metric }: Pick<AgentCounter, 'name' | 'metric'>): string {
  return metric ?? `agent_${name}`;
}

/** A key of a report's `counters`, read. */
export interface CounterKey {
  readonly counter: AgentCounter;
  readonly labels: Readonly<Record<string, string>>;
}

const byName = new Map(agentCounters.map((counter) => [counter.name, counter]));
const keyPattern = /^([a-z_]{1,64})(?:\{([^{}]{0,64})\})?$/;
const labelPattern = /^([a-z_]{1,16})="([a-z0-9_-]{0,32})"$/;

/** Reads `name{label="value"}`; undefined for what is not in the list above. */
export function parseCounterKey(key: string): CounterKey | undefined {
  const [, name = '', labelText] = keyPattern.exec(key) ?? [];
  const counter = byName.get(name);
  if (counter === undefined) return undefined;
  const labels = parseLabels(labelText, counter);
  return labels === undefined ? undefined : { counter, labels };
}

function parseLabels(text: string | undefined, counter: AgentCounter): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  for (const part of text?.split(',') ?? []) {
    const [, label = '', value = ''] = labelPattern.exec(part) ?? [];
    const allowed = counter.labels?.[label] ?? [];
    if (!allowed.includes(value)) return undefined;
    labels[label] = value;
  }
  return labels;
}
