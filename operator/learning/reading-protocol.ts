/** What the main thread and the thread that reads whole profiles say to each other. */
import type { Image } from '../../core/image.ts';
import type { Publication } from '../../core/profile/publication.ts';
import type { PublishOptions } from '../../core/profile/publish.ts';
import type { QuarantineMark } from '../../core/profile/quarantine.ts';
import type { ProfileModel, UnknownAnswer, UnknownQuestion } from '../server/ports.ts';
import type { Store } from '../store/store.ts';
import type { Compiled, NotCompiled } from './compile-stored.ts';
import type { Compiling } from './compiled-profiles.ts';
import type { Checked } from './unknown.ts';

interface Readable extends Pick<
  Store,
  'profile' | 'evidence' | 'snapshotCounts' | 'snapshots' | 'quarantined' | 'lostPeriods'
> {
  /** The image whose object has this name. */
  imageNamed(name: string): Promise<Image | undefined>;
  /** IDs of the containers of this image in a pod, also of those that ended within the last hour. */
  podContainers(image: Image, pod: NonNullable<UnknownQuestion['pod']>): Promise<readonly string[]>;
}

export type ReadMethod = keyof Readable;
export type ReadResult<M extends ReadMethod> = Awaited<ReturnType<Readable[M]>>;

/** All that the thread gets to know; it has no connection to the store of its own. */
export type Reads = { readonly [M in ReadMethod]: (...args: Parameters<Readable[M]>) => Promise<ReadResult<M>> };

export type ReadRequest<M extends ReadMethod = ReadMethod> = {
  readonly [K in M]: {
    readonly type: 'read';
    readonly id: number;
    readonly method: K;
    readonly args: Parameters<Reads[K]>;
  };
}[M];

export type Asking =
  | { readonly what: 'unknown'; readonly question: UnknownQuestion }
  /** `at`: milliseconds since the epoch. */
  | { readonly what: 'model'; readonly name: string; readonly at: number }
  | { readonly what: 'compile'; readonly evidence: Uint8Array; readonly quarantine: readonly QuarantineMark[] }
  | { readonly what: 'publish'; readonly evidence: Uint8Array; readonly facts: PublishOptions };

export interface Published {
  readonly kind: 'published';
  readonly publication: Publication;
}

export type Answer = UnknownAnswer | ProfileModel | Compiled | NotCompiled | Published;

export type ToThread =
  | { readonly type: 'ask'; readonly id: number; readonly asking: Asking }
  | { readonly type: 'value'; readonly id: number; readonly value: unknown };

export type FromThread =
  | ReadRequest
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer }
  /** There was no memory for it. */
  | { readonly type: 'refused'; readonly id: number; readonly reason: string; readonly isFinal: boolean }
  | { readonly type: 'compiled'; readonly how: Compiling }
  | { readonly type: 'checked'; readonly facts: Checked };

/** Given to the thread at its start. */
export interface ThreadOptions {
  /** Of compiled profiles. */
  readonly secret: Uint8Array;
  /** Of memory that the whole process may have; if absent, what its cgroup says. */
  readonly limitBytes?: number;
}
