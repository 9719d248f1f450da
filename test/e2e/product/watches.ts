/** Ground truth gathered on the node while the suite runs: which snapshots agents finished, who had slots. */
import { existsSync, readdirSync, readFileSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { z } from 'zod';
import { within, type Product } from './product.ts';

const spoolName = /^(\d{15})-([0-9a-f]{64})\.zst$/;

/** Every snapshot that was ever written to the agent's spool, by the names of its files. */
export class SpoolWatch {
  readonly #seen = new Set<string>();
  readonly #waiters: ((id: string) => void)[] = [];
  readonly #watcher: FSWatcher;
  readonly #folder: string;
  readonly since = Date.now();

  constructor({ agentState }: Product) {
    this.#folder = join(agentState, 'spool');
    // inotify reports every name, however short its life.
    this.#watcher = watch(this.#folder, (_, file) => this.#note(file ?? ''));
    for (const file of this.waiting) this.#note(file);
  }

  #note(file: string): void {
    const [, from, container] = spoolName.exec(file) ?? [];
    if (container === undefined) return;
    const id = `${container}/${Number(from)}`;
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    for (const waiter of this.#waiters.splice(0)) waiter(id);
  }

  /** The next snapshot that is finished, as soon as it is. */
  async next(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#waiters.push(resolve);
    return promise;
  }

  /** Files that wait for the operator now. */
  get waiting(): string[] {
    return readdirSync(this.#folder).filter((file) => spoolName.test(file));
  }

  /** `<container ID>/<from>` of each; what was written this moment is not reported yet, but listed. */
  get snapshotIds(): ReadonlySet<string> {
    for (const file of this.waiting) this.#note(file);
    return this.#seen;
  }

  close(): void {
    this.#watcher.close();
  }
}

const schedulingAnswer = z.object({
  nodes: z.array(
    z.object({
      maxSlots: z.number(),
      agent: z.object({ state: z.string() }),
      grants: z.array(z.object({ containerId: z.string() })),
      containers: z.array(
        z.object({
          containerId: z.string(),
          image: z.string().optional(),
          namespace: z.string().optional(),
          pod: z.string().optional(),
          reason: z.object({ code: z.string(), text: z.string() }),
        }),
      ),
    }),
  ),
});
const journalFile = z.object({
  active: z.array(z.object({ containerId: z.string(), slotId: z.string(), from: z.number() })),
});

export type NodeScheduling = z.infer<typeof schedulingAnswer>['nodes'][number];
export type Period = z.infer<typeof journalFile>['active'][number];

/** What the operator answers; an error while it restarts. */
export async function scheduling(product: Product): Promise<NodeScheduling> {
  return onlyNode(await product.read('/api/v1/scheduling'));
}

function onlyNode(answer: string): NodeScheduling {
  const [node, ...others] = schedulingAnswer.parse(JSON.parse(answer)).nodes;
  if (node === undefined || others.length > 0) throw new Error('the cluster has one node');
  return node;
}

/** Periods that the agent has begun and not ended, as it keeps them on its disk. */
export function openPeriods({ agentState }: Product): Period[] {
  const path = join(agentState, 'periods.json');
  return existsSync(path) ? journalFile.parse(JSON.parse(readFileSync(path, 'utf8'))).active : [];
}

/** Profiling ends: no slot is given any more, no period is open, nothing is on its way. What is stored now stays. */
export async function pauseProfiling(product: Product, spool: SpoolWatch): Promise<void> {
  await product.configure({ profiling: { enabled: false } });
  await within(90, async () => {
    // First: while one is given, the agent may be between two looks, and begins a period in a moment.
    expect((await scheduling(product)).grants).toEqual([]);
    expect(openPeriods(product)).toEqual([]);
    expect(spool.waiting).toEqual([]);
  });
}

const wanting: ReadonlySet<string> = new Set(['profiling', 'granted', 'waiting', 'node-full']);

/** Looks twice a second, from the operator's side and from the agent's. */
export class SlotWatch {
  /** Most slots at once, as the operator says. */
  mostGranted = 0;
  /** Most open periods, as the agent says. */
  mostPeriods = 0;
  /** Most containers at once that wanted a slot or had one. */
  mostContainers = 0;
  /** Texts by code. */
  readonly reasons = new Map<string, Set<string>>();
  looks = 0;
  readonly unanswered: unknown[] = [];
  readonly #stop = new AbortController();
  readonly #watching: Promise<void>;

  constructor(product: Product) {
    this.#watching = this.#watch(product);
  }

  async #watch(product: Product): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.mostPeriods = Math.max(this.mostPeriods, openPeriods(product).length);
      // The operator is killed on purpose in between: then nobody answers. An answer that makes no sense is a failure.
      const answer = await product.read('/api/v1/scheduling').catch((error: unknown) => {
        this.unanswered.push(error);
        return undefined;
      });
      if (answer !== undefined) this.#look(onlyNode(answer));
      await delay(500);
    }
  }

  #look({ grants, containers }: NodeScheduling): void {
    this.looks += 1;
    this.mostGranted = Math.max(this.mostGranted, grants.length);
    const eligible = containers.filter(({ reason }) => wanting.has(reason.code));
    this.mostContainers = Math.max(this.mostContainers, eligible.length);
    for (const { reason } of containers) {
      const texts = this.reasons.get(reason.code) ?? new Set();
      this.reasons.set(reason.code, texts.add(reason.text));
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }
}
