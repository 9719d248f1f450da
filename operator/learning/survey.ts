/**
 * Looks every half minute at what runs, and lets profiles follow: those whose image runs again come back from the archive,
 * those of old images go there, and another build under a finished profile's tag is noticed. A profile goes only once it is
 * known in which object it was published: that object has to go with it, and its writing may just be under way.
 */
import type { Logger } from 'pino';
import { imageText, type Image } from '../../core/image.ts';
import type { Clock } from '../clock.ts';
import { profileArchived, profileReturned } from '../controllers/security-profile/events.ts';
import type { ProfileMetrics } from '../controllers/security-profile/metrics.ts';
import type { ProfileObject } from '../controllers/security-profile/profile-object.ts';
import type { ContainerRecord, Inventory } from '../inventory/inventory.ts';
import type { ObjectEvent } from '../kube/event-recorder.ts';
import type { Settings } from '../settings.ts';
import { StoreError } from '../store/errors.ts';
import type { QuarantineRetention } from '../store/lifecycle.ts';
import type { Store } from '../store/store.ts';
import type { BuildWatch } from './build-watch.ts';
import { garbage, type Garbage } from './garbage.ts';
import { unnotedRun } from './hours.ts';
import { imageRuns, type ImageRuns } from './image-runs.ts';
import type { KnownProfiles } from './known-profiles.ts';
import type { LabelWatch } from './label-watch.ts';

export const surveyMs = 30_000;
/** What is noted of a running image is so old at most: less than the shortest idle time that can be set. */
const markMs = 10 * 60_000;
const trimMs = 60 * 60_000;
/**
 * So long after an image ran last, marks of it stay without a profile. A snapshot may come until an hour after its container
 * was deleted, and teaches nothing later.
 */
const unlearnedMarksMs = 7 * 24 * 60 * 60_000;

export interface SurveyOptions {
  readonly inventory: Pick<Inventory, 'all'>;
  readonly known: Pick<KnownProfiles, 'all' | 'get'>;
  /** As {@link KnownProfiles.follow} gives it, so that what is known follows. */
  readonly store: Pick<Store, 'profile' | 'archive' | 'restore' | 'markRun' | 'trimArchive' | 'trimQuarantine'>;
  /** Of the image, as the cluster has it. */
  readonly object: (image: Image) => Pick<ProfileObject, 'bytes' | 'keep'> | undefined;
  readonly settings: () => Settings;
  readonly builds: Pick<BuildWatch, 'look'>;
  readonly labels: Pick<LabelWatch, 'look'>;
  readonly announce: (event: ObjectEvent) => void;
  readonly clock: Clock;
  readonly metrics: Pick<ProfileMetrics, 'archived' | 'returned' | 'archiveDropped'>;
  readonly log: Logger;
}

type Runs = ReadonlyMap<string, ImageRuns>;

export class Survey {
  readonly #options: SurveyOptions;
  #trimmedAt: number | undefined;

  constructor(options: SurveyOptions) {
    this.#options = options;
  }

