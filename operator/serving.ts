/** The front door of a term: TLS of our own making, identities by TokenReview, and behind them scheduling and ingestion. */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { agentAudience } from '../core/wire/agent.ts';
import type { Clock } from './clock.ts';
import type { Configuration } from './configuration.ts';
import type { KubeClient } from './kube/client.ts';
import { isAllowed, reviewToken } from './kube/reviews.ts';
import type { Ingest } from './learning/ingest.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Readiness } from './readiness.ts';
import type { Scheduler } from './scheduling/scheduler.ts';
import type { MemoryWatch } from './server/memory.ts';
import type { DesiredStateSource, NodeBlobs, ProfileModels, StatusSource, UnknownBehaviours } from './server/ports.ts';
import { startServer } from './server/server.ts';
import { ensureCertificate, keepCertificate, serviceNames } from './server/tls/keeper.ts';
import { TokenAuthenticator } from './server/token-authenticator.ts';

export interface ServingOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: Metrics;
  /** All that is served as metrics. */
  readonly registry: Registry;
  readonly log: Logger;
  readonly configuration: Configuration;
  readonly readiness: Readiness;
  readonly scheduler: Scheduler;
  readonly ingest: Ingest;
  readonly memory: Pick<MemoryWatch, 'isScarce'>;
  readonly status: StatusSource;
  readonly profiles: ProfileModels;
  readonly unknown: UnknownBehaviours;
  readonly blobs: NodeBlobs;
}

/** Serves until `signal` aborts. @throws KubeError if there is no certificate to begin with, Error if the port is taken */
export async function serve(options: ServingOptions, signal: AbortSignal): Promise<void> {
  const { client, clock, metrics, registry, log, configuration, readiness, scheduler, ingest, memory } = options;
  const { namespace, serviceName, agentServiceAccount } = configuration;
  const names = [...serviceNames(serviceName, namespace), 'localhost', '127.0.0.1'];
  const keeper = { client, namespace, names, clock, metrics, log };
  const certificate = await ensureCertificate(keeper);
  const authenticator = (audience?: string): TokenAuthenticator =>
    new TokenAuthenticator({ review: (token) => reviewToken(client, token, audience), clock, metrics });
  const server = await startServer({
    ...configuration.listen,
    certificate,
    agents: {
      ...options,
      authenticator: authenticator(agentAudience),
      account: `system:serviceaccount:${namespace}:${agentServiceAccount}`,
      desired: desiredStates(scheduler),
      reports: {
        report: ({ node }, report) => {
          metrics.agents.report(node, report);
          scheduler.report(node, report);
        },
      },
      memory,
      ingest: ({ agent, snapshot, bytes }) => ingest({ node: agent.node, snapshot, bytes, receivedAt: clock.now() }),
    },
    read: {
      clock,
      memory,
      registry,
      authenticator: authenticator(),
      isAllowed: (who, question) => isAllowed(client, who, question),
      status: options.status,
      profiles: options.profiles,
      unknown: options.unknown,
    },
  });
  readiness.done('server');
  log.info({ port: server.port, namespace }, 'operator is at work');
  await keepCertificate(keeper, certificate, (next) => server.useCertificate(next), signal);
  await server.close();
}

/** The scheduler tells changes; a stream begins with what is. */
function desiredStates(scheduler: Scheduler): DesiredStateSource {
  return {
    subscribe: (node, listener) => {
      const unsubscribe = scheduler.subscribe(node, listener);
      const current = scheduler.current(node);
      if (current !== undefined) listener(current);
      return unsubscribe;
    },
  };
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
