import type { ReadinessCheck } from './server/ports.ts';

/** Steps of a start in their order; ready is who has done all of them. */
const steps = ['leader', 'store', 'inventory', 'server'] as const;

/** How far the start has come, for the readiness probe: a pod that is not ready gets no agents. */
export class Readiness {
  readonly #done = new Set<(typeof steps)[number]>();

  get checks(): readonly ReadinessCheck[] {
    return steps.map((name) => ({ name, ready: () => this.#done.has(name) }));
  }

  /** A new start begins. */
  begin(): void {
    this.#done.clear();
  }

  done(step: (typeof steps)[number]): void {
    this.#done.add(step);
  }
}
