/** A profile by whatever a person calls it: a file, an object in the cluster, or an image. */
import { findProfile } from '../cluster/profiles.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import type { ClusterOptions } from '../options.ts';
import { called, readDocument } from './document.ts';
import { parseProfile, type ProfileDocument } from './profile-document.ts';

/** What cannot be a name in the cluster, or ends as files do. */
const looksLikeFile = /^(?:-$|\.|\/)|\.(?:json|ya?ml|zst)$/i;

export function isFile(source: string, { exists }: Context): boolean {
  return looksLikeFile.test(source) || exists(source);
}

/** Only what is no file needs a cluster. @throws Failure, KubeError */
export async function readProfile(source: string, options: ClusterOptions, context: Context): Promise<ProfileDocument> {
  if (isFile(source, context)) {
    return parseProfile(await readDocument(source, context), called(source));
  }
  try {
    const object = await findProfile(context.connect(options), source);
    return parseProfile(object, `SecurityProfile ${object.metadata.name}`);
  } catch (error) {
    if (!(error instanceof Failure) && error instanceof Error && error.message.includes('kubeconfig')) {
      throw new Failure(`there is no file ${source}, and no cluster to look for it: ${error.message}`, {
        cause: error,
      });
    }
    throw error;
  }
}
