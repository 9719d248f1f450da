/** Connects the reconciliation of profiles with informer, queue, store and API server. */
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { z } from 'zod';
import { imageText, type Image } from '../../../core/image.ts';
import { objectName } from '../../../core/profile/object-name.ts';
import { profileAnnotations } from '../../../crds/annotations.ts';
import type { Clock } from '../../clock.ts';
import { applyObject, applyStatus } from '../../kube/apply.ts';
import type { KubeClient } from '../../kube/client.ts';
import { runController } from '../../kube/controller.ts';
import { InvalidError } from '../../kube/errors.ts';
import { createInformer, type Informer } from '../../kube/informer.ts';
import type { KubeMetrics } from '../../kube/metrics.ts';
import { deleteObject, findObject, removeAnnotation } from '../../kube/objects.ts';
import { collectionPath } from '../../kube/resource.ts';
import { apiSource } from '../../kube/source.ts';
import { WorkQueue } from '../../kube/work-queue.ts';
import type { SettingsSource } from '../../settings-source.ts';
import type { Store } from '../../store/store.ts';
import { securityProfiles } from '../resources.ts';
import { ByteBucket } from './byte-bucket.ts';
import type { ProfileApi, ProfileDependencies } from './dependencies.ts';
import type { ProfileMetrics } from './metrics.ts';
import { projectProfile, specDigest, type ProfileObject } from './profile-object.ts';
import { reconcileProfile } from './reconcile.ts';

const name = 'security-profile';

/**
 * Of specs and statuses. Within 5 min, the time between two compactions of etcd, that is 36.3 MB, a burst of 1.1 MB, and 0.4
 * MB for what each worker writes beyond. Etcd writes the whole object for its status too, so it keeps up to twice as much:
 * 76 MB of its default quota of 2 GiB.
 */
export const profileByteRate = {
  bytesPerSecond: 118 * 1024,
  /** Five profiles of full size at once. */
  burstBytes: 1024 * 1024,
} as const;
/** Images whose last publication is remembered: 10,000 of 300 bytes are 3 MB. */
const remembered = 10_000;
/** Computing a publication keeps the processor busy; a second worker uses the time that the first waits for answers. */
const workers = 2;
const recordsPerPage = 500;
/** 20 objects of 192 KiB are 4 MB of JSON, which are parsed in one go. */
const objectsPerPage = 20;

export interface ProfileControllerOptions {
  readonly client: KubeClient;
  readonly store: Store;
  readonly settings: SettingsSource;
  readonly publish: ProfileDependencies['publish'];
  readonly compiled: ProfileDependencies['compiled'];
  readonly otherBuilds: ProfileDependencies['otherBuilds'];
  readonly scheduling: ProfileDependencies['scheduling'];
  readonly refusals: ProfileDependencies['refusals'];
  readonly labels: ProfileDependencies['labels'];
  readonly announce: ProfileDependencies['announce'];
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: KubeMetrics & ProfileMetrics;
  readonly log: Logger;
}

export interface ProfileController {
  /** To be called when the store has learned something about the image. */
  readonly enqueue: (image: Image) => void;
  /** The object of the image, as the informer has it. */
  readonly object: (image: Image) => ProfileObject | undefined;
  /** All of them, as the informer has them. */
  readonly objects: () => readonly ProfileObject[];
  /** All objects are known: from here on, what has none is not in the cluster. */
  readonly synced: Promise<void>;
  /** Runs until `signal` aborts; rejects only if the store fails for good. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export function createProfileController(options: ProfileControllerOptions): ProfileController {
  const { client, store, settings, clock } = options;
  const indexes = { image: (profile: ProfileObject) => [imageText(profile.image)] };
  const source = apiSource(client, securityProfiles, { pageSize: objectsPerPage });
  const informer = createInformer({ name, source, project: projectProfile, indexes }, options);
  const queue = new WorkQueue({ ...options, name });
  const dependencies: ProfileDependencies = {
    ...options,
    api: profileApi(client, informer),
    settings: () => settings.current,
    bucket: new ByteBucket(clock, profileByteRate.bytesPerSecond, profileByteRate.burstBytes),
    last: new LRUCache({ max: remembered }),
  };
  informer.subscribe(({ value }) => queue.add(imageText(value.image)));

  const enqueueAll = async (): Promise<void> => {
    let after: Image | undefined;
    do {
      const page = await store.profiles({ limit: recordsPerPage, ...(after !== undefined && { after }) });
      for (const { image } of page) queue.add(imageText(image));
      after = page.length < recordsPerPage ? undefined : page.at(-1)?.image;
    } while (after !== undefined);
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    const watching = informer.run(signal);
    // Before the list is complete every profile would look deleted.
    await untilSynced(informer, signal);
    const unsubscribe = settings.subscribe(() => {
      enqueueAll().catch((error: unknown) => options.log.error({ err: error }, 'profiles not looked at again'));
    });
    await enqueueAll();
    const reconcile = (key: string) => reconcileProfile(key, dependencies);
    await runController({ ...options, name, queue, workers, reconcile }, signal);
    unsubscribe();
    await watching;
  };
  return {
    enqueue: (image) => void queue.add(imageText(image)),
    object: (image) => informer.get(objectName(image)),
    objects: () => informer.list(),
    synced: informer.synced,
    run,
  };
}

function untilSynced(informer: Informer<ProfileObject>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  return Promise.race([informer.synced, aborted]);
}

function profileApi(client: KubeClient, informer: Informer<ProfileObject>): ProfileApi {
  return {
    withImage: (key) => informer.byIndex('image', key),
    async read(profile) {
      const raw = await findObject(client, securityProfiles, { name: profile }, z.unknown());
      if (raw === undefined) {
        // While the CustomResourceDefinition is missing everything looks deleted: then this throws.
        const path = collectionPath(securityProfiles);
        await client.request({ method: 'GET', path, query: { limit: 1 } });
        return undefined;
      }
      const projected = projectProfile(raw);
      if (projected.ok) return projected.value;
      throw new InvalidError(`SecurityProfile ${profile}: ${projected.problem}`, 0, 'UnexpectedAnswer');
    },
    async applySpec(profile, spec, uid) {
      const metadata = { name: profile, ...(uid !== undefined && { uid }) };
      const applied = await applyObject(client, securityProfiles, { metadata, spec });
      return { uid: applied.uid, generation: applied.generation ?? 0, specDigest: specDigest(applied.spec) };
    },
    async remove(profile, uid) {
      await deleteObject(client, securityProfiles, { name: profile }, uid);
    },
    async clearAction(profile, value) {
      const annotation = { key: profileAnnotations.action, value };
      await removeAnnotation(client, securityProfiles, { name: profile }, annotation);
    },
    async applyStatus(profile, status) {
      await applyStatus(client, securityProfiles, { metadata: { name: profile }, status });
    },
  };
}
