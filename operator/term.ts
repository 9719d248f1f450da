/** One term as leader: everything that works while the Lease is held, wired together. Reads from the store to the server. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createProfileController } from './controllers/security-profile/controller.ts';
import { runConfigController } from './controllers/workload-security-config/controller.ts';
import { startInventory } from './inventory/informers.ts';
import { EventRecorder, type ObjectEvent } from './kube/event-recorder.ts';
import { publishStored } from './learning/evidence-bytes.ts';
import { createIngest } from './learning/ingest.ts';
import { KnownProfiles } from './learning/known-profiles.ts';
import { createSchedulingMetrics } from './metrics/scheduling.ts';
import { createStoreMetrics } from './metrics/store.ts';
import { trimPeriodically } from './retention.ts';
import { createScheduler } from './scheduling/scheduler.ts';
import { aborted, serve, type ServingOptions } from './serving.ts';
import { defaultSettings } from './settings.ts';
import { SettingsSource } from './settings-source.ts';
import { openSqliteStore } from './store/sqlite/sqlite-store.ts';

export type TermOptions = Omit<ServingOptions, 'scheduler' | 'ingest'>;

/** Ends when `lost` aborts, after everything has ended in turn. @throws StoreError, KubeError: better to start anew */
export async function runTerm(options: TermOptions, lost: AbortSignal): Promise<void> {
  const { client, clock, metrics, log, configuration, readiness } = options;
  readiness.done('leader');
  const term = new AbortController();
  lost.addEventListener('abort', () => term.abort(), { once: true });
  const { signal } = term;

  // Whoever fails ends the term for all: what follows a broken part is not worth having.
  const failures: unknown[] = [];
  const fail = (error: unknown): void => {
    failures.push(error);
    term.abort();
  };

  const opened = await openSqliteStore({ path: join(configuration.dataDir, 'store.db'), onFailure: fail });
  log.info({ created: opened.created, migrated: opened.migrated }, 'store is open');
  const known = new KnownProfiles((image, affectsSlots) => {
    profiles.enqueue(image);
    // Another snapshot only changes who comes first where a slot is free: the node that it came from is planned anyway.
    if (affectsSlots) scheduler.changed();
  });
  await known.load(opened);
  const store = known.follow(opened);
  readiness.done('store');

  const settings = new SettingsSource(defaultSettings);
  const { inventory, synced, finished } = startInventory(client, options, (node) => scheduler.changed(node), signal);
  const scheduler = createScheduler({
    clock,
    inventory,
    store: {
      recordLostPeriod: async (lostPeriod) => {
        const isNew = await store.recordLostPeriod(lostPeriod);
        if (isNew) profiles.enqueue(lostPeriod.image);
        return isNew;
      },
    },
    settings: () => settings.current,
    profile: (image) => known.get(image),
    namespace: configuration.namespace,
    random: randomBytes,
    onError: (error, doing) => log.error({ err: error }, `failed: ${doing}`),
  });
  const events = new EventRecorder({
    ...options,
    controller: 'workloadsecurity.dev/operator',
    instance: configuration.podName,
  });
  const announce = (event: ObjectEvent): void => void events.record(event);
  const profiles = createProfileController({ ...options, store, settings, publish: publishStored, announce });
  const ingest = createIngest({
    store,
    inventory,
    grants: scheduler,
    minCoverageMs: () => settings.current.learning.minSnapshotCoverageMs,
    ...metrics.ingest,
  });
  createSchedulingMetrics(metrics.registry, scheduler);
  const storeMetrics = createStoreMetrics(metrics.registry, opened);

  const working = [
    finished,
    profiles.run(signal),
    runConfigController({ ...options, settings }, signal),
    trimPeriodically({ store, settings, clock, log, onTrimmed: storeMetrics.onTrimmed }, signal),
  ].map((part) => part.catch(fail));
  // Reports decide at once which slots of an earlier operator go on, so the containers must be known before the first.
  await Promise.race([synced, aborted(signal)]);
  if (!signal.aborted) {
    readiness.done('inventory');
    await serve({ ...options, scheduler, ingest }, signal).catch(fail);
  }
  scheduler.stop();
  await Promise.all(working);
  await opened.close();
  if (failures.length > 0) throw failures[0];
}
