/** The simulated cluster as data: which containers of which images run on which nodes. The same seed gives the same. */
import { seededRandom, type SeededRandom } from '../../operator/testing/seeded-random.ts';

export interface FleetSize {
  readonly nodes: number;
  readonly containersPerNode: number;
  readonly images: number;
  readonly seed: number;
}

export interface FleetContainer {
  readonly id: string;
  readonly name: string;
  /** Number of the image. */
  readonly image: number;
}

export interface FleetPod {
  readonly name: string;
  readonly containers: readonly FleetContainer[];
  /** Milliseconds since the epoch, whole seconds as the API server has them. */
  readonly startedAt: number;
}

export interface FleetNode {
  readonly name: string;
  /** The node's own address, and the source of its agent's connections: the operator bounds those of one address. */
  readonly address: string;
  readonly pods: FleetPod[];
}

export interface Fleet {
  readonly nodes: readonly FleetNode[];
  readonly random: SeededRandom;
  /** A new pod of any workload. */
  pod(startedAt: number): FleetPod;
}

export const shopNamespace = 'shop';

export function imageName(image: number): string {
  return `registry.example.com/team-${image % 20}/application-${image}`;
}

export function imageReference(image: number): string {
  return `${imageName(image)}:v1`;
}

/** The digest of an image's one and only version. */
export function imageDigest(image: number): string {
  return `sha256:${image.toString(16).padStart(64, 'd')}`;
}

const containersPerPod = 2;

export function fleetOf(size: FleetSize, now: number): Fleet {
  const random = seededRandom(size.seed);
  let number = 0;
  const pod = (startedAt: number): FleetPod => {
    number += 1;
    // The square makes some images run in a hundred containers and others in two, as clusters do.
    const image = Math.floor(random.next() ** 2 * size.images);
    const images = Array.from({ length: containersPerPod }, (_, index) => (image + index * 41) % size.images);
    const containers = images.map((image, index) => ({ id: random.hex(64), name: `container-${index}`, image }));
    return { name: `application-${image}-${number}`, containers, startedAt: Math.floor(startedAt / 1_000) * 1_000 };
  };
  const nodes = Array.from({ length: size.nodes }, (_, index): FleetNode => {
    const pods = Math.ceil(size.containersPerNode / containersPerPod);
    return {
      name: `node-${index}`,
      address: `127.1.${index >> 8}.${index & 255}`,
      pods: Array.from({ length: pods }, () => pod(now - random.exponential(86_400_000))),
    };
  });
  return { nodes, random, pod };
}
