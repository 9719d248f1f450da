/** Cgroups that a container made for itself before it was observed: the kernel side knows of those made later. */
import type { Capture } from '../kernel/capture.ts';
import type { NodeView } from './node-view.ts';
import type { Observed } from './observed.ts';

/** As many as the kernel side takes of one container (agent/bpf/maps.h). */
const maxNested = 1_024;

/** Has them observed with their container. Returns how many found no room, as far as that is known. */
export function includeNested(capture: Capture, view: NodeView, { id, path }: Observed['cgroup']): number {
  const nested = view.nested(path, maxNested + 1);
  if (nested.length === 0) return 0;
  const refused = capture.include(id, nested.slice(0, maxNested));
  // One that went away meanwhile would keep its place for ever.
  const present = new Set(view.nested(path, maxNested + 1));
  for (const gone of nested.filter((each) => !present.has(each))) capture.ignore(gone);
  return refused + Math.max(0, nested.length - maxNested);
}
