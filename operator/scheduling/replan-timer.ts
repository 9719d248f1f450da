import type { Clock } from '../clock.ts';

/** Reports that come together are planned together. */
const someMs = 100;
/** What touches all nodes (100 ms for 20,000 containers on 1,000 nodes) waits a little longer. */
const allMs = 1_000;
/**
 * Time itself changes plans: grants expire, agents fall silent. An agent that reports is planned for with each report, every
 * 15 s, so this is for those that do not: they are unreachable after two minutes, and their grants wait for two more.
 */
const alwaysMs = 60_000;

export interface ReplanTimer {
  /** Plans this node within 100 ms. */
  soon(node: string): void;
  /** Plans all nodes within a second. */
  everything(): void;
  stop(): void;
}

/** Calls `some` for the nodes that asked and `all` when asked to, and `all` every minute in any case. */
export function replanTimer(
  clock: Clock,
  plan: { readonly some: (nodes: Iterable<string>) => void; readonly all: () => void },
): ReplanTimer {
  let nodes = new Set<string>();
  let cancelSome: (() => void) | undefined;
  let allDue = clock.monotonic() + alwaysMs;
  let cancelAll = clock.after(alwaysMs, all);

  function some(): void {
    const due = nodes;
    nodes = new Set();
    cancelSome = undefined;
    plan.some(due);
  }

  function all(): void {
    scheduleAll(alwaysMs);
    plan.all();
  }

  function scheduleAll(delay: number): void {
    cancelAll();
    allDue = clock.monotonic() + delay;
    cancelAll = clock.after(delay, all);
  }

  return {
    soon(node) {
      nodes.add(node);
      cancelSome ??= clock.after(someMs, some);
    },
    everything() {
      if (allDue - clock.monotonic() > allMs) scheduleAll(allMs);
    },
    stop() {
      cancelSome?.();
      cancelAll();
    },
  };
}
