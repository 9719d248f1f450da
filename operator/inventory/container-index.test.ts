import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { imageText } from '../../core/image.ts';
import { JumpingClock } from '../testing/jumping-clock.ts';
import { ContainerIndex } from './container-index.ts';
import type { PodProjection } from './pod.ts';
import { idOf } from './testing/objects.ts';

const nodes = ['node-a', 'node-b'];
const images = ['one', 'two'].map((name) => ({ name, tag: 'v1' }));

const change = fc.record({
  pod: fc.nat(3),
  node: fc.constantFrom(...nodes),
  containers: fc.array(fc.record({ number: fc.nat(5), image: fc.constantFrom(...images), ended: fc.boolean() })),
  gone: fc.boolean(),
  minutes: fc.constantFrom(0, 0, 61),
});

interface Change {
  readonly pod: number;
  readonly node: string;
  readonly containers: readonly { number: number; image: (typeof images)[number]; ended: boolean }[];
}

function projection({ pod, node, containers }: Change): PodProjection {
  return {
    uid: `uid-${pod}`,
    namespace: 'shop',
    name: `pod-${pod}`,
    node,
    workload: { kind: 'Deployment', name: 'web' },
    addresses: [],
    since: 0,
    finished: false,
    cgroupUid: `uid-${pod}`,
    containers: containers.map(({ number, image, ended }) => ({
      id: idOf(number),
      name: 'main',
      kind: 'container',
      image,
      ...(ended && { finishedAt: 1 }),
    })),
  };
}

it('finds by node and by image exactly what a look at all finds, whatever pods come, change and go', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
      const clock = new JumpingClock();
      const index = new ContainerIndex(clock, 3);
      const shown = new Map<number, PodProjection>();
      for (const { gone, minutes, ...fields } of changes) {
        const before = shown.get(fields.pod);
        const next = projection(fields);
        if (gone && before !== undefined) index.delete(before);
        else if (!gone) index.set(next, before);
        if (gone) shown.delete(fields.pod);
        else shown.set(fields.pod, next);
        clock.pass(minutes * 60_000);

        const [all, running] = [[...index.all()], [...index.running()]];
        expect(new Set(index.nodes())).toEqual(new Set(running.map(({ node }) => node)));
        for (const node of nodes)
          expect(new Set(index.runningOn(node))).toEqual(new Set(running.filter((one) => one.node === node)));
        for (const image of images) {
          const wanted = all.filter((one) => imageText(one.image) === imageText(image));
          expect(new Set(index.ofImage(image))).toEqual(new Set(wanted));
        }
      }
    }),
  );
});
