/**
 * What is known of every image, at hand without asking the store: scheduling looks at it for each container of each plan.
 * The store stays the authority; this follows every write that goes through the store that `follow` returns.
 */
import { imageText, type Image } from '../../core/image.ts';
import type { ProfileRecord, Store } from '../store/store.ts';

/** Three numbers and a word of each profile: 10,000 images are 3 MB. */
export type ProfileFacts = Pick<ProfileRecord, 'state' | 'snapshots' | 'containers'>;

const pageSize = 500;

export class KnownProfiles {
  readonly #facts = new Map<string, ProfileFacts>();
  readonly #onChange: (image: Image, affectsSlots: boolean) => void;

  /** @param onChange `affectsSlots`: the profile became stable, or is learned anew, so that its containers mean something else */
  constructor(onChange: (image: Image, affectsSlots: boolean) => void) {
    this.#onChange = onChange;
  }

  get(image: Image): ProfileFacts | undefined {
    return this.#facts.get(imageText(image));
  }

  /** Takes in what the store holds; to be called before anything else writes. */
  async load(store: Pick<Store, 'profiles'>): Promise<void> {
    let after: Image | undefined;
    do {
      const page = await store.profiles({ limit: pageSize, ...(after !== undefined && { after }) });
      for (const profile of page) this.#facts.set(imageText(profile.image), factsOf(profile));
      after = page.length < pageSize ? undefined : page.at(-1)?.image;
    } while (after !== undefined);
  }

  /** The same store, with every change of a profile seen on its way. */
  follow(store: Store): Store {
    return {
      ...store,
      commitSnapshot: async (commit) => {
        const result = await store.commitSnapshot(commit);
        if (result === 'stored') this.#set(commit.profile.image, factsOf(commit.profile));
        return result;
      },
      seal: async (image, version, at) => {
        const sealed = await store.seal(image, version, at);
        const facts = this.get(image);
        if (sealed && facts !== undefined) this.#set(image, { ...facts, state: 'stable' });
        return sealed;
      },
      forget: async (image) => {
        const forgotten = await store.forget(image);
        if (forgotten) this.#set(image, undefined);
        return forgotten;
      },
    };
  }

  #set(image: Image, facts: ProfileFacts | undefined): void {
    const key = imageText(image);
    const before = this.#facts.get(key)?.state;
    if (facts === undefined) this.#facts.delete(key);
    else this.#facts.set(key, facts);
    this.#onChange(image, (before === 'stable') !== (facts?.state === 'stable'));
  }
}

function factsOf({ state, snapshots, containers }: ProfileRecord): ProfileFacts {
  return { state, snapshots, containers };
}
