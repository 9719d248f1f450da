/** One term as leader: everything that works while the Lease is held, wired together. Reads from the store to the server. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Registry } from 'prom-client';
import type { Image } from '../core/image.ts';
import { createProfileController } from './controllers/security-profile/controller.ts';
import { runConfigController } from './controllers/workload-security-config/controller.ts';
import { startInventory } from './inventory/informers.ts';
import { EventRecorder, type ObjectEvent } from './kube/event-recorder.ts';
import { BuildWatch } from './learning/build-watch.ts';
import { publishStored } from './learning/evidence-bytes.ts';
import { hoursReader } from './learning/hours.ts';
import { statusSource } from './cluster-status.ts';
import { createIngest } from './learning/ingest.ts';
import { KnownProfiles } from './learning/known-profiles.ts';
import { LabelWatch } from './learning/label-watch.ts';
import { ProfileBlobs } from './learning/profile-blobs.ts';
import { nodeBlobs } from './learning/node-blobs.ts';
import { dropMarksOfGone } from './learning/quarantine.ts';
import { createReading } from './learning/reading-thread.ts';
import { Refusals } from './learning/refusals.ts';
import { Survey } from './learning/survey.ts';
import { runsElsewhere } from './learning/share.ts';
import { createInventoryMetrics } from './metrics/inventory.ts';
import { OperatorRegistry } from './metrics/registry.ts';
import { createSchedulingMetrics } from './metrics/scheduling.ts';
import { createStoreMetrics } from './metrics/store.ts';
import { trimPeriodically } from './retention.ts';
import { openStore } from './open-store.ts';
import { createScheduler } from './scheduling/scheduler.ts';
import { aborted, serve, type ServingOptions } from './serving.ts';
import { MemoryWatch, processMemory } from './server/memory.ts';
import { defaultSettings } from './settings.ts';
import { SettingsSource } from './settings-source.ts';
import { serveBackups } from './store/backup-socket.ts';
import { StoreHealth } from './store/health.ts';
import { openSqliteStore, type SqliteStore } from './store/sqlite/sqlite-store.ts';

export type TermOptions = Omit<
  ServingOptions,
  'registry' | 'scheduler' | 'ingest' | 'memory' | 'status' | 'profiles' | 'unknown' | 'blobs'
>;

/** Ends when `lost` aborts, after everything has ended in turn. @throws StoreError, KubeError: better to start anew */
export async function runTerm(options: TermOptions, lost: AbortSignal): Promise<void> {
  const { clock, log, configuration, readiness } = options;
  readiness.begin();
  readiness.done('leader');
  const term = new AbortController();
  lost.addEventListener('abort', () => term.abort(), { once: true });
  const { signal } = term;

  // Whoever fails ends the term for all: what follows a broken part is not worth having.
  const failures: unknown[] = [];
  const fail = (error: unknown): undefined => {
    failures.push(error);
    term.abort();
  };

  const settings = new SettingsSource(defaultSettings);
  const health = new StoreHealth(clock);
  // Before the store is there: the status of the settings is where it says why it is not.
  const configuring = runConfigController({ ...options, settings, health }, signal).catch(fail);
  const path = join(configuration.dataDir, 'store.db');
  const open = () => openSqliteStore({ path, onFailure: fail });
  const opened = await openStore({ open, health, clock, log }, signal).catch(fail);
  if (opened !== undefined) {
    log.info(opened.opened, 'store is open');
    const backups = serveBackups({ store: opened, path, log }, signal).catch(fail);
    await work({ ...options, opened, health, settings }, fail, signal).catch(fail);
    await backups;
    await opened.close();
  }
  await configuring;
  readiness.begin();
  if (failures.length > 0) throw failures[0];
}

interface WorkOptions extends TermOptions {
  readonly opened: SqliteStore;
  readonly health: StoreHealth;
  readonly settings: SettingsSource;
}

