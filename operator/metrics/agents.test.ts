import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { agentCounters, agentGauges, parseCounterKey } from './agent-names.ts';
import { createAgentMetrics, type AgentMetrics } from './agents.ts';
import { OperatorRegistry } from './registry.ts';

let clock: FakeClock;
let registry: OperatorRegistry;
let metrics: AgentMetrics;
beforeEach(() => {
  clock = new FakeClock();
  registry = new OperatorRegistry();
  metrics = createAgentMetrics(registry, clock);
});

function report(
  node: string,
  fields: { instance: string; counters?: Record<string, number>; gauges?: Record<string, number> },
) {
  metrics.report(node, { counters: {}, gauges: {}, ...fields });
}

const key = 'container_starts_total{seen="true"}';

async function series(start: string): Promise<string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line.startsWith(start));
}

describe('counters of agents', () => {
  it('appear with their node, and grow by what was counted since the last report', async () => {
    for (const value of [3, 3, 10]) report('node-a', { instance: '1', counters: { [key]: value } });
    report('node-b', { instance: '9', counters: { [key]: 5, events_total: 7 } });
    expect(await series('workload_security_container_starts_total{')).toEqual([
      'workload_security_container_starts_total{node="node-a",seen="true"} 10',
      'workload_security_container_starts_total{node="node-b",seen="true"} 5',
    ]);
    expect(await series('workload_security_agent_events_total{')).toEqual([
      'workload_security_agent_events_total{node="node-b"} 7',
    ]);
  });

  it('never go back, over any number of restarts, and lose nothing', async () => {
    const lives = fc.array(fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 5 }), { minLength: 1 });
    let node = 0;
    await fc.assert(
      fc.asyncProperty(lives, async (increments) => {
        node += 1;
        let total = 0;
        for (const [life, steps] of increments.entries()) {
          let value = 0;
          for (const step of steps) {
            value += step;
            total += step;
            report(`node-${node}`, { instance: `${life}`, counters: { events_total: value } });
          }
        }
        const name = `workload_security_agent_events_total{node="node-${node}"}`;
        expect(await series(name)).toEqual([`${name} ${total}`]);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['made_up_total', 1, 'unknown'],
    ['container_starts_total{seen="perhaps"}', 1, 'unknown'],
    ['container_starts_total{seen="true",node="other"}', 1, 'unknown'],
    ['container_starts_total{seen="true"', 1, 'unknown'],
    ['events_total', 1e300, 'unknown'],
  ])('are left out and counted: %s %d', async (name, value, reason) => {
    report('node-a', { instance: '1', counters: { [name]: value } });
    expect(await series('workload_security_agent_figures_refused_total')).toContain(
      `workload_security_agent_figures_refused_total{reason="${reason}"} 1`,
    );
    expect((await registry.metrics()).includes('node="node-a"')).toBe(false);
  });

  it('are left out when they go back without a restart', async () => {
    for (const value of [9, 4]) report('node-a', { instance: '1', counters: { events_total: value } });
    expect(await series('workload_security_agent_events_total{')).toEqual([
      'workload_security_agent_events_total{node="node-a"} 9',
    ]);
    expect(await series('workload_security_agent_figures_refused_total{reason="decreased"}')).toEqual([
      'workload_security_agent_figures_refused_total{reason="decreased"} 1',
    ]);
  });

  it('go with a node that was not heard of for an hour, those of its earlier agents as well', async () => {
    report('node-a', { instance: '1', counters: { [key]: 1 } });
    report('node-a', { instance: '2', counters: { events_total: 1 } });
    await clock.advance(3_600_000);
    expect(await registry.metrics()).not.toContain('node-a');
  });
});

it('gauges of agents appear with their node, and unknown ones do not', async () => {
  report('node-a', { instance: '1', gauges: { spool_bytes: 9, made_up: 1 } });
  report('node-a', { instance: '1', gauges: { spool_bytes: 4 } });
  expect(await series('workload_security_agent_spool_bytes{')).toEqual([
    'workload_security_agent_spool_bytes{node="node-a"} 4',
  ]);
  expect(await registry.metrics()).not.toContain('made_up');
});

it('knows every figure that the agent has', () => {
  const agent = fileURLToPath(new URL('../../agent/', import.meta.url));
  const sources = readdirSync(agent, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  );
  const calls = sources.flatMap((file) => [
    ...readFileSync(join(agent, file), 'utf8').matchAll(/counters\.add\(\s*(?:'([^']+)'|`([^`]+)`)/gi),
  ]);
  const used = calls.map(([, plain, template]) => withValues(plain ?? template ?? ''));
  expect(used.length).toBeGreaterThan(0);
  const status = readFileSync(join(agent, 'status.ts'), 'utf8');
  const figures = [...status.matchAll(/^ {6}([a-z]+(?:_[a-z]+)+):/gm)].map(([, name]) => name ?? '');
  expect(figures.length).toBeGreaterThan(0);
  const gauges = agentGauges.map(({ name }) => name);
  const unknown = [...used, ...figures].filter((name) => parseCounterKey(name) === undefined && !gauges.includes(name));
  expect(unknown, 'add them to agent-names.ts and run make generate').toEqual([]);
});

/** A value that is put in while the agent runs is checked then; here any allowed one stands for it. */
function withValues(name: string): string {
  const counter = agentCounters.find((one) => one.name === name.split('{')[0]);
  return name.replaceAll(/([a-z_]+)="\$\{[^}]*\}"/g, (_, label: string) => {
    return `${label}="${counter?.labels?.[label]?.[0] ?? 'none'}"`;
  });
}
