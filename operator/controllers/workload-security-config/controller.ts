/** Connects the reconciliation of the settings with informer, queue and API server. */
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import { applyObject, applyStatus } from '../../kube/apply.ts';
import type { KubeClient } from '../../kube/client.ts';
import { runController } from '../../kube/controller.ts';
import { createInformer, zodProjection } from '../../kube/informer.ts';
import type { KubeMetrics } from '../../kube/metrics.ts';
import { apiSource } from '../../kube/source.ts';
import { WorkQueue } from '../../kube/work-queue.ts';
import type { SettingsSource } from '../../settings-source.ts';
import type { Settings } from '../../settings.ts';
import type { StoreHealth } from '../../store/health.ts';
import { workloadSecurityConfigs } from '../resources.ts';
import { configName, configSchema, reconcileConfig, type ConfigApi } from './reconcile.ts';

const name = 'workload-security-config';

export interface ConfigControllerOptions {
  readonly client: KubeClient;
  readonly settings: SettingsSource;
  readonly health: StoreHealth;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: KubeMetrics;
  readonly log: Logger;
}

/** Runs until `signal` aborts; never rejects. */
export async function runConfigController(options: ConfigControllerOptions, signal: AbortSignal): Promise<void> {
  const { client, settings, health, clock, log } = options;
  const source = apiSource(client, workloadSecurityConfigs);
  const informer = createInformer({ name, source, project: zodProjection(configSchema) }, options);
  const queue = new WorkQueue({ ...options, name });
  informer.subscribe(({ key }) => queue.add(key));

  const api: ConfigApi = {
    find: () => informer.get(configName),
    create: () => createDefault(client),
    applyStatus: async (status) => {
      await applyStatus(client, workloadSecurityConfigs, { metadata: { name: configName }, status });
    },
  };
  const useSettings = (changed: Settings): boolean => settings.set(changed);
  const reconcile = () =>
    reconcileConfig({
      api,
      clock,
      log,
      useSettings,
      refuseSettings: (problems) => settings.refuse(problems),
      storeHealth: () => health.current,
    });
  // What is not there gives no event: the first look is our own, once the list is complete.
  void informer.synced.then(() => queue.add(configName));
  const unsubscribe = health.subscribe(() => queue.add(configName));
  const watching = informer.run(signal);
  await runController({ ...options, name, queue, workers: 1, reconcile }, signal);
  await watching;
  unsubscribe();
}

/**
 * Applied, not created: so we own none of the defaults that the API server fills in, and whoever applies settings later meets
 * no conflict. If somebody is faster, this changes nothing of theirs.
 */
async function createDefault(client: KubeClient): Promise<void> {
  await applyObject(client, workloadSecurityConfigs, { metadata: { name: configName }, spec: {} });
}