/** All that needs the store. Ends when `signal` aborts; a part that fails for good is told to `fail`. */
async function work(options: WorkOptions, fail: (error: unknown) => undefined, signal: AbortSignal): Promise<void> {
  const { clock, metrics, log, configuration, readiness, opened, health, settings } = options;
  const known = new KnownProfiles((image, affectsNodes) => {
    profiles.enqueue(image);
    // Another snapshot only changes who comes first where a slot is free: the node that it came from is planned anyway.
    if (affectsNodes) scheduler.profileChanged(image);
  });
  await known.load(opened);
  const secret = await opened.secret('compiled-profiles', randomBytes(32));
  let allShown = false;
  const shown = { container: (id: string) => inventory.container(id), isComplete: () => allShown };
  const store = known.follow(dropMarksOfGone(health.follow(opened), shown));
  const refusals = new Refusals({
    store,
    clock,
    onChange: (image) => {
      profiles.enqueue(image);
      scheduler.profileChanged(image);
    },
    onError: (error) => log.error({ err: error }, 'failed: keeping whose snapshots are refused'),
  });
  await refusals.load(store);
  readiness.done('store');

  const { inventory, labelsChanged, synced, finished } = startInventory(
    { ...options, labels: () => settings.current.publishing.labels, onPods: (node) => scheduler.changed(node) },
    signal,
  );
  let keys = settings.current.publishing.labels;
  settings.subscribe(({ publishing: { labels } }) => {
    if (!isDeepStrictEqual(labels, keys)) labelsChanged();
    keys = labels;
  });
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
    hasTaughtShare: (image, namespace) => refusals.has(image, namespace, known.get(image)?.firstSnapshotAt),
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
  const surveyed = { ...options, inventory, known, store, settings: () => settings.current, announce };
  const builds = new BuildWatch({ ...surveyed, onNewDigests: (image) => profiles.enqueue(image) });
  const labels = new LabelWatch(known, (image) => profiles.enqueue(image));
  const survey = new Survey({ ...surveyed, builds, labels, object: (image) => profiles.object(image) });
  const hours = hoursReader({ inventory, known, clock });
  const memory = new MemoryWatch(processMemory(), clock);
  const reading = createReading({ store, known, inventory, memory, metrics: metrics.checks, clock, secret });
  const blobs = new ProfileBlobs({ store, compile: reading.compile, metrics: metrics.blobs, log });
  const profiles = createProfileController({
    ...options,
    store,
    settings,
    // What learns is published all the time, so that the thread would never end.
    publish: (evidence, facts, state) =>
      state === 'stable' ? reading.publish(evidence, facts) : publishStored(evidence, facts),
    compiled: (record) => blobs.compiled(record),
    otherBuilds: (image: Image) => builds.of(image),
    scheduling: (image) => ({ view: scheduler.image(image), hours: hours(image) }),
    refusals: (image, firstSnapshotAt) => refusals.of(image, firstSnapshotAt),
    labels: (image) => labels.of(image),
    announce,
  });
  const ingest = createIngest({
    onRefused: (...refusal) => refusals.note(...refusal),
    store,
    inventory,
    grants: scheduler,
    minCoverageMs: () => settings.current.learning.minSnapshotCoverageMs,
    learningSnapshots: () => settings.current.learning.snapshots,
    clusterNames: () => settings.current.learning.clusterNames,
    othersRun: (image, namespace) => runsElsewhere(inventory, image, namespace),
    ...metrics.ingest,
  });
  // What is read from parts of this term goes with them.
  const ofTerm = new OperatorRegistry();
  createInventoryMetrics(ofTerm, inventory);
  createSchedulingMetrics(ofTerm, scheduler, clock);
  const storeMetrics = createStoreMetrics(ofTerm, opened);
  const registry = Registry.merge([metrics.registry, ofTerm]);
  const status = statusSource({
    ...options,
    scheduler,
    known,
    hours,
    objects: profiles.objects,
    store: opened,
  });

  const working = [
    finished,
    profiles.run(signal),
    trimPeriodically({ store, settings, clock, log, onTrimmed: storeMetrics.onTrimmed }, signal),
  ].map((part) => part.catch(fail));
  // Reports decide at once which slots of an earlier operator go on, so the containers must be known before the first.
  await Promise.race([synced, aborted(signal)]);
  if (!signal.aborted) {
    allShown = true;
    readiness.done('inventory');
    working.push(
      Promise.race([profiles.synced, aborted(signal)])
        .then(() => survey.run(signal))
        .catch(fail),
    );
    const readers = {
      status,
      profiles: reading.model,
      blobs: nodeBlobs({ told: (node) => scheduler.current(node)?.profiles ?? [], known, blobs }),
      unknown: reading.unknown,
    };
    await serve({ ...options, registry, scheduler, ingest, memory, ...readers }, signal).catch(fail);
  }
  await reading.close();
  scheduler.stop();
  await Promise.all(working);
}
