/**
 * The inventory, fed by informers: `subscribe` each of them to its feed.
 *
 *   pods.subscribe(inventory.feeds.pods)
 */
import type { Image } from '../../core/image.ts';
import type { Change } from '../kube/informer.ts';
import { ContainerIndex } from './container-index.ts';
import type { ContainerRecord, Inventory, PeerQuestion, ResolvedPeer } from './inventory.ts';
import { PeerDirectory, type PeerDirectoryOptions } from './peer-directory.ts';
import type { PodProjection } from './pod.ts';
import { type NodeProbes, ProbeDirectory } from './probe-directory.ts';
import type { EndpointSliceProjection, NodeProjection, ServiceProjection } from './service.ts';

export type Feed<Projection> = (change: Change<Projection>) => void;

export interface Feeds {
  readonly pods: Feed<PodProjection>;
  readonly services: Feed<ServiceProjection>;
  readonly endpointSlices: Feed<EndpointSliceProjection>;
  readonly nodes: Feed<NodeProjection>;
}

export interface InventoryCounts {
  readonly forgottenContainers: number;
  readonly forgottenAddresses: number;
  readonly contested: number;
}

export class ClusterInventory implements Inventory {
  readonly feeds: Feeds;
  readonly #containers: ContainerIndex;
  readonly #peers: PeerDirectory;
  readonly #probes = new ProbeDirectory();

  constructor(options: PeerDirectoryOptions) {
    const containers = new ContainerIndex(options.clock);
    const peers = new PeerDirectory(options);
    this.#containers = containers;
    this.#peers = peers;
    this.feeds = {
      pods: feed(
        (_, pod, old) => {
          containers.set(pod, old);
          peers.setPod(pod, old);
          this.#probes.set(pod, old);
        },
        (_, pod) => {
          containers.delete(pod);
          peers.deletePod(pod);
          this.#probes.delete(pod);
        },
      ),
      services: feed(
        (_, service, old) => peers.setService(service, old),
        (_, service) => peers.deleteService(service),
      ),
      endpointSlices: feed(
        (key, slice, old) => peers.setEndpointSlice(key, slice, old),
        (key, slice) => peers.deleteEndpointSlice(key, slice),
      ),
      nodes: feed(
        (_, node, old) => peers.setNode(node, old),
        (_, node) => peers.deleteNode(node),
      ),
    };
  }

  /** What was forgotten early because a table was full, and claims to containers of other pods; for metrics. */
  get counts(): InventoryCounts {
    const { dropped, contested } = this.#containers;
    return { forgottenContainers: dropped, forgottenAddresses: this.#peers.forgotten, contested };
  }

  container(id: string): ContainerRecord | undefined {
    return this.#containers.get(id);
  }

  all(): Iterable<ContainerRecord> {
    return this.#containers.all();
  }

  running(): Iterable<ContainerRecord> {
    return this.#containers.running();
  }

  runningOn(node: string): Iterable<ContainerRecord> {
    return this.#containers.runningOn(node);
  }

  nodes(): Iterable<string> {
    return this.#containers.nodes();
  }

  ofImage(image: Image): Iterable<ContainerRecord> {
    return this.#containers.ofImage(image);
  }

  probes(node: string): NodeProbes {
    return this.#probes.of(node);
  }

  resolve(question: PeerQuestion): ResolvedPeer {
    return this.#peers.resolve(question);
  }
}

/** A resync brings nothing new: the indexes hold all that the informer holds. */
function feed<Projection>(
  set: (key: string, value: Projection, old: Projection | undefined) => void,
  remove: (key: string, value: Projection) => void,
): Feed<Projection> {
  return (change) => {
    switch (change.type) {
      case 'added':
        return set(change.key, change.value, undefined);
      case 'updated':
        return set(change.key, change.value, change.old);
      case 'deleted':
        return remove(change.key, change.value);
      case 'resync':
        return undefined;
    }
  };
}
