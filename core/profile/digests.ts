/** Which builds of an image taught its profile. */
import { byText, type Evidence } from './evidence.ts';
import { publicationLimits } from './publication.ts';

/** Digests of the containers that were profiled, sorted; those that no pod's status ever showed are not among them. */
export function digestsOf(evidence: Pick<Evidence, 'containers'>): readonly string[] {
  return [...new Set(evidence.containers.map(({ digest }) => digest))]
    .filter((digest) => digest !== '')
    .sort(byText)
    .slice(0, publicationLimits.digests);
}
