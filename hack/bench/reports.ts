/** What the agent tells its operator, asked for. */
import type { AgentReport, Slot } from '../../core/wire/agent.ts';
import type { PlayedContainer } from '../../test/kernel/played-container.ts';
import { type Node, until } from './node.ts';

/** Longer than any benchmark takes. */
const periodSeconds = 86_400;
let granted = 0;

/** A slot that no agent has had before. */
export function slotFor({ id }: PlayedContainer): Slot {
  granted += 1;
  return { slotId: `bench-${granted}`, containerId: id, periodSeconds };
}

/** Grants these slots and resolves with the report of an agent that has heard of it; figures alone make no report. */
export async function reportAfter(node: Node, slots: readonly Slot[]): Promise<AgentReport> {
  const version = node.operator.grant(slots);
  return until('a report', () => {
    const { last } = node.operator;
    return last?.runningVersion === version ? last : undefined;
  });
}

/** Counters of an agent that has read everything: the same in two reports, one after the other. */
export async function settledCounters(node: Node, slots: readonly Slot[]): Promise<Readonly<Record<string, number>>> {
  let before: AgentReport | undefined;
  for (;;) {
    const report = await reportAfter(node, slots);
    if (before?.counters['events_total'] === report.counters['events_total']) return report.counters;
    before = report;
  }
}

/** Resolves when all of these containers are in this state. */
export async function untilAll(
  node: Node,
  containers: readonly PlayedContainer[],
  state: AgentReport['containers'][number]['state'],
): Promise<void> {
  await until(`${containers.length} containers to be ${state}`, () => {
    const reported = new Set(node.operator.last?.containers.filter((each) => each.state === state).map(({ id }) => id));
    return containers.every(({ id }) => reported.has(id)) ? true : undefined;
  });
}
