/** An object as people keep it in Git or bring it to another cluster: without what its own API server wrote. */
import { z } from 'zod';
import { profileAnnotations } from '../../../crds/annotations.ts';
import { securityProfiles } from '../../controllers/resources.ts';
import type { ProfileObject } from './profiles.ts';

/** These say who wrote the object how, or what to do with it once: nothing that holds elsewhere. */
const passing = new Set<string>(['kubectl.kubernetes.io/last-applied-configuration', profileAnnotations.action]);

const metadataSchema = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});

export function cleanManifest(object: ProfileObject, withStatus: boolean): Record<string, unknown> {
  const { name, labels, annotations } = metadataSchema.parse(object.metadata);
  const kept = Object.fromEntries(Object.entries(annotations).filter(([key]) => !passing.has(key)));
  return {
    apiVersion: `${securityProfiles.group}/${securityProfiles.version}`,
    kind: securityProfiles.kind,
    metadata: {
      name,
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(Object.keys(kept).length > 0 && { annotations: kept }),
    },
    spec: object['spec'],
    ...(withStatus && object['status'] !== undefined && { status: object['status'] }),
  };
}
