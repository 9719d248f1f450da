/** Notices other builds under the tags of finished profiles, and gives up profiles that those who taught them have left. */
import type { Logger } from 'pino';
import { imageText, type Image } from '../../core/image.ts';
import { EvidenceFormatError } from '../../core/profile/decode-evidence.ts';
import { entryOf } from '../controllers/security-profile/actions.ts';
import { newBuildRelearned, relearningHeld } from '../controllers/security-profile/events.ts';
import type { ProfileMetrics } from '../controllers/security-profile/metrics.ts';
import type { ObjectEvent } from '../kube/event-recorder.ts';
import type { Settings } from '../settings.ts';
import type { Store } from '../store/store.ts';
import { unpackEvidence } from './evidence-bytes.ts';
import type { BuildRuns, ImageRuns } from './image-runs.ts';
import type { KnownProfiles, ProfileFacts } from './known-profiles.ts';
import { digestsOfBuilds, newBuilds, type OtherBuilds } from './new-digests.ts';
import {
  began,
  type Held,
  type Relearning,
  relearning,
  type Teachers,
  teachersOf,
  wantsRelearning,
} from './relearning.ts';

export interface BuildWatchOptions {
  readonly known: Pick<KnownProfiles, 'all'>;
  /** As {@link KnownProfiles.follow} gives it, so that what is known follows. */
  readonly store: Pick<Store, 'profile' | 'evidence' | 'archive' | 'restarts'>;
  readonly settings: () => Settings;
  /** What runs under the tag of a finished profile, or what follows from it, is another than before. */
  readonly onNewDigests: (image: Image) => void;
  readonly announce: (event: ObjectEvent) => void;
  readonly metrics: Pick<ProfileMetrics, 'newBuilds' | 'relearningHeld'>;
  readonly log: Logger;
}

/** Of the profile that was sealed then: reading its evidence takes a while, and it does not change. */
interface Taught {
  readonly sealedAt: number | undefined;
  readonly by: Teachers;
}

interface Found {
  readonly builds: readonly BuildRuns[];
  readonly held?: Held;
  readonly taught?: Taught;
}

interface Seen {
  readonly run: ImageRuns;
  readonly builds: readonly BuildRuns[];
  /** What was found when somebody looked last. */
  readonly earlier: Found | undefined;
}

export class BuildWatch {
  readonly #options: BuildWatchOptions;
  /** By image; together at most as many builds as there are containers, some 200 bytes each. */
  #found = new Map<string, Found>();

  constructor(options: BuildWatchOptions) {
    this.#options = options;
  }

  /** What is unusual of these builds says nothing. */
  of(image: Image): OtherBuilds {
    const { builds = [], held } = this.#found.get(imageText(image)) ?? {};
    return { digests: digestsOfBuilds(builds), ...(held !== undefined && { held }) };
  }

  async look(runs: ReadonlyMap<string, ImageRuns>, now: number): Promise<void> {
    const before = this.#found;
    const after = new Map<string, Found>();
    const changed: Image[] = [];
    // What is known changes with every profile that is given up.
    const profiles = [...this.#options.known.all()];
    for (const profile of profiles) {
      const key = imageText(profile.image);
      const run = runs.get(key);
      const earlier = before.get(key);
      const builds = newBuilds(profile, run, earlier?.builds ?? []);
      const found =
        run === undefined || builds.length === 0
          ? undefined
          : await this.#judge(profile, { run, builds, earlier }, now);
      if (found !== undefined) after.set(key, found);
      if (textOf(found) !== textOf(earlier)) changed.push(profile.image);
    }
    this.#found = after;
    for (const image of changed) this.#options.onNewDigests(image);
  }

  /** Undefined if the profile was given up. */
  async #judge(profile: ProfileFacts, seen: Seen, now: number): Promise<Found | undefined> {
    const { builds } = seen;
    const { image } = profile;
    const isWanted = wantsRelearning(this.#options.settings().learning.onNewDigest, image.tag);
    if (!isWanted || began({ profile, builds }).length === 0) return { builds };
    const taught = await this.#taught(profile, seen.earlier);
    const restarts = await this.#options.store.restarts(image);
    const decided = relearning({ profile, teachers: taught.by, runs: seen.run, builds, restarts }, now);
    if (decided.kind === 'now') return (await this.#relearn(profile, decided, now)) ? undefined : { builds, taught };
    if (decided.kind === 'none') return { builds, taught };
    const { held } = decided;
    if (held.why !== seen.earlier?.held?.why) await this.#tell(image, held);
    return { builds, taught, held };
  }

  async #taught({ image, sealedAt }: ProfileFacts, earlier: Found | undefined): Promise<Taught> {
    const known = earlier?.taught;
    return known !== undefined && known.sealedAt === sealedAt ? known : { sealedAt, by: await this.#teachers(image) };
  }

  async #teachers(image: Image): Promise<Teachers> {
    const { store, log } = this.#options;
    const read = await store.evidence(image);
    if (read === undefined) return new Map();
    try {
      return teachersOf((await unpackEvidence(read.evidence)).evidence);
    } catch (error) {
      if (!(error instanceof EvidenceFormatError)) throw error;
      const { name } = read.profile;
      log.warn({ err: error, profile: name }, 'nobody knows who taught a profile: it is not relearned by itself');
      return new Map();
    }
  }

  async #tell(image: Image, held: Held): Promise<void> {
    const { store, announce, metrics, log } = this.#options;
    if (held.why === 'rollout') return;
    metrics.relearningHeld.inc({ reason: held.why });
    const record = await store.profile(image);
    if (record === undefined) return;
    log.info({ profile: record.name, held }, 'another build runs under the tag: the profile stays');
    announce(relearningHeld(record, record.publishedUid, held));
  }

  /** False if the profile is not published yet: its object has to go with it; or if somebody began anew meanwhile. */
  async #relearn(
    { image, sealedAt }: ProfileFacts,
    { digests, restarts }: Extract<Relearning, { kind: 'now' }>,
    at: number,
  ): Promise<boolean> {
    const { store, announce, metrics, log } = this.#options;
    const record = await store.profile(image);
    if (record?.publishedUid === undefined || record.sealedAt !== sealedAt) return false;
    const object = { uid: record.publishedUid, name: record.name, image };
    const note = `another build runs: ${digests[0] ?? ''}`.slice(0, 200);
    const audit = entryOf('new-digest', { object, actor: 'operator', at, note });
    if (!(await store.archive(image, 'relearned', at, { audit, restarts }))) return false;
    metrics.newBuilds.inc();
    log.info({ profile: record.name, digests, restarts }, 'another build runs under the tag: learning begins anew');
    announce(newBuildRelearned(record, record.publishedUid, digests));
    return true;
  }
}

function textOf(found: Found | undefined): string {
  const digests = digestsOfBuilds(found?.builds ?? []).map(({ digest, since }) => `${digest} ${since}`);
  return JSON.stringify([digests, found?.held ?? null]);
}
