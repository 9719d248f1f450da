/** Asks the operator about the profile that somebody names: by the name of the object, or by the image. */
import type { z } from 'zod';
import { type OperatorApi, Refusal } from './operator.ts';
import { candidateNames } from './profiles.ts';

/** The operator has no profile that `name` may mean. */
export class NoSuchProfile extends Error {}

/**
 * @param name of the object, or an image reference such as `nginx:1.27`
 * @param rest of the path, with the query
 * @throws NoSuchProfile, and what `ask` throws
 */
export async function askAbout<Answer>(
  ask: OperatorApi,
  { name, rest }: { readonly name: string; readonly rest: string },
  schema: z.ZodType<Answer>,
): Promise<Answer> {
  let missing: Refusal | undefined;
  for (const candidate of candidateNames(name)) {
    try {
      return await ask(`/api/v1/profiles/${candidate}${rest}`, schema);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'no-profile') throw error;
      missing = error;
    }
  }
  throw new NoSuchProfile(`the operator has no profile ${name}`, { cause: missing });
}
