import type { SecurityProfileStatus } from '../../crds/security-profile.ts';
import type { ProfileRecord } from '../store/store.ts';

/** How the form that agents hold is told of, in objects and by the API; nothing of a profile that has none. */
export function compiledField({ compiled }: Pick<ProfileRecord, 'compiled'>): Pick<SecurityProfileStatus, 'compiled'> {
  if (compiled === undefined) return {};
  const { digest, bytes, fingerprints, omitted } = compiled;
  const isWhole = Object.values(omitted).every((count) => count === 0);
  return { compiled: { digest, bytes, fingerprints, ...(!isWhole && { omitted }) } };
}
