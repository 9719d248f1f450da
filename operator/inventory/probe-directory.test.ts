import { expect, it } from 'vitest';
import { projectPod, type PodProjection } from './pod.ts';
import { ProbeDirectory } from './probe-directory.ts';
import { type PodChanges, rawPod } from './testing/objects.ts';

function pod(
  number: number,
  changes: PodChanges & { readonly node?: string; readonly containers?: number } = {},
): PodProjection {
  const containers = Array.from({ length: changes.containers ?? 1 }, (_, index) => ({
    name: `c${index}`,
    image: 'nginx:1.27',
    livenessProbe: { exec: { command: ['/probe', `${number}`] } },
  }));
  const uid = `uid-${String(number).padStart(4, '0')}`;
  const raw = rawPod({ uid, ...changes, spec: { nodeName: changes.node ?? 'node-1', containers } });
  const projection = projectPod(raw);
  if (!projection.ok) throw new Error(projection.problem);
  return projection.value;
}

const podsOf = (directory: ProbeDirectory, node: string): string[] =>
  directory.of(node).told.map(({ podUid }) => podUid);

it('knows the probes of the pods of each node, as long as these may run', () => {
  const directory = new ProbeDirectory();
  directory.set(pod(2), undefined);
  directory.set(pod(1), undefined);
  directory.set(pod(3, { node: 'node-2' }), undefined);
  directory.set(pod(4, { node: '' }), undefined);
  expect(directory.of('node-1').told).toMatchObject([
    { podUid: 'uid-0001', container: 'c0', digests: [expect.stringMatching(/^[0-9a-f]{16}$/)] },
    { podUid: 'uid-0002' },
  ]);
  expect(podsOf(directory, 'node-2')).toEqual(['uid-0003']);
  directory.set(pod(1, { status: { phase: 'Succeeded' } }), pod(1));
  expect(podsOf(directory, 'node-1')).toEqual(['uid-0002']);
  directory.delete(pod(2));
  directory.delete(pod(2));
  expect(podsOf(directory, 'node-1')).toEqual([]);
});

it('tells agents of at most 1,000 containers, and how many more there are', () => {
  const directory = new ProbeDirectory();
  for (let number = 0; number < 21; number += 1) directory.set(pod(number, { containers: 50 }), undefined);
  const { told, leftOut } = directory.of('node-1');
  expect([told.length, leftOut, told.at(-1)?.podUid]).toEqual([1_000, 50, 'uid-0019']);
});
