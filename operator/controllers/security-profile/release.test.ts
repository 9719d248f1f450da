import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { containerNumber } from '../../../core/profile/testing.ts';
import { fakeCluster } from './testing/fake-cluster.ts';

const image = { name: 'docker.io/library/app', tag: 'v1' };
const minute = 60_000;

type Step = { readonly kind: 'learn' | 'mark'; readonly container: number };

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('learn', 'mark'),
  container: fc.integer({ min: 1, max: 3 }),
});

/** Learns, and is marked or not; in the end everything is released. */
async function publishedAfter(steps: readonly Step[], withMarks: boolean) {
  const cluster = fakeCluster(image);
  for (const [index, { kind, container }] of steps.entries()) {
    await cluster.clock.advance(6 * minute);
    const number = container * 100 + index;
    if (kind === 'learn') cluster.learn(number, `/file-${container}`, `/file-of-${number}`);
    else if (withMarks) {
      // Of containers that were learned before, and of some that never are.
      const containerId = containerNumber(container * 100 + Math.max(0, index - 1));
      await cluster.store.quarantine(image, { containerId, since: cluster.clock.now() - 20 * minute }, 'shop');
    }
    await cluster.reconcile();
  }
  if (cluster.object() !== undefined) {
    cluster.api.annotate(cluster.name, { action: { text: 'release', actor: 'kubectl' } });
    await cluster.reconcile();
  }
  await cluster.clock.advance(6 * minute);
  await cluster.reconcile();
  const { spec, status } = cluster.object() ?? {};
  return { spec, quarantined: status?.quarantined };
}

it('what is published after a release is what had been published without any quarantine', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
      expect(await publishedAfter(steps, true)).toEqual(await publishedAfter(steps, false));
    }),
    { numRuns: 60 },
  );
});
