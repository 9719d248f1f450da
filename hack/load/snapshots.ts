/**
 * Snapshots of simulated containers: those that agents recorded of real servers, played by other containers at other times,
 * with other names where the servers make them up.
 */
import { type ContainerIdentity, type Snapshot, snapshotId } from '../../core/activity/snapshot.ts';
import type { SeededRandom } from '../../operator/testing/seeded-random.ts';
import { recordedImages, recordedSnapshots } from '../../test/fixtures/recorded-snapshots.ts';
import { randomNames } from './random-names.ts';

export interface Period {
  readonly container: ContainerIdentity;
  /** Number of the image. */
  readonly image: number;
  readonly slotId: string;
  readonly from: number;
  readonly to: number;
  /** The period begins with the container. */
  readonly start: boolean;
  readonly ended: boolean;
}

type Server = (typeof recordedImages)[number];

/** Of 100 images, so many run each server. */
const shares: Readonly<Record<Server, number>> = {
  app: 20,
  flask: 20,
  java: 20,
  nginx: 15,
  postgres: 8,
  redis: 7,
  load: 8,
  coredns: 2,
};

/** The periods of one recorded container, in order; the first began with the container wherever it could. */
type Recording = readonly [Snapshot, ...Snapshot[]];

const recordings = new Map<Server, readonly Recording[]>(
  recordedImages.map((server) => {
    const containers = Map.groupBy(recordedSnapshots(server), ({ container }) => container.id);
    return [server, [...containers.values()].flatMap(([first, ...later]) => (first ? [[first, ...later]] : []))];
  }),
);

/** Neighbouring numbers run different servers, so that any part of the images is like the whole. */
function serverOf(image: number): Server {
  let place = (image * 37) % 100;
  for (const server of recordedImages) {
    if (place < shares[server]) return server;
    place -= shares[server];
  }
  throw new Error('shares do not add up to 100');
}

function oneOf<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new RangeError('there is none to choose from');
  return item;
}

export function snapshotOf(period: Period, random: SeededRandom): Snapshot {
  const { container, slotId, from, to, start, ended } = period;
  // A container is like the same recorded one for all of its life.
  const recording = oneOf(recordings.get(serverOf(period.image)) ?? [], Number.parseInt(container.id.slice(0, 6), 16));
  const [first, ...later] = recording;
  const recorded = start ? first : oneOf(later, random.below(later.length));
  const shift = from - recorded.from;
  const moved = <Node extends { readonly first: number; readonly last: number }>(node: Node): Node => ({
    ...node,
    first: Math.min(to, node.first + shift),
    last: Math.min(to, node.last + shift),
  });
  const renamed = randomNames(random);
  // Each image has one file of its own: otherwise those that run the same server would share one compiled profile.
  const ownFile = recorded.files
    .slice(0, 1)
    .map((file): typeof file => ({ ...file, path: `/etc/application-${period.image}.conf`, access: ['read'] }));
  return {
    ...recorded,
    snapshotId: snapshotId(container.id, from),
    slotId,
    container,
    from,
    to,
    ended,
    startSeen: start && first.startSeen,
    processes: recorded.processes.map(moved),
    files: [...recorded.files.map((file) => ({ ...moved(file), path: renamed(file.path) })), ...ownFile.map(moved)],
    dns: recorded.dns.map(moved),
    network: recorded.network.map((node) => {
      // Clients are other pods each time; they have their own addresses.
      if (node.direction !== 'accept') return moved(node);
      return { ...moved(node), peer: `10.${128 + random.below(128)}.${random.below(256)}.${1 + random.below(254)}` };
    }),
  };
}
