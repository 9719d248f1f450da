import type { AgentReport } from '../../core/wire/agent.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { StoreError } from '../store/errors.ts';
import type { Store } from '../store/store.ts';

/** `failed`: the store did not take it; it is tried again with the next report. */
export type LostPeriodResult = 'recorded' | 'known' | 'unknown-container' | 'failed';

export interface LostPeriodRecorder {
  /** Records what a report lists and this agent's earlier reports did not; resolves when the store has answered. */
  record(node: string, report: AgentReport): Promise<void>;
  forgetNode(node: string): void;
}

interface Seen {
  readonly instance: string;
  /** Settled or under way, `container/from`; a report lists at most 100, and an instance finds them all at its start. */
  readonly keys: Set<string>;
}

const seenLimit = 1_000;

/**
 * Agents repeat their lost periods with every report, since a report has no answer. Each goes to the store once per
 * instance of the agent, and the store knows those of earlier ones.
 */
export function lostPeriodRecorder(
  inventory: Pick<Inventory, 'container'>,
  store: Pick<Store, 'recordLostPeriod'>,
  onResult: (result: LostPeriodResult, error?: StoreError) => void,
): LostPeriodRecorder {
  const seen = new Map<string, Seen>();

  async function recordOne(node: string, lost: AgentReport['lostPeriods'][number], keys: Set<string>): Promise<void> {
    const from = Math.floor(lost.from);
    const key = `${lost.containerId}/${from}`;
    if (keys.has(key) || keys.size >= seenLimit) return;
    keys.add(key);
    const container = inventory.container(lost.containerId);
    if (container?.node !== node) return onResult('unknown-container');
    const { containerId, slotId } = lost;
    const period = { containerId, slotId, node, image: container.image, from, to: Math.max(from, Math.floor(lost.to)) };
    try {
      onResult((await store.recordLostPeriod(period)) ? 'recorded' : 'known');
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      keys.delete(key);
      onResult('failed', error);
    }
  }

  return {
    async record(node, report) {
      const before = seen.get(node);
      const keys = before?.instance === report.instance ? before.keys : new Set<string>();
      seen.set(node, { instance: report.instance, keys });
      await Promise.all(report.lostPeriods.map((lost) => recordOne(node, lost, keys)));
    },
    forgetNode: (node) => void seen.delete(node),
  };
}
