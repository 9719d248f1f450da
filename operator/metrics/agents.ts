import { Counter, Gauge, type Registry } from 'prom-client';
import type { AgentReport } from '../../core/wire/agent.ts';
import type { Clock } from '../clock.ts';
import { agentCounters, agentGauges, metricName, parseCounterKey } from './agent-names.ts';

/** Series of nodes that were not heard of for so long are removed. */
const forgetMs = 3_600_000;
/** As in scheduling; some 40 series for each node. */
const nodeLimit = 5_000;

interface Heard {
  readonly instance: string;
  at: number;
  /** Last value of each known key. */
  readonly values: Map<string, number>;
}

export interface AgentMetrics {
  /** Takes in the figures of a report; `node` is the one that the agent's token proves. */
  report(node: string, report: Pick<AgentReport, 'instance' | 'counters' | 'gauges'>): void;
}

/**
 * The figures of all agents as metrics of the operator, so that one place is scraped instead of every node. Counters only
 * grow: an agent that was started anew begins at zero again, and what it counts comes on top of what was counted before.
 */
export function createAgentMetrics(registry: Registry, clock: Clock): AgentMetrics {
  const registers = [registry];
  const heard = new Map<string, Heard>();
  const counters = new Map(
    agentCounters.map((one) => [
      one.name,
      new Counter({
        name: metricName(one),
        help: one.help,
        labelNames: ['node', ...Object.keys(one.labels ?? {})],
        registers,
        collect: forgetSilent,
      }),
    ]),
  );
  const gauges = new Map(
    agentGauges.map(({ name, help }) => [
      name,
      new Gauge({ name: metricName({ name }), help, labelNames: ['node'], registers }),
    ]),
  );
  const refused = new Counter({
    name: 'agent_figures_refused_total',
    help: 'Counters and gauges of reports left out: unknown (not in the list), decreased, too-many (nodes).',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of ['unknown', 'decreased', 'too-many']) refused.inc({ reason }, 0);

  function forgetSilent(): void {
    const now = clock.monotonic();
    for (const [node, { at, values }] of heard) {
      if (now - at < forgetMs) continue;
      heard.delete(node);
      for (const gauge of gauges.values()) gauge.remove({ node });
      for (const key of values.keys()) {
        const parsed = parseCounterKey(key);
        if (parsed !== undefined) counters.get(parsed.counter.name)?.remove({ node, ...parsed.labels });
      }
    }
  }

  function take(node: string, key: string, value: number, values: Map<string, number>): void {
    const parsed = parseCounterKey(key);
    if (parsed === undefined || value > Number.MAX_SAFE_INTEGER) {
      refused.inc({ reason: 'unknown' });
      return;
    }
    const before = values.get(key) ?? 0;
    if (value < before) {
      refused.inc({ reason: 'decreased' });
      return;
    }
    values.set(key, value);
    counters.get(parsed.counter.name)?.inc({ node, ...parsed.labels }, value - before);
  }

  return {
    report(node, { instance, counters: received, gauges: levels }) {
      const before = heard.get(node);
      if (before === undefined && heard.size >= nodeLimit) {
        refused.inc({ reason: 'too-many' });
        return;
      }
      const isSame = before?.instance === instance;
      // The keys of the instance before stay, at zero: their series are to be removed with the node one day.
      const values = isSame ? before.values : new Map([...(before?.values.keys() ?? [])].map((key) => [key, 0]));
      heard.set(node, { instance, at: clock.monotonic(), values });
      for (const [key, value] of Object.entries(received)) take(node, key, value, values);
      for (const [name, value] of Object.entries(levels)) {
        const gauge = gauges.get(name);
        if (gauge === undefined) refused.inc({ reason: 'unknown' });
        else gauge.set({ node }, value);
      }
    },
  };
}
