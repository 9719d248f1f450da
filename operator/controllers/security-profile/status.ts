import { isDeepStrictEqual } from 'node:util';
import type { SecurityProfileStatus } from '../../../crds/security-profile.ts';
import type { ProfileDependencies } from './dependencies.ts';
import type { StatusTime } from './desired.ts';
import type { ProfileObject } from './profile-object.ts';

/** Brings the status of an object to what `desired` makes of it. @returns whether it was something else */
export async function updateStatus(
  object: Pick<ProfileObject, 'name' | 'generation' | 'status'>,
  desired: (at: StatusTime) => SecurityProfileStatus,
  { api, clock, bucket }: Pick<ProfileDependencies, 'api' | 'clock' | 'bucket'>,
): Promise<boolean> {
  const status = desired({ now: clock.now(), generation: object.generation });
  if (isDeepStrictEqual(object.status, status)) return false;
  // States change seldom, and nobody shall wait to see them; the specs wait instead.
  bucket.spend(Buffer.byteLength(JSON.stringify(status)));
  await api.applyStatus(object.name, status);
  return true;
}
