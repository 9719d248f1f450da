/** SecurityProfile objects, read with the user's own rights. */
import { z } from 'zod';
import { parseImage } from '../../../core/image.ts';
import { objectName } from '../../../core/profile/object-name.ts';
import { securityProfiles } from '../../controllers/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { NotFoundError } from '../../kube/errors.ts';
import { findObject, parseAnswer } from '../../kube/objects.ts';
import { collectionPath } from '../../kube/resource.ts';
import { Failure } from '../failure.ts';

/** Objects have up to 192 KiB: 10 MB a page. */
const pageSize = 50;

const objectSchema = z.looseObject({ metadata: z.looseObject({ name: z.string() }) });
export type ProfileObject = z.infer<typeof objectSchema>;

const pageSchema = z.object({
  metadata: z.object({ continue: z.string().default('') }).default({ continue: '' }),
  items: z.array(objectSchema),
});

/** All objects, a page in memory at a time. @throws KubeError */
export async function* listProfiles(client: KubeClient, labelSelector?: string): AsyncGenerator<ProfileObject> {
  const path = collectionPath(securityProfiles);
  let next: string | undefined;
  do {
    const query = { limit: pageSize, labelSelector, continue: next };
    const answer = parseAnswer(await client.request({ method: 'GET', path, query }), pageSchema, `GET ${path}`);
    // Items of a list carry no type of their own.
    yield* answer.items.map((item) => ({ apiVersion, kind, ...item }));
    next = answer.metadata.continue === '' ? undefined : answer.metadata.continue;
  } while (next !== undefined);
}

const apiVersion = `${securityProfiles.group}/${securityProfiles.version}`;
const { kind } = securityProfiles;

/** A name that the API server could know: anything else is not asked for. */
const namePattern = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;

/** Names of the object that `name` may mean: its own, or that of the profile of an image. */
export function candidateNames(name: string): string[] {
  const image = parseImage(name);
  const own = name.length <= 253 && namePattern.test(name) ? [name] : [];
  return [...own, ...(image.ok ? [objectName(image.image)] : [])];
}

/**
 * @param name of the object, or an image reference such as `nginx:1.27`
 * @throws Failure if there is none; KubeError
 */
export async function findProfile(client: KubeClient, name: string): Promise<ProfileObject> {
  const candidates = candidateNames(name);
  for (const candidate of candidates) {
    const found = await findObject(client, securityProfiles, { name: candidate }, objectSchema);
    if (found !== undefined) return found;
  }
  await requireKind(client);
  const image = candidates.length > 0 ? 'no profile has this name or this image' : 'this is no name and no image';
  throw new Failure(`there is no profile ${name}: ${image}`, { hint: 'kubectl wsp profiles lists what there is' });
}

const discoverySchema = z.object({ resources: z.array(z.object({ name: z.string() })) });

/** Tells a missing object from a cluster that does not know the kind. Everybody may ask for kinds. */
async function requireKind(client: KubeClient): Promise<void> {
  const path = `/apis/${apiVersion}`;
  try {
    const { resources } = parseAnswer(await client.request({ method: 'GET', path }), discoverySchema, `GET ${path}`);
    if (resources.some(({ name }) => name === securityProfiles.plural)) return;
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
  throw notInstalled();
}

export function notInstalled(cause?: unknown): Failure {
  const hint = 'is Workload Security installed, and is this the cluster you mean (kubectl config current-context)?';
  return new Failure('the cluster knows no SecurityProfiles', { hint, cause });
}
