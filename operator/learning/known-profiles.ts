/**
 * What is known of every image, at hand without asking the store: scheduling looks at it for each container of each plan.
 * The store stays the authority; this follows every write that goes through the store that `follow` returns.
 */
import { imageText, type Image } from '../../core/image.ts';
import { objectName } from '../../core/profile/object-name.ts';
import type { ProfileRecord, Store } from '../store/store.ts';

/** With one digest 800 bytes of each profile: 10,000 images are 8 MB. */
export type ProfileFacts = Pick<
  ProfileRecord,
  | 'image'
  | 'state'
  | 'snapshots'
  | 'containers'
  | 'firstSnapshotAt'
  | 'lastSnapshotAt'
  | 'sealedAt'
  | 'digests'
  | 'lastRunAt'
  | 'watchedMs'
  | 'watchedFrom'
  | 'ranMs'
  | 'compiled'
>;

const pageSize = 500;

export class KnownProfiles {
  readonly #facts = new Map<string, ProfileFacts>();
  /** By the name of the object: 100 bytes of each. */
  readonly #images = new Map<string, Image>();
  readonly #onChange: (image: Image, affectsNodes: boolean) => void;

  /** @param onChange `affectsNodes`: the profile became stable, is learned anew, or has another compiled form, so that the nodes of its containers are told something else */
  constructor(onChange: (image: Image, affectsNodes: boolean) => void) {
    this.#onChange = onChange;
  }

  get(image: Image): ProfileFacts | undefined {
    return this.#facts.get(imageText(image));
  }

  /** The image whose object has this name. */
  named(name: string): Image | undefined {
    return this.#images.get(name);
  }

  all(): Iterable<ProfileFacts> {
    return this.#facts.values();
  }

  /** Takes in what the store holds; to be called before anything else writes. */
  async load(store: Pick<Store, 'profiles'>): Promise<void> {
    let after: Image | undefined;
    do {
      const page = await store.profiles({ limit: pageSize, ...(after !== undefined && { after }) });
      for (const profile of page) this.#put(profile.image, factsOf(profile));
      after = page.length < pageSize ? undefined : page.at(-1)?.image;
    } while (after !== undefined);
  }

  /** The same store, with every change of a profile seen on its way. */
  follow(store: Store): Store {
    return {
      ...store,
      commitSnapshot: async (commit) => {
        const result = await store.commitSnapshot(commit);
        if (result === 'stored') {
          const { lastRunAt: _at, ranMs: _ms, ...facts } = factsOf(commit.profile);
          this.#set(facts.image, { ...facts, ...runOf(this.get(facts.image)) });
        }
        return result;
      },
      seal: async (image, version, at) => {
        const sealed = await store.seal(image, version, at);
        const facts = this.get(image);
        if (sealed && facts !== undefined) this.#set(image, { ...facts, state: 'stable', sealedAt: at });
        return sealed;
      },
      keepCompiled: async (image, version, compiled) => {
        const kept = await store.keepCompiled(image, version, compiled);
        const facts = this.get(image);
        if (kept && facts !== undefined) this.#set(image, { ...facts, compiled });
        return kept;
      },
      forget: async (image, audit) => {
        const forgotten = await store.forget(image, audit);
        if (forgotten) this.#set(image, undefined);
        return forgotten;
      },
      archive: async (image, reason, at, options) => {
        const archived = await store.archive(image, reason, at, options);
        if (archived) this.#set(image, undefined);
        return archived;
      },
      restore: async (image, at) => {
        const restored = await store.restore(image, at);
        if (restored !== undefined) this.#set(image, factsOf(restored));
        return restored;
      },
      markRun: async (runs, at) => {
        await store.markRun(runs, at);
        for (const { image, ranMs } of runs) {
          const facts = this.get(image);
          if (facts === undefined) continue;
          this.#facts.set(imageText(image), { ...facts, lastRunAt: at, ranMs: (facts.ranMs ?? 0) + ranMs });
        }
      },
      quarantine: async (image, mark, namespace) => {
        const result = await store.quarantine(image, mark, namespace);
        if (result !== 'known') this.#contentChanged(image);
        return result;
      },
      release: async (image, audit) => {
        const released = await store.release(image, audit);
        if (released > 0) this.#contentChanged(image);
        return released;
      },
    };
  }

  /** What was compiled holds no longer. */
  #contentChanged(image: Image): void {
    const { compiled: _, ...facts } = this.get(image) ?? {};
    if ('image' in facts) this.#set(image, facts);
    else this.#onChange(image, false);
  }

  #set(image: Image, facts: ProfileFacts | undefined): void {
    const before = this.get(image);
    if (facts === undefined) this.#remove(image);
    else this.#put(image, facts);
    const isGone = before !== undefined && facts === undefined;
    const isOther = before?.compiled?.digest !== facts?.compiled?.digest;
    this.#onChange(image, isGone || isOther || (before?.state === 'stable') !== (facts?.state === 'stable'));
  }

  #put(image: Image, facts: ProfileFacts): void {
    const key = imageText(image);
    if (!this.#facts.has(key)) this.#images.set(objectName(image), image);
    this.#facts.set(key, facts);
  }

  #remove(image: Image): void {
    this.#facts.delete(imageText(image));
    this.#images.delete(objectName(image));
  }
}

/** And nothing else of it: this is kept for every image. */
function factsOf(record: ProfileRecord): ProfileFacts {
  const { image, state, snapshots, containers, firstSnapshotAt, lastSnapshotAt } = record;
  const { sealedAt, digests, watchedMs, watchedFrom, compiled } = record;
  return {
    image,
    state,
    snapshots,
    containers,
    firstSnapshotAt,
    lastSnapshotAt,
    digests,
    ...(sealedAt !== undefined && { sealedAt }),
    ...(watchedMs !== undefined && { watchedMs }),
    ...(watchedFrom !== undefined && { watchedFrom }),
    ...(compiled !== undefined && { compiled }),
    ...runOf(record),
  };
}

/** What commits leave as it is. */
function runOf(facts: Pick<ProfileRecord, 'lastRunAt' | 'ranMs'> = {}): Pick<ProfileRecord, 'lastRunAt' | 'ranMs'> {
  const { lastRunAt, ranMs } = facts;
  return { ...(lastRunAt !== undefined && { lastRunAt }), ...(ranMs !== undefined && { ranMs }) };
}