  /** Runs until `signal` aborts; rejects if the store fails for good. To be begun when all containers are known. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.once();
      } catch (error) {
        if (!(error instanceof StoreError && error.transient)) throw error;
        log.warn({ err: error }, 'the life of profiles is looked after again in half a minute');
      }
      await clock.sleep(surveyMs, signal);
    }
  }

  async once(): Promise<void> {
    const { inventory, clock } = this.#options;
    const now = clock.settled();
    const containers = [...inventory.all()];
    const runs = imageRuns(containers, now);
    await this.#restore(runs, now);
    await this.#markRuns(runs, containers, now);
    await this.#options.builds.look(runs, now);
    this.#options.labels.look(runs, now);
    await this.#collect(runs, now);
    await this.#trim(containers, now);
  }

  async #restore(runs: Runs, now: number): Promise<void> {
    const { known, store, announce, metrics, log } = this.#options;
    for (const { image } of runs.values()) {
      if (known.get(image) !== undefined) continue;
      const record = await store.restore(image, now);
      if (record === undefined) continue;
      metrics.returned.inc();
      log.info({ profile: record.name }, 'image runs again: profile is back from the archive');
      announce(profileReturned(record));
    }
  }

  /** Also of containers that have ended: the API server is about to forget them. */
  async #markRuns(runs: Runs, containers: readonly ContainerRecord[], now: number): Promise<void> {
    const { known, store } = this.#options;
    const byImage = Map.groupBy(containers, ({ image }) => imageText(image));
    const due = [...runs.values()].flatMap(({ image, running, lastRunAt }) => {
      const facts = known.get(image);
      if (facts === undefined) return [];
      const ranMs = unnotedRun(facts, byImage.get(imageText(image)) ?? [], now);
      const isDue = lastRunAt - (facts.lastRunAt ?? 0) >= markMs || (!running && ranMs > 0);
      return isDue ? [{ image, ranMs }] : [];
    });
    if (due.length > 0) await store.markRun(due, now);
  }

  async #collect(runs: Runs, now: number): Promise<void> {
    const { known, object, settings } = this.#options;
    const { profileIdleMs, profileTags, profileBytes } = settings().retention;
    const candidates = Array.from(known.all(), (profile) => {
      const run = runs.get(imageText(profile.image));
      const { bytes = 0, keep = false } = object(profile.image) ?? {};
      const lastRunAt = Math.max(run?.lastRunAt ?? 0, profile.lastRunAt ?? profile.lastSnapshotAt);
      return { image: profile.image, running: run?.running ?? false, keep, bytes, lastRunAt };
    });
    const limits = { idleMs: profileIdleMs, tags: profileTags, bytes: profileBytes };
    for (const one of garbage(candidates, limits, now)) await this.#archive(one, now);
  }

  async #archive({ image, why }: Garbage, now: number): Promise<void> {
    const { store, announce, metrics, log } = this.#options;
    const record = await store.profile(image);
    if (record?.publishedUid === undefined || !(await store.archive(image, 'collected', now))) return;
    metrics.archived.inc({ reason: why });
    log.info({ profile: record.name, why }, 'profile went into the archive');
    announce(profileArchived(record, record.publishedUid, reasons[why]));
  }

  async #trim(containers: readonly ContainerRecord[], now: number): Promise<void> {
    const { known, store, settings, metrics, log } = this.#options;
    if (this.#trimmedAt !== undefined && Math.abs(now - this.#trimmedAt) < trimMs) return;
    const { archiveAgeMs, archiveBytes } = settings().retention;
    const dropped = await store.trimArchive({ bytes: archiveBytes, before: now - archiveAgeMs });
    const fallen = await store.trimQuarantine({
      now,
      before: now - unlearnedMarksMs,
      running: unlearned(containers, known),
    });
    this.#trimmedAt = now;
    metrics.archiveDropped.inc(dropped);
    if (dropped > 0) log.info({ dropped }, 'oldest profiles dropped from the archive');
    if (fallen > 0) log.info({ fallen }, 'quarantine marks dropped of images that neither run nor are known any more');
  }
}

/** Images without a profile, each once with every namespace that has containers of it. */
function unlearned(
  containers: readonly ContainerRecord[],
  known: Pick<KnownProfiles, 'get'>,
): QuarantineRetention['running'] {
  const running = containers.map(({ image, pod: { namespace } }) => ({ image, namespace }));
  const each = new Map(running.map((one) => [`${one.namespace} ${imageText(one.image)}`, one]));
  return [...each.values()].filter(({ image }) => known.get(image) === undefined);
}

const reasons: Readonly<Record<Garbage['why'], string>> = {
  idle: 'Its image has not been running for long',
  tags: 'Its image has profiles of too many tags, and this one ran least recently',
  bytes: 'All profiles together are too large, and this one ran least recently',
};
