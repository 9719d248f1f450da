/** Runtimes and layouts by recorded nodes: test/fixtures/runtimes/README.md says where each comes from. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chooseHierarchy } from '../kernel/hierarchy.ts';
import { createNodeView, type NodeView } from '../observe/node-view.ts';
import { placeOf } from './cgroup-path.ts';
import { processesBelow } from './cgroup-tree.ts';
import { findOwnKubepods } from './own-cgroup.ts';
import { rebuild, recordedNode, type Rebuilt } from './testing/recorded-node.ts';

const fixtures = join(import.meta.dirname, '../../test/fixtures/runtimes');
const names = readdirSync(fixtures).filter((name) => name !== 'README.md');

describe.each(names)('%s', (name) => {
  const node = recordedNode.parse(JSON.parse(readFileSync(join(fixtures, name, 'node.json'), 'utf8')));
  const { kubepods, kernelPrefix = '' } = node;
  let files: Rebuilt;
  let view: NodeView;
  beforeAll(() => {
    files = rebuild(node);
    view = createNodeView({ hostProc: files.proc, mountPoint: files.mountPoint, kubepods });
  });
  afterAll(() => files.remove());

  const containers = () =>
    view.cgroups().flatMap(({ path, place }) => {
      if (place.level !== 'container') return [];
      return [{ id: place.containerId, podUid: place.podUid, path }];
    });

  /** What the agent makes of every container, by its cgroup's path as `seen` has it. */
  function identities(seen: (path: string) => string): unknown[] {
    const identified = containers().map(({ id, podUid, path }) => {
      const found = view.lookUp(id, view.supervisor(seen(path)) ?? 0);
      return { ...(found.found ? found.identity : { reason: found.reason }), id, podUid };
    });
    return identified.toSorted(byId);
  }
  const byId = (left: { readonly id: string }, right: { readonly id: string }): number => (left.id < right.id ? -1 : 1);

  test('the hierarchy that names containers', () => {
    const chosen = chooseHierarchy(node.procCgroups.join('\n'), node.procMounts.join('\n'), node.cgroupRoot);
    expect(chosen.mountPoint).toBe(node.mountPoint);
  });

  test('the cgroup of the kubelet, and the pod of an agent that runs in any of the containers', () => {
    for (const { podUid, path } of containers()) {
      const [pid = 0] = processesBelow(files.mountPoint, path);
      const own = findOwnKubepods({ mountPoint: files.mountPoint, pid });
      expect(own).toEqual({ found: true, kubepods, podUid });
    }
    expect(findOwnKubepods({ mountPoint: files.mountPoint, pid: 4_000_000 })).toEqual({ found: true, kubepods });
  });

  test('every container, its pod and its names, sandboxes told apart, and nothing else', () => {
    expect(identities((path) => path)).toEqual(node.containers.toSorted(byId));
  });

  test('the same by the paths of events, which begin at the root of the machine', () => {
    const ofEvent = (path: string): string => view.localPath(`${kernelPrefix}${path}`);
    for (const { path, place } of view.cgroups()) expect(placeOf(ofEvent(path))).toEqual(place);
    expect(identities(ofEvent)).toEqual(node.containers.toSorted(byId));
  });
});
