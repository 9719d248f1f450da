/** A tree as the flat lists of a snapshot. */
import { type Node, walk } from './node.ts';
import { formatVersion, snapshotId, type Losses, type ProcessNode, type Snapshot } from './snapshot.ts';

/** What the tree itself cannot know. `losses` are those of the kernel side within the period. */
export type SnapshotHeader = Pick<
  Snapshot,
  | 'slotId'
  | 'container'
  | 'from'
  | 'to'
  | 'ended'
  | 'gaps'
  | 'kindsCollected'
  | 'blindSpots'
  | 'syscalls'
  | 'capabilities'
> & { readonly losses: Losses };

interface Own {
  readonly startSeen: boolean;
  readonly events: number;
  readonly treeFull: number;
  readonly truncated: number;
}

export function toSnapshot(header: SnapshotHeader, roots: Iterable<Node>, own: Own): Snapshot {
  const nodes = [...walk(roots)];
  const index = new Map(nodes.map((node, at) => [node, at]));
  const parentOf = ({ parent }: Node): number => (parent === undefined ? -1 : (index.get(parent) ?? -1));
  const activity = nodes.map((node, at) => node.render(at));
  return {
    ...header,
    formatVersion,
    snapshotId: snapshotId(header.container.id, header.from),
    startSeen: own.startSeen,
    events: own.events,
    losses: {
      ...header.losses,
      treeFull: header.losses.treeFull + own.treeFull,
      truncated: header.losses.truncated + own.truncated,
    },
    processes: nodes.map((node) => processOf(node, parentOf(node))),
    files: activity.flatMap(({ files }) => files),
    dns: activity.flatMap(({ dns }) => dns),
    network: activity.flatMap(({ network }) => network),
  };
}

function processOf(node: Node, parent: number): ProcessNode {
  return { ...node.sighting.toJSON(), parent, ...node.identity, maxInstances: Math.max(1, node.maxInstances) };
}
