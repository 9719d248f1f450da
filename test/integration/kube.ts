/** What the integration tests of operator/kube share. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../operator/clock.ts';
import { createKubeClient, loadKubeConfig, type KubeClient } from '../../operator/kube/client.ts';
import { createKubeMetrics } from '../../operator/kube/metrics.ts';
import type { ApiServer } from './api-server.ts';

export function clientOf(apiServer: ApiServer): KubeClient {
  return createKubeClient(loadKubeConfig(apiServer.kubeconfig));
}

/** As somebody else than cluster-admin. */
export function clientWithToken(apiServer: ApiServer, token: string): KubeClient {
  const config = loadKubeConfig(apiServer.kubeconfig);
  config.users = config.users.map(({ name }) => ({ name, token }));
  return createKubeClient(config);
}

export function liveContext() {
  return {
    clock: systemClock,
    random: Math.random,
    metrics: createKubeMetrics(new Registry()),
    log: pino({ level: 'silent' }),
  };
}
