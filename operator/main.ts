/** The operator: one per cluster, at work while it holds the Lease. Without it the process waits, with nothing open. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { pino } from 'pino';
import { collectDefaultMetrics } from 'prom-client';
import { systemClock } from './clock.ts';
import { readConfiguration } from './configuration.ts';
import { createKubeClient, loadKubeConfig } from './kube/client.ts';
import { runAsLeader } from './kube/leader-election.ts';
import { createMetrics } from './metrics/metrics.ts';
import { Readiness } from './readiness.ts';
import { createHealthServer } from './server/health.ts';
import { runTerm } from './term.ts';

const configuration = readConfiguration(process.env);
const log = pino({ name: 'operator', level: configuration.logLevel });
const client = createKubeClient(loadKubeConfig(configuration.kubeconfig));
const metrics = createMetrics(systemClock);
collectDefaultMetrics({ register: metrics.registry });
const context = { client, clock: systemClock, random: Math.random, metrics, log };
const readiness = new Readiness();

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

const health = createHealthServer(readiness.checks);
health.listen(configuration.healthListen.port, configuration.healthListen.host);
await once(health, 'listening');

// A container that is started again in its pod takes its own Lease over at once; another pod waits for its end.
const identity = `${configuration.podName}_${configuration.podUid ?? randomBytes(4).toString('hex')}`;
const lease = { namespace: configuration.namespace, name: 'workload-security-operator' };
log.info({ identity, node: process.version }, 'operator starts');
try {
  await runAsLeader(
    { ...context, lease, identity },
    // Everything but the counters is made anew in each term: what was cached in one says nothing about the next.
    (term) => runTerm({ ...context, configuration, readiness }, term),
    stop.signal,
  );
  log.info('operator ends');
} catch (error) {
  log.fatal({ err: error }, error instanceof Error ? error.message : 'operator failed');
  process.exitCode = 1;
}
health.close();
