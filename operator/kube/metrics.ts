/** Metrics of the Kubernetes plumbing. Label values are names from our own code: their number is fixed. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type KubeMetrics = ReturnType<typeof createKubeMetrics>;

export function createKubeMetrics(registry: Registry) {
  const registers = [registry];
  return {
    informerObjects: new Gauge({
      name: 'kube_informer_objects',
      help: 'Objects that an informer holds.',
      labelNames: ['resource'],
      registers,
    }),
    informerLists: new Counter({
      name: 'kube_informer_lists_total',
      help: 'Complete lists that an informer read.',
      labelNames: ['resource'],
      registers,
    }),
    informerEvents: new Counter({
      name: 'kube_informer_events_total',
      help: 'Watch events by type, bookmarks included.',
      labelNames: ['resource', 'type'],
      registers,
    }),
    informerFailures: new Counter({
      name: 'kube_informer_failures_total',
      help: 'Lists and watches that ended with an error, by its class.',
      labelNames: ['resource', 'reason'],
      registers,
    }),
    informerSkipped: new Counter({
      name: 'kube_informer_objects_skipped_total',
      help: 'Objects not taken in: unparsable, or beyond the informer’s limit (full).',
      labelNames: ['resource', 'reason'],
      registers,
    }),
    handlerFailures: new Counter({
      name: 'kube_informer_handler_failures_total',
      help: 'Exceptions thrown by handlers of informer changes.',
      labelNames: ['resource'],
      registers,
    }),
    queueDepth: new Gauge({
      name: 'workqueue_depth',
      help: 'Keys that wait for a worker.',
      labelNames: ['name'],
      registers,
    }),
    queueAdds: new Counter({
      name: 'workqueue_adds_total',
      help: 'Keys put into a queue, duplicates not counted.',
      labelNames: ['name'],
      registers,
    }),
    queueRetries: new Counter({
      name: 'workqueue_retries_total',
      help: 'Keys put back after a failure.',
      labelNames: ['name'],
      registers,
    }),
    queueDropped: new Counter({
      name: 'workqueue_dropped_total',
      help: 'Keys refused because the queue was full; the next resync brings them back.',
      labelNames: ['name'],
      registers,
    }),
    reconciles: new Counter({
      name: 'reconciles_total',
      help: 'Reconciliations by result: success, requeued, error, terminal.',
      labelNames: ['controller', 'result'],
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: 'reconcile_seconds',
      help: 'Duration of reconciliations.',
      labelNames: ['controller'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
      registers,
    }),
    leader: new Gauge({
      name: 'leader',
      help: '1 while this process holds the lease.',
      labelNames: ['lease'],
      registers,
    }),
    leaseFailures: new Counter({
      name: 'lease_failures_total',
      help: 'Attempts to take or renew the lease that failed with an error.',
      labelNames: ['lease'],
      registers,
    }),
    eventsSent: new Counter({
      name: 'kube_events_total',
      help: 'Kubernetes Events by outcome: sent, repeated, limited, failed.',
      labelNames: ['outcome'],
      registers,
    }),
  };
}
