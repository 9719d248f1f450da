/** Feeds the inventory from the API server: four informers that keep projections only. */
import { createInformer, type Informer, type InformerContext, type InformerOptions } from '../kube/informer.ts';
import type { KubeClient } from '../kube/client.ts';
import { endpointSlices, nodes, pods, type Resource, services } from '../kube/resource.ts';
import { apiSource } from '../kube/source.ts';
import { ClusterInventory, type Feed } from './cluster-inventory.ts';
import { projectPod } from './pod.ts';
import { projectEndpointSlice, projectNode, projectService } from './service.ts';

export interface RunningInventory {
  readonly inventory: ClusterInventory;
  /** To be called when others are kept: pods are read anew within half a minute. */
  readonly labelsChanged: () => void;
  /** All four have been listed: from here on, what is not in the inventory is not in the cluster. */
  readonly synced: Promise<void>;
  /** Ends when the signal aborts. */
  readonly finished: Promise<void>;
}

export interface InventoryOptions extends InformerContext {
  readonly client: KubeClient;
  /** Keys of the labels of pods that are kept. */
  readonly labels: () => readonly string[];
  /** Pods of this node changed. */
  readonly onPods: (node: string) => void;
}

export function startInventory(context: InventoryOptions, signal: AbortSignal): RunningInventory {
  const { client, labels, onPods } = context;
  // Nodes and the API server's own Service show the cluster's ranges.
  const inventory = new ClusterInventory({ clusterRanges: [], clock: context.clock });
  const started: { readonly synced: Promise<void>; readonly ran: Promise<void> }[] = [];
  const follow = <T>(resource: Resource, project: InformerOptions<T>['project'], feed: Feed<T>): Informer<T> => {
    const informer = createInformer({ name: resource.plural, source: apiSource(client, resource), project }, context);
    informer.subscribe(feed);
    started.push({ synced: informer.synced, ran: informer.run(signal) });
    return informer;
  };
  const podInformer = follow(
    pods,
    (raw) => projectPod(raw, labels()),
    (change) => {
      inventory.feeds.pods(change);
      // What happens to a pod changes the slots of its own node only; its probes may begin within a second.
      if (change.type !== 'resync') onPods(change.value.node);
    },
  );
  follow(services, projectService, inventory.feeds.services);
  follow(endpointSlices, projectEndpointSlice, inventory.feeds.endpointSlices);
  follow(nodes, projectNode, inventory.feeds.nodes);
  const all = async (promises: readonly Promise<void>[]): Promise<void> => void (await Promise.all(promises));
  return {
    inventory,
    labelsChanged: () => podInformer.relist(),
    synced: all(started.map(({ synced }) => synced)),
    finished: all(started.map(({ ran }) => ran)),
  };
}
